import { expect, test } from 'vitest';
import type { Network, Subnet } from '../network/network.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import { chooseSubnets } from './subnets.ts';
import { settings } from './testing/sample.ts';

const subnet = (id: string, zone: string, more: Partial<Subnet> = {}): Subnet => ({
  id,
  availabilityZone: zone,
  zoneType: 'availability-zone',
  tags: {},
  public: false,
  availableIpAddresses: 100,
  ipv6: false,
  cidrBlocks: [],
  ...more,
});

const network = (...subnets: readonly Subnet[]): Network => ({ ...PLACEHOLDER_NETWORK, subnets });

const chosen = (given: Network, more: Partial<typeof settings> = {}) => {
  const choice = chooseSubnets({ ...settings, ...more }, given, 'blue', []);
  return choice.ids ?? choice.problem;
};

test('a load balancer stays in its subnets when they run out of free addresses, or others would come first', () => {
  const given = network(
    subnet('subnet-1', 'a'),
    subnet('subnet-2', 'a', { availableIpAddresses: 3 }),
    subnet('subnet-3', 'b', { availableIpAddresses: 0 }),
  );
  expect(chooseSubnets(settings, given, 'blue', ['subnet-2', 'subnet-3'])).toEqual({ ids: ['subnet-2', 'subnet-3'] });
});

test('where another VPC was named, nothing is planned there for a load balancer that stands elsewhere', () => {
  const choice = chooseSubnets(settings, network(), 'blue', ['subnet-1', 'subnet-2']);
  expect(choice).toEqual({ problem: expect.objectContaining({ kind: 'subnets-too-few', zones: 0 }) });
});

test('a configuration that becomes invalid is reported, and the load balancer stays where it is', () => {
  const given = network(subnet('subnet-1', 'a'), subnet('subnet-2', 'b'));
  const choice = chooseSubnets({ ...settings, subnets: ['subnet-1', 'subnet-9'] }, given, 'blue', [
    'subnet-2',
    'subnet-1',
  ]);
  expect(choice.ids).toEqual(['subnet-1', 'subnet-2']);
  expect(choice.problem?.kind).toBe('subnets-invalid');
});

test('tagged subnets are taken before all others', () => {
  const role = { 'kubernetes.io/role/internal-elb': '' };
  const given = network(
    subnet('subnet-1', 'a'),
    subnet('subnet-2', 'a', { tags: role }),
    subnet('subnet-3', 'b', { tags: { 'kubernetes.io/role/internal-elb': '1' } }),
    subnet('subnet-4', 'c', { tags: { 'kubernetes.io/role/internal-elb': '0' } }),
  );
  expect(chosen(given)).toEqual(['subnet-2', 'subnet-3']);
});

test('without tags the routes decide', () => {
  const given = network(
    subnet('subnet-1', 'a'),
    subnet('subnet-2', 'a', { public: true }),
    subnet('subnet-3', 'b'),
    subnet('subnet-4', 'b', { public: true }),
  );
  expect(chosen(given)).toEqual(['subnet-1', 'subnet-3']);
  expect(chosen(given, { scheme: 'internet-facing' })).toEqual(['subnet-2', 'subnet-4']);
});

test('an internal load balancer stands in public subnets where there are no others', () => {
  const given = network(subnet('subnet-1', 'a', { public: true }), subnet('subnet-2', 'b', { public: true }));
  expect(chosen(given)).toEqual(['subnet-1', 'subnet-2']);
});

test('the same subnet of a zone is taken whatever their free addresses', () => {
  const given = network(
    subnet('subnet-2', 'a', { availableIpAddresses: 4000 }),
    subnet('subnet-1', 'a', { availableIpAddresses: 9 }),
    subnet('subnet-3', 'b'),
  );
  expect(chosen(given)).toEqual(['subnet-1', 'subnet-3']);
});

test('subnets that AWS would refuse, and those of another cluster, are passed over', () => {
  const given = network(
    subnet('subnet-1', 'a', { availableIpAddresses: 7 }),
    subnet('subnet-2', 'a', { tags: { 'kubernetes.io/cluster/green': 'owned' } }),
    subnet('subnet-3', 'a', {
      tags: { 'kubernetes.io/cluster/green': 'shared', 'kubernetes.io/cluster/blue': 'shared' },
    }),
    subnet('subnet-4', 'b'),
  );
  expect(chosen(given)).toEqual(['subnet-3', 'subnet-4']);
});

