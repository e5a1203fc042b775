import { expect, test } from 'vitest';
import { resourceId } from '../model/naming.ts';
import { type OwnedListener, type OwnedResource, TAG } from '../observed.ts';
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

const listener = (port: number, ...groups: readonly string[]): OwnedListener => ({
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
  const { forwards } = standingRules(owned, 'nlb-internal', 0);
  expect([...forwards.values()].map(({ family }) => family)).toEqual(['IPv6', undefined]);
});

test('the time for which a listener of TCP and UDP stays as it is runs from the time in its tag, also after a restart', () => {
  const both = { ...listener(53, 'shop/dns/53/0'), protocol: 'TCP_UDP', tags: { [TAG.apart]: '1000' } };
  const owned = (each: OwnedListener) => [loadBalancer, group('shop/dns/53/0', 'ipv4'), each];
  const patience = (each: OwnedListener, now: number) =>
    standingRules(owned(each), 'nlb-internal', now).forwards.get(53)?.patience;
  expect(patience(both, 60_999)).toEqual({ since: 1000, until: 61_000, isBegun: true, isOver: false });
  expect(patience(both, 61_000)?.isOver).toBe(true);
  expect(patience({ ...both, tags: { [TAG.apart]: 'soon' } }, 70_000)?.until).toBe(130_000);
  expect(patience({ ...both, tags: {} }, 70_000)).toEqual({
    since: 70_000,
    until: 130_000,
    isBegun: false,
    isOver: false,
  });
});
