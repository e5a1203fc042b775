import { expect, test } from 'vitest';
import type { LoadBalancerSettings, SubnetAddresses } from '../../../api/load-balancer-configuration.ts';
import type { Network } from '../../network/network.ts';
import { PLACEHOLDER_NETWORK } from '../placeholder-network.ts';
import { settings } from '../testing/sample.ts';
import { type Place, placeOfAlb, placeOfNlb } from './places.ts';

const { subnets } = PLACEHOLDER_NETWORK;
const ipv6 = ['2600:1f14:0:a::/64'];
/** Public and private subnets in three zones. */
const network: Network = {
  ...PLACEHOLDER_NETWORK,
  subnets: subnets.map((each) => ({ ...each, cidrBlocks: [...each.cidrBlocks, ...ipv6] })),
};
const [a = '', b = ''] = subnets.filter((each) => each.public).map(({ id }) => id);
const [privateA = '', privateB = '', privateC = ''] = subnets.filter((each) => !each.public).map(({ id }) => id);

const nothing: Place = { subnets: [] };
const facing = { scheme: 'internet-facing' } as const;

const place = (
  subnetMappings: readonly SubnetAddresses[],
  more: Partial<LoadBalancerSettings> = {},
  standing: Place = nothing,
) => placeOfNlb({ ...settings, ...more, subnetMappings }, network, 'blue', standing);

test('an NLB has the zones that the mappings name, and no other', () => {
  const elastic = [
    { subnet: b, allocation: 'eipalloc-2' },
    { subnet: a, allocation: 'eipalloc-1' },
  ];
  expect(place(elastic, facing)).toEqual({ place: { subnets: [a, b], addresses: elastic.toReversed() } });
  expect(place([{ subnet: privateA, privateIpv4: '10.0.48.9' }])).toEqual({
    place: { subnets: [privateA], addresses: [{ subnet: privateA, privateIpv4: '10.0.48.9' }] },
  });
});

test('in a subnet without addresses AWS chooses them', () => {
  const first = { subnet: a, allocation: 'eipalloc-1' };
  expect(place([first, { subnet: b }], facing)).toEqual({ place: { subnets: [a, b], addresses: [first] } });
  expect(place([{ subnet: a }, { subnet: b }], facing)).toEqual({ place: { subnets: [a, b] } });
});

test.each<[string, SubnetAddresses, Partial<LoadBalancerSettings>]>([
  ['eipalloc-1', { subnet: privateA, allocation: 'eipalloc-1' }, {}],
  ['10.0.0.9', { subnet: a, privateIpv4: '10.0.0.9' }, facing],
  ['10.0.0.9', { subnet: privateA, privateIpv4: '10.0.0.9' }, {}],
  ['10.0.48.1', { subnet: privateA, privateIpv4: '10.0.48.1' }, {}],
  ['2600:1f14:0:a::9', { subnet: privateA, ipv6: '2600:1f14:0:a::9' }, {}],
  ['2600:1f14:0:b::9', { subnet: privateA, ipv6: '2600:1f14:0:b::9' }, { ipAddressType: 'dualstack' }],
  ['2600:1f14:0:a::/80', { subnet: privateA, sourceNatIpv6Prefix: '2600:1f14:0:a::/80' }, {}],
  ['auto_assigned', { subnet: privateA, sourceNatIpv6Prefix: 'auto_assigned' }, {}],
  [
    '2600:1f14:0:b::/80',
    { subnet: privateA, sourceNatIpv6Prefix: '2600:1f14:0:b::/80' },
    { ipAddressType: 'dualstack' },
  ],
])('the address %s cannot be in its subnet, and nothing is made', (address, mapping, more) => {
  expect(place([mapping], more)).toEqual({
    problem: {
      kind: 'subnet-address-invalid',
      subnet: mapping.subnet,
      address,
      why: expect.objectContaining({ kind: expect.any(String) }),
    },
  });
});

test('a dual-stack NLB has an IPv6 address and a prefix of its subnet', () => {
  const dual = [
    { subnet: privateA, ipv6: '2600:1f14:0:a::9', sourceNatIpv6Prefix: '2600:1f14:0:a:1::/80' },
    { subnet: privateB, sourceNatIpv6Prefix: 'auto_assigned' },
  ];
  expect(place(dual, { ipAddressType: 'dualstack' })).toEqual({
    place: { subnets: [privateA, privateB], addresses: dual },
  });
});

test('if the mappings go bad, the NLB stays with its addresses', () => {
  const standing = { subnets: [b, a], addresses: [{ subnet: a, allocation: 'eipalloc-1' }] };
  const here = { subnets: [a, b], addresses: standing.addresses };
  expect(place([{ subnet: a, privateIpv4: '10.0.0.9' }], facing, standing)).toMatchObject({
    place: here,
    problem: { kind: 'subnet-address-invalid' },
  });
  expect(place([{ subnet: 'subnet-9' }], facing, standing)).toMatchObject({
    place: here,
    problem: { kind: 'subnets-invalid' },
  });
});

test('AWS cannot change the address of the only zone, so the NLB stays; with a second zone it can', () => {
  const elastic = (subnet: string, allocation: string) => ({ subnet, allocation });
  const standing = { subnets: [a], addresses: [elastic(a, 'eipalloc-1')] };
  expect(place([elastic(a, 'eipalloc-2')], facing, standing)).toEqual({
    place: standing,
    problem: { kind: 'subnets-all-change', subnets: [a] },
  });
  // AWS has chosen the address.
  expect(place([elastic(a, 'eipalloc-2')], facing, { subnets: [a] })).toMatchObject({
    place: { subnets: [a] },
    problem: { kind: 'subnets-all-change' },
  });
  for (const mappings of [
    [elastic(a, 'eipalloc-1')],
    [elastic(a, 'eipalloc-2'), elastic(b, 'eipalloc-3')],
    [elastic(b, 'eipalloc-2')],
  ]) {
    expect(place(mappings, facing, standing)).not.toHaveProperty('problem');
  }
});

test('AWS cannot give all zones other subnets at once, so the NLB stays', () => {
  const standing = { subnets: [privateA, privateB] };
  expect(place([{ subnet: a }, { subnet: b }], {}, standing)).toEqual({
    place: standing,
    problem: { kind: 'subnets-all-change', subnets: [privateA, privateB] },
  });
  expect(place([{ subnet: a }, { subnet: privateB }], {}, standing)).not.toHaveProperty('problem');
});

test('an NLB in a zone without NLBs is refused', () => {
  const local = {
    ...network,
    subnets: network.subnets.map((each) => (each.id === a ? { ...each, zoneType: 'local-zone' as const } : each)),
  };
  expect(placeOfNlb({ ...settings, subnets: [a] }, local, 'blue', nothing)).toMatchObject({
    problem: { kind: 'subnets-invalid', why: { kind: 'without-nlb', subnet: { id: a } } },
  });
});

test('an ALB behind an NLB covers its zones, and at least two', () => {
  const behind = (covered: readonly string[], within = network.subnets) =>
    placeOfAlb(settings, { ...network, subnets: within }, 'blue', [], covered).place?.subnets;
  expect(behind([privateA])).toEqual([privateA, privateB, privateC]);
  // The tags name no subnet of the zone that the NLB has.
  const untagged = network.subnets.map((each) => (each.id === privateA ? { ...each, tags: {} } : each));
  expect(behind([], untagged)).toEqual([privateB, privateC]);
  expect(behind([privateA], untagged)).toEqual([privateA, privateB, privateC]);
});
