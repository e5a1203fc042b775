import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import type { TargetBackend } from '../model/backends.ts';
import { resourceId } from '../model/naming.ts';
import type { ListenerResource, Model, RuleResource } from '../model/resources.ts';
import type { Binding } from '../targets/bindings.ts';
import { TargetTroubles } from '../targets/target-troubles.ts';
import { unreachable } from './unreachable.ts';

const gateway = objectKey({ namespace: 'shop', name: 'web' });
const service = objectKey({ namespace: 'shop', name: 'api' });
const backend: TargetBackend = { service, port: 80, portName: '', protocol: 'HTTP1', local: false, ipFamily: 'IPv4' };
const served = resourceId('target-group', 'internal', 'served');
const invalid = resourceId('target-group', 'internal', 'invalid-share');
const routeOf = (name: string) => ({ kind: 'HTTPRoute' as const, key: objectKey({ namespace: 'shop', name }) });

const rule = (name: string, groups: readonly (typeof served)[]): RuleResource => ({
  kind: 'rule',
  id: resourceId('rule', name),
  listener: resourceId('listener', 'internal', 80),
  spec: {
    conditions: [],
    action: { kind: 'forward', targetGroups: groups.map((targetGroup) => ({ targetGroup, weight: 1 })) },
    transforms: [],
  },
  sources: [{ route: routeOf(name), rule: 0 }],
  tags: {},
});

const model: Model = { gateway, resources: [rule('storefront', [served, invalid]), rule('other', [invalid])] };
const bindings: readonly Binding[] = [
  { gateway, arn: 'arn:served', group: { id: served, backend, spec: { targetType: 'ip' } } },
  { gateway, arn: 'arn:invalid', group: { id: invalid, spec: { targetType: 'ip' } } },
];

test('a route reports unreachable targets of its own rules, and no others', () => {
  const troubles = new TargetTroubles();
  const route = routeOf('storefront');
  const refused = { kind: 'targets-refused', service, targets: ['8.8.8.8:80'], detail: 'no' } as const;
  const before = unreachable(model, bindings, troubles);
  expect([before.problems, before.isUnknown(route), before.isUnknown(routeOf('other'))]).toEqual([[], true, false]);
  troubles.set('arn:served', 'registration', [refused]);
  const during = unreachable(model, bindings, troubles);
  expect(during.problems).toEqual([{ ...refused, route, rule: 0, field: 'backendRefs' }]);
  expect(during.isUnknown(route)).toBe(false);
  troubles.set('arn:served', 'registration', []);
  expect(unreachable(model, bindings, troubles).problems).toEqual([]);
});

test("a route of an NLB's listener reports its targets, too", () => {
  const route = { kind: 'TCPRoute' as const, key: objectKey({ namespace: 'shop', name: 'db' }) };
  const listener: ListenerResource = {
    kind: 'listener',
    id: resourceId('listener', 'nlb-internal', 5432),
    loadBalancer: resourceId('load-balancer', 'nlb-internal'),
    spec: {
      port: 5432,
      protocol: 'TCP',
      defaultAction: { kind: 'forward', targetGroups: [{ targetGroup: served, weight: 1 }] },
    },
    sources: [{ route, rule: 0 }],
    extraCertificates: [],
    tags: {},
  };
  const troubles = new TargetTroubles();
  const found = () => unreachable({ gateway, resources: [listener] }, bindings, troubles);
  expect(found().isUnknown(route)).toBe(true);
  const trouble = { kind: 'targets-not-located', service, targets: ['10.0.1.9:5432'] } as const;
  troubles.set('arn:served', 'registration', []);
  troubles.set('arn:served', 'admission', [trouble]);
  expect(found().problems).toEqual([{ ...trouble, route, rule: 0, field: 'backendRefs' }]);
});
