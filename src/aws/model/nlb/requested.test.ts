import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SubnetAddresses } from '../../../api/load-balancer-configuration.ts';
import type { AddressFact } from '../../network/network.ts';
import { PLACEHOLDER_NETWORK } from '../placeholder-network.ts';
import { settings as defaults } from '../testing/sample.ts';
import { requestedPlaces } from './requested.ts';

const { subnets } = PLACEHOLDER_NETWORK;
const [publicA = '', publicB = '', publicC = ''] = subnets.filter((each) => each.public).map(({ id }) => id);
const [privateA = '', privateB = ''] = subnets.filter((each) => !each.public).map(({ id }) => id);

const ip = (index: number): string => `198.51.100.${index}`;
const allocation = (index: number): string => `eipalloc-${index}`;
const elasticIps = new Map<string, AddressFact>(
  [1, 2, 3, 4].map((each) => [ip(each), { allocation: allocation(each) }]),
);

interface Case {
  readonly settings?: Partial<typeof defaults>;
  readonly facts?: ReadonlyMap<string, AddressFact>;
  readonly standing?: readonly SubnetAddresses[];
}

function places(addresses: readonly string[], { settings = {}, facts = elasticIps, standing = [] }: Case = {}) {
  const scheme = addresses.some((each) => each.startsWith('198.')) ? 'internet-facing' : 'internal';
  return requestedPlaces(
    addresses.map((value, index) => ({ field: `addresses[${index}].value`, value })),
    {
      settings: { ...defaults, scheme, ...settings },
      network: { ...PLACEHOLDER_NETWORK, addresses: facts },
      clusterName: 'blue',
      standing: { subnets: standing.map(({ subnet }) => subnet), addresses: standing },
    },
  );
}

const whyNot = (...given: Parameters<typeof places>) =>
  places(...given).problems.map((problem) => (problem.kind === 'address-not-usable' ? problem.why : problem));

test('an Elastic IP keeps its zone, and a new one gets a zone where the load balancer does not stand', () => {
  const standing = [
    { subnet: publicA, allocation: allocation(2) },
    { subnet: publicB, allocation: allocation(1) },
  ];
  expect(places([ip(1), ip(2)], { standing }).mappings).toEqual(standing.toReversed());
  expect(places([ip(3), ip(1)], { standing }).mappings).toEqual([
    { subnet: publicB, allocation: allocation(1) },
    { subnet: publicC, allocation: allocation(3) },
  ]);
});

test('if every zone has an address, a new Elastic IP takes the zone of the one that it replaces', () => {
  const standing = [publicA, publicB, publicC].map((subnet, index) => ({ subnet, allocation: allocation(index + 1) }));
  expect(places([ip(1), ip(4), ip(3)], { standing }).mappings).toContainEqual({
    subnet: publicB,
    allocation: allocation(4),
  });
});

test('an Elastic IP moves if the configuration no longer names its subnet, unless it is in the only subnet', () => {
  const standing = [
    { subnet: publicA, allocation: allocation(1) },
    { subnet: publicB, allocation: allocation(2) },
  ];
  const settings = { subnets: [publicB, publicC] };
  expect(places([ip(1), ip(2)], { settings, standing }).mappings).toEqual([
    { subnet: publicB, allocation: allocation(2) },
    { subnet: publicC, allocation: allocation(1) },
  ]);
  expect(whyNot([ip(1)], { settings, standing: standing.slice(0, 1) })).toEqual([
    { kind: 'other-subnet', subnet: publicA },
  ]);
});

test('a private address is in its own subnet, whatever the tags of the subnet are', () => {
  expect(places(['10.0.64.9', '10.0.48.9']).mappings).toEqual([
    { subnet: privateB, privateIpv4: '10.0.64.9' },
    { subnet: privateA, privateIpv4: '10.0.48.9' },
  ]);
  expect(places(['10.0.0.9']).mappings).toEqual([{ subnet: publicA, privateIpv4: '10.0.0.9' }]);
});

