import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from '../model/naming.ts';
import type { LoadBalancerResource, TargetType } from '../model/resources.ts';
import { sentence } from '../words.ts';
import type { Binding } from './bindings.ts';
import { crowding, targetsNearQuota } from './network-room.ts';

const gateway = objectKey({ namespace: 'shop', name: 'web' });

const nlb = (crossZone: boolean): LoadBalancerResource => ({
  kind: 'load-balancer',
  id: resourceId('load-balancer', 'nlb-internal'),
  spec: {
    name: 'gh-web-nlb',
    type: 'network',
    scheme: 'internal',
    ipAddressType: 'ipv4',
    subnets: ['subnet-1', 'subnet-2', 'subnet-3'],
    securityGroups: [],
  },
  attributes: { 'load_balancing.cross_zone.enabled': String(crossZone) },
  tags: {},
});

const group = (name: string, targetType: TargetType = 'ip', lb = 'nlb-internal'): Binding => ({
  gateway,
  arn: name,
  group: { id: resourceId('target-group', lb, 'shop', name), spec: { targetType } },
});

/** A membership where each group has this number of targets. */
const having = (counts: Readonly<Record<string, number>>) => ({
  members: (arn: string) =>
    Array.from({ length: counts[arn] ?? 0 }, (_, index) => ({ id: `10.0.0.${index}`, port: 1 })),
});

const bindings = [group('db'), group('dns'), group('alb', 'alb'), group('web', 'ip', 'internal')];
const nearQuota = (crossZone: boolean, counts: Readonly<Record<string, number>>) =>
  targetsNearQuota({ gateway, resources: [nlb(crossZone)] }, bindings, having(counts));

test('with cross-zone load balancing 500 targets are the limit, and an ALB counts as 100 of them', () => {
  expect(nearQuota(true, { db: 250, dns: 149 })).toEqual([]);
  expect(nearQuota(true, { db: 250, dns: 157 })).toMatchObject([{ targets: 400, limit: 500 }]);
  expect(nearQuota(true, { db: 250, dns: 57, alb: 1 })).toMatchObject([{ targets: 400, limit: 500 }]);
  expect(nearQuota(true, { web: 900 })).toEqual([]);
});

test('without it each zone has 500, and an ALB counts as 50', () => {
  expect(nearQuota(false, { db: 1000, dns: 149, alb: 1 })).toEqual([]);
  expect(nearQuota(false, { db: 1000, dns: 150, alb: 1 })).toMatchObject([{ targets: 1200, limit: 1500 }]);
});

test('the words name the load balancer, its count and the limit', () => {
  expect(nearQuota(true, { db: 431 }).map(sentence)).toEqual([
    'Load balancer gh-web-nlb has 430 targets. By default AWS allows 500, and refuses further targets. Raise the quota of targets, or use another Gateway.',
  ]);
});

test("a Gateway's pass is due when a count that it speaks of changes, and never for an ALB's targets", () => {
  expect(
    [{ db: 399 }, { db: 401 }, { db: 409 }, { db: 410 }, { web: 900 }].map((counts) =>
      crowding(bindings, having(counts)),
    ),
  ).toEqual([0, 400, 400, 410, 0]);
});
