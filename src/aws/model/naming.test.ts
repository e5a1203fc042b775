import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { awsName, clusterPrefix, gatewayPrefix, gatewayTagValue, resourceId } from './naming.ts';

const cluster = { clusterName: 'blue', clusterUid: 'uid-1' };
const web = objectKey({ namespace: 'shop', name: 'web' });

test.each([
  ['web', 'web'],
  ['my-long-gateway-name', 'my-long-g'],
  ['12345678-9', '12345678'],
  ['Under_Score.dot', 'under-sco'],
  ['---', 'x'],
  ['a'.repeat(253), 'aaaaaaaaa'],
])('the name %s is read as %s in AWS', (name, readable) => {
  const full = awsName(gatewayPrefix(cluster, web), name, 1);
  expect(full).toMatch(new RegExp(`^gh-[a-z0-9]{12}-${readable}-[a-z0-9]{6}$`));
  expect(full.length).toBeLessThanOrEqual(32);
});

test('names of one Gateway begin alike, those of another one do not', () => {
  const prefix = gatewayPrefix(cluster, web);
  expect(awsName(prefix, 'a', 1).startsWith(prefix)).toBe(true);
  expect(prefix.startsWith(clusterPrefix(cluster))).toBe(true);
  const other = objectKey({ namespace: 'shop', name: `${'w'.repeat(252)}x` });
  expect(gatewayPrefix(cluster, other)).not.toBe(prefix);
});

test('another cluster of the same name has other names', () => {
  expect(clusterPrefix({ ...cluster, clusterUid: 'uid-2' })).not.toBe(clusterPrefix(cluster));
});

test('what AWS can not change gives another name', () => {
  expect(awsName('gh-', 'a', { port: 80 })).not.toBe(awsName('gh-', 'a', { port: 81 }));
  expect(awsName('gh-', 'a', { a: 1, b: 2 })).toBe(awsName('gh-', 'a', { b: 2, a: 1 }));
});

test('a logical id fits into a tag, and stays distinct', () => {
  const long = 'a'.repeat(253);
  const ids = [resourceId('rule', long, 'one'), resourceId('rule', long, 'two')];
  for (const id of ids) expect(id.length).toBeLessThanOrEqual(256);
  expect(new Set(ids).size).toBe(2);
  expect(resourceId('rule', 'internal', 80)).toBe('rule/internal/80');
});

test('a Gateway whose name is too long for a tag is tagged by its hash', () => {
  expect(gatewayTagValue(web)).toBe('shop/web');
  const long = objectKey({ namespace: 'n'.repeat(63), name: 'g'.repeat(253) });
  expect(gatewayTagValue(long)).toMatch(/^sha256:[0-9a-f]{64}$/);
});
