import { expect, test } from 'vitest';
import { isHandingOver, keptZones } from './handover.ts';
import { resourceId } from './model/naming.ts';
import type { OwnedLoadBalancer } from './observed.ts';

const balancer = (name: string, tag?: string): OwnedLoadBalancer => ({
  kind: 'load-balancer',
  arn: name.startsWith('nlb-') ? `arn:x:loadbalancer/net/${name}/1` : `arn:x:loadbalancer/app/${name}/1`,
  id: resourceId('load-balancer', name),
  tags: tag === undefined ? {} : { 'gatehouse.dev/handover': tag },
  name,
  dnsName: name,
  subnets: [],
  state: 'active',
});

test.each<readonly [string, readonly OwnedLoadBalancer[], boolean]>([
  ['before there is an NLB', [balancer('internal')], true],
  ['while the NLB is not the address', [balancer('internal'), balancer('nlb-internal', 'pending')], true],
  ['while the tag of the NLB has no time', [balancer('internal'), balancer('nlb-internal', 'soon')], true],
  ['while the time is not over', [balancer('internal'), balancer('nlb-internal', '1001')], true],
  ['no longer when the time is over', [balancer('internal'), balancer('nlb-internal', '1000')], false],
  ['not behind an NLB that was there first', [balancer('internal'), balancer('nlb-internal')], false],
  ['not behind an NLB of another scheme', [balancer('internal'), balancer('nlb-internet-facing')], false],
  ['not if there is none', [balancer('internet-facing')], false],
])("clients may use an ALB's own address %s: %#", (_, balancers, expected) => {
  expect(isHandingOver(balancers, 'internal', 1000)).toBe(expected);
});

test.each([
  ['while AWS sets up the new ones', { 'gatehouse.dev/entered': '1000' }, [1500]],
  ['no longer when the time is over', { 'gatehouse.dev/entered': '400' }, []],
  ['not if its zones did not all change', {}, []],
])('an NLB keeps an old zone %s', (_, tags, until) => {
  const found = keptZones([{ ...balancer('nlb-internal'), tags }], 1000, 500);
  expect(found).toEqual(until.map((each) => ({ kind: 'zones-kept', loadBalancer: 'nlb-internal', until: each })));
});
