import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from './naming.ts';
import { namespaceOf } from './owner.ts';

const gateway = objectKey({ namespace: 'infra', name: 'shared' });
const of = (...parts: readonly (string | number)[]) => namespaceOf(resourceId(...parts), gateway);

test("a rule, a target group and a certificate are of the tenant's namespace, and all else of the Gateway's", () => {
  expect(of('rule', 'internal', 80, 'shop/web', 0, 0)).toBe('shop');
  expect(of('target-group', 'internal', 'shop/web', 80, '4f2a91c0')).toBe('shop');
  expect(of('certificate', 'shop/tls')).toBe('shop');
  expect(of('rule', 'internal', 443, 'isolate', '4f2a91c0', 0)).toBe('infra');
  expect(of('target-group', 'internal', 'empty')).toBe('infra');
  expect(of('load-balancer', 'internal')).toBe('infra');
  expect(of('listener', 'internal', 443)).toBe('infra');
});