test.each<readonly [string, readonly string[], Case, object]>([
  ['is of another account', [ip(9)], {}, { kind: 'unknown' }],
  ['is of another VPC', ['10.9.0.1'], {}, { kind: 'unknown' }],
  ['is a name', ['lb.example.com'], {}, { kind: 'not-ipv4' }],
  [
    'is used',
    [ip(1)],
    { facts: new Map([[ip(1), { allocation: 'a', usedBy: 'i-1' }]]) },
    { kind: 'in-use', by: 'i-1' },
  ],
  ['is used', ['10.0.48.9'], { facts: new Map([['10.0.48.9', { usedBy: 'eni-1' }]]) }, { kind: 'in-use', by: 'eni-1' }],
  ['AWS reserves', ['10.0.48.3'], {}, { kind: 'reserved', subnet: privateA }],
  [
    'is of another border group',
    [ip(1)],
    { facts: new Map([[ip(1), { allocation: 'a', borderGroup: 'us-east-1-bos-1' }]]) },
    { kind: 'border-group', borderGroup: 'us-east-1-bos-1', region: 'us-east-1' },
  ],
  [
    'is in a subnet that is not configured',
    ['10.0.48.9'],
    { settings: { subnets: [privateB] } },
    { kind: 'other-subnet' },
  ],
  [
    'would replace the only one of the load balancer in its zone',
    ['10.0.48.9'],
    { standing: [{ subnet: privateA, privateIpv4: '10.0.48.8' }] },
    { kind: 'zones-all-change' },
  ],
])('an address cannot be used that %s', (_, addresses, given, why) => {
  expect(whyNot(addresses, given)).toEqual([expect.objectContaining(why)]);
  expect(places(addresses, given).mappings).toBeUndefined();
});

test('private addresses in other subnets of the same zones cannot be used all at once, and each is named', () => {
  const standing = [
    { subnet: publicA, privateIpv4: '10.0.0.9' },
    { subnet: publicB, privateIpv4: '10.0.16.9' },
  ];
  const why = { kind: 'zones-all-change' };
  expect(whyNot(['10.0.48.9', '10.0.64.9'], { standing })).toEqual([why, why]);
  expect(places(['10.0.0.9', '10.0.64.9'], { standing }).problems).toEqual([]);
});

test('the addresses of a configuration have no effect beside those of the Gateway, but what it says of IPv6 has', () => {
  const subnetMappings = [{ subnet: publicB, allocation: 'eipalloc-9', ipv6: '2001:db8::1' }];
  expect(places([ip(1)], { settings: { subnetMappings } })).toEqual({
    mappings: [{ subnet: publicB, allocation: allocation(1), ipv6: '2001:db8::1' }],
    problems: [
      { kind: 'addresses-in-one-zone', zone: 'us-east-1b' },
      { kind: 'mapped-addresses-unused', addresses: ['eipalloc-9'] },
    ],
  });
});

test('whatever the order and the past, each address has one zone of its own, and the result stays the same', () => {
  const some = fc.shuffledSubarray([1, 2, 3, 4], { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(some, some, (before, after) => {
      const standing = places(before.map(ip)).mappings ?? [];
      const { mappings } = places(after.map(ip), { standing });
      if (before.length === 1 && after.length === 1 && mappings === undefined) return;
      expect(mappings?.map((each) => each.allocation).toSorted()).toEqual(after.map(allocation).toSorted());
      expect(new Set(mappings?.map(({ subnet }) => subnet)).size).toBe(after.length);
      for (const kept of standing.filter((each) => after.map(allocation).includes(each.allocation ?? '')))
        expect(mappings).toContainEqual(kept);
      const again = places(after.toReversed().map(ip), { standing: mappings ?? [] });
      expect(new Set(again.mappings)).toEqual(new Set(mappings));
    }),
  );
});
