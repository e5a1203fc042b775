import { expect, test } from 'vitest';
import { resourceId } from '../model/naming.ts';
import type { OwnedResource } from '../observed.ts';
import { standingRules } from './standing-rules.ts';

const group = (name: string, ipAddressType: string): OwnedResource => ({
  kind: 'target-group',
  arn: name,
  id: resourceId('target-group/nlb-internal', name),
  tags: {},
  name,
  targetType: 'ip',
  ipAddressType,
  serves: true,
  proven: true,
});

const listener = (port: number, ...groups: readonly string[]): OwnedResource => ({
  kind: 'listener',
  arn: `listener-${port}`,
  id: resourceId('listener/nlb-internal', port),
  tags: {},
  loadBalancerArn: 'nlb',
  port,
  protocol: 'TCP',
  forwards: groups.map((arn) => ({ arn, weight: 1 })),
});

const loadBalancer: OwnedResource = {
  kind: 'load-balancer',
  arn: 'nlb',
  id: resourceId('load-balancer/nlb-internal'),
  tags: {},
  name: 'nlb',
  dnsName: 'nlb',
  subnets: [],
  state: 'active',
};

test('the IP version of a listener is that of its targets, and a group that never has any does not count', () => {
  const owned = [
    loadBalancer,
    group('empty', 'ipv4'),
    group('shop/db/5432/0', 'ipv6'),
    listener(53, 'empty', 'shop/db/5432/0'),
    listener(54, 'empty'),
  ];
  const { forwards } = standingRules(owned, 'nlb-internal');
  expect([...forwards.values()].map(({ family }) => family)).toEqual(['IPv6', undefined]);
});
