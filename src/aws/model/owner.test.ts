import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from './naming.ts';
import { gatewayOwner, namespaceOf, ownerName, ownerNamespace, ownerTag, sharedOwner } from './owner.ts';

const gateway = objectKey({ namespace: 'infra', name: 'shared' });
const of = (...parts: readonly (string | number)[]) => namespaceOf(resourceId(...parts), gatewayOwner(gateway));

test("a rule, a target group and a certificate are of the tenant's namespace, and all else of the Gateway's", () => {
  expect(of('rule', 'internal', 80, 'shop/web', 0, 0)).toBe('shop');
  expect(of('target-group', 'internal', 'shop/web', 80, '4f2a91c0')).toBe('shop');
  expect(of('certificate', 'shop/tls')).toBe('shop');
  expect(of('rule', 'internal', 443, 'isolate', '4f2a91c0', 0)).toBe('infra');
  expect(of('target-group', 'internal', 'empty')).toBe('infra');
  expect(of('load-balancer', 'internal')).toBe('infra');
  expect(of('listener', 'internal', 443)).toBe('infra');
});

test('an orphan that is known only by its tag has the tag and the namespace that its Gateway had', () => {
  const orphan = { kind: 'tag', value: 'infra/shared' } as const;
  expect([ownerTag(orphan), ownerNamespace(orphan), ownerName(orphan)]).toEqual([
    ownerTag(gatewayOwner(gateway)),
    'infra',
    'infra/shared',
  ]);
  const hashed = { kind: 'tag', value: `sha256:${'0'.repeat(64)}` } as const;
  expect([ownerTag(hashed), ownerNamespace(hashed)]).toEqual([hashed.value, '']);
});

test('what Gateways share has no gateway tag, and a certificate of it is of its Secret’s namespace', () => {
  expect([ownerTag(sharedOwner), ownerNamespace(sharedOwner), ownerName(sharedOwner)]).toEqual([
    undefined,
    '',
    'shared',
  ]);
  expect(namespaceOf(resourceId('certificate', 'shop/tls'), sharedOwner)).toBe('shop');
});
