import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from '../model/naming.ts';
import { isDue, nextToRead, type Reads } from './progress.ts';

const gateway = objectKey({ namespace: 'infra', name: 'shared' });
const group = (namespace: string, index: number) => ({
  arn: `${namespace}-${index}`,
  id: resourceId('target-group', 'internal', `${namespace}/web-${index}`, 80, '4f2a91c0'),
});

test("60 groups that never become healthy do not keep another tenant's from being looked at", () => {
  const busy = Array.from({ length: 60 }, (_, index) => group('busy', index));
  const groups = [...busy, group('quiet', 0)];
  const read = new Map<string, { readonly last: number }>();
  for (let round = 1; round <= 5; round += 1) {
    const due = nextToRead(gateway, groups, read);
    expect(due).toHaveLength(15);
    expect(due).toContain('quiet-0');
    for (const arn of due) read.set(arn, { last: round });
  }
  // The busy namespace's own groups are all read, too.
  expect(busy.filter(({ arn }) => !read.has(arn))).toEqual([]);
});

test("an NLB's targets that take five minutes to register cost 40 reads, and are seen 15 seconds late at most", () => {
  let reads: Reads | undefined;
  const pauses: number[] = [];
  for (let now = 0; now <= 300_000; now += 3000) {
    if (!isDue(reads, now)) continue;
    pauses.push(now - (reads?.last ?? 0));
    reads = { first: reads?.first ?? now, last: now };
  }
  expect(pauses.slice(0, 5)).toEqual([0, 3000, 3000, 3000, 3000]);
  expect(pauses.length).toBeLessThanOrEqual(40);
  expect(isDue({ first: 0, last: 285_000 }, 300_000)).toBe(true);
});