test('if subnets are too few because some are full, these are named', () => {
  const full = { availableIpAddresses: 7 };
  const given = network(subnet('subnet-1', 'a'), subnet('subnet-2', 'b', full), subnet('subnet-3', 'c', full));
  expect(chosen(given)).toMatchObject({ kind: 'subnets-too-few', found: ['subnet-1'], full: ['subnet-2', 'subnet-3'] });
});

test('dualstack needs subnets with IPv6', () => {
  const given = network(
    subnet('subnet-1', 'a'),
    subnet('subnet-2', 'a', { ipv6: true }),
    subnet('subnet-3', 'b', { ipv6: true }),
  );
  expect(chosen(given, { ipAddressType: 'dualstack' })).toEqual(['subnet-2', 'subnet-3']);
});

test('subnets in one zone are too few', () => {
  expect(chosen(network(subnet('subnet-1', 'a'), subnet('subnet-2', 'a')))).toEqual({
    kind: 'subnets-too-few',
    scheme: 'internal',
    found: ['subnet-1'],
    zones: 1,
  });
});

test('configured subnets are taken as they are', () => {
  const given = network(
    subnet('subnet-1', 'a', { public: true }),
    subnet('subnet-2', 'b', { availableIpAddresses: 1 }),
  );
  expect(chosen(given, { subnets: ['subnet-2', 'subnet-1'] })).toEqual(['subnet-1', 'subnet-2']);
});

test.each([
  [['subnet-1', 'subnet-9'], { kind: 'not-in-vpc', subnet: 'subnet-9', vpcId: 'vpc-00000000000000001' }],
  [['subnet-1', 'subnet-2'], { kind: 'same-zone', subnets: ['subnet-1', 'subnet-2'], zone: 'a' }],
])('the configured subnets %o are refused', (subnets, why) => {
  const given = network(subnet('subnet-1', 'a'), subnet('subnet-2', 'a'));
  expect(chosen(given, { subnets })).toEqual({ kind: 'subnets-invalid', why });
});

const local = (id: string, zone = 'us-east-1-bos-1a') => subnet(id, zone, { zoneType: 'local-zone' });
const onOutpost = (id: string, zone = 'a') => subnet(id, zone, { zoneType: 'outpost' });

test('a subnet in a Local Zone is not discovered, and is named if there are too few subnets', () => {
  const given = network(subnet('subnet-1', 'a'), subnet('subnet-2', 'b'), local('subnet-3'), onOutpost('subnet-4'));
  expect(chosen(given)).toEqual(['subnet-1', 'subnet-2']);
  expect(chosen(network(subnet('subnet-1', 'a'), local('subnet-3')))).toEqual({
    kind: 'subnets-too-few',
    scheme: 'internal',
    found: ['subnet-1'],
    zones: 1,
    elsewhere: ['subnet-3'],
  });
});

test('a single subnet in a Local Zone or on an Outpost is enough where a configuration names it', () => {
  const given = network(subnet('subnet-1', 'a'), local('subnet-3'), onOutpost('subnet-4'));
  expect(chosen(given, { subnets: ['subnet-3'] })).toEqual(['subnet-3']);
  expect(chosen(given, { subnets: ['subnet-4'] })).toEqual(['subnet-4']);
  expect(chosen(given, { subnets: ['subnet-1'] })).toMatchObject({ kind: 'subnets-too-few', zones: 1 });
});

test('subnets in zones of two types are refused, and so are two on Outposts', () => {
  const given = network(
    subnet('subnet-1', 'us-east-1a'),
    local('subnet-3'),
    onOutpost('subnet-4'),
    onOutpost('subnet-5', 'b'),
  );
  expect(chosen(given, { subnets: ['subnet-1', 'subnet-3'] })).toEqual({
    kind: 'subnets-invalid',
    why: {
      kind: 'mixed-zones',
      subnets: [
        { id: 'subnet-1', zoneType: 'availability-zone', availabilityZone: 'us-east-1a' },
        { id: 'subnet-3', zoneType: 'local-zone', availabilityZone: 'us-east-1-bos-1a' },
      ],
    },
  });
  expect(chosen(given, { subnets: ['subnet-4', 'subnet-5'] })).toEqual({
    kind: 'subnets-invalid',
    why: { kind: 'two-on-outpost' },
  });
});

test('a load balancer in one Local Zone stays there when its configuration goes bad', () => {
  const choice = chooseSubnets({ ...settings, subnets: ['subnet-9'] }, network(local('subnet-3')), 'blue', [
    'subnet-3',
  ]);
  expect(choice.ids).toEqual(['subnet-3']);
});
