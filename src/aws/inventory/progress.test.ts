import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from '../model/naming.ts';
import { nextToRead } from './progress.ts';

const gateway = objectKey({ namespace: 'infra', name: 'shared' });
const group = (namespace: string, index: number) => ({
  arn: `${namespace}-${index}`,
  id: resourceId('target-group', 'internal', `${namespace}/web-${index}`, 80, '4f2a91c0'),
});

test("60 groups that never become healthy do not keep another tenant's from being looked at", () => {
  const busy = Array.from({ length: 60 }, (_, index) => group('busy', index));
  const groups = [...busy, group('quiet', 0)];
  const read = new Map<string, number>();
  for (let round = 1; round <= 5; round += 1) {
    const due = nextToRead(gateway, groups, read);
    expect(due).toHaveLength(15);
    expect(due).toContain('quiet-0');
    for (const arn of due) read.set(arn, round);
  }
  // Nor is one of its own left out.
  expect(busy.filter(({ arn }) => !read.has(arn))).toEqual([]);
});
