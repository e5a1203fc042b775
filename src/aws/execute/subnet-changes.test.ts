import type { LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LoadBalancerResource } from '../model/resources.ts';
import { type Placement, placementsTo } from './subnet-changes.ts';

/** By subnet: its Elastic IP, or AWS's own address. */
type Places = ReadonlyMap<string, string | undefined>;

const specOf = (places: Places): LoadBalancerResource['spec'] => ({
  name: 'nlb',
  type: 'network',
  scheme: 'internet-facing',
  ipAddressType: 'ipv4',
  subnets: [...places.keys()].toSorted(),
  addresses: [...places].flatMap(([subnet, allocation]) => (allocation === undefined ? [] : [{ subnet, allocation }])),
  securityGroups: [],
});

const described = (places: Places): LoadBalancer => ({
  AvailabilityZones: [...places].map(([SubnetId, AllocationId]) => ({
    SubnetId,
    ZoneName: zoneOf(SubnetId),
    LoadBalancerAddresses: AllocationId === undefined ? [] : [{ AllocationId }],
  })),
});

/** A subnet `a2` is in the zone of `a`. */
const zoneOf = (subnet: string): string => subnet.slice(0, 1);

const callsTo = (before: Places, wanted: Places) =>
  placementsTo(
    { spec: specOf(wanted), zones: Object.fromEntries([...wanted.keys()].map((each) => [each, zoneOf(each)])) },
    described(before),
  );

/** What AWS has after a call. It changes no address of a subnet in place. */
function after(before: Places, { Subnets, SubnetMappings }: Placement): Places {
  const asked = SubnetMappings ?? (Subnets ?? []).map((SubnetId) => ({ SubnetId, AllocationId: undefined }));
  expect(asked.length).toBeGreaterThan(0);
  return new Map(
    asked.map(({ SubnetId = '', AllocationId }) => {
      const kept = before.has(SubnetId) ? AllocationId : undefined;
      expect(kept).toBe(before.get(SubnetId));
      return [SubnetId, AllocationId];
    }),
  );
}

const places = fc
  .subarray(['a', 'b', 'c'], { minLength: 1 })
  .chain((subnets) =>
    fc
      .tuple(...subnets.map((subnet) => fc.constantFrom(undefined, `eipalloc-1-${subnet}`, `eipalloc-2-${subnet}`)))
      .map((addresses): Places => new Map(subnets.map((subnet, index) => [subnet, addresses[index]]))),
  );

/** All moves until the NLB has what is wanted, as AWS's state after each call. */
function movesTo(wanted: Places, before: Places): readonly (readonly Places[])[] {
  const { calls, isWhole } = callsTo(before, wanted);
  const states = calls.reduce((all: readonly Places[], call) => [...all, after(all.at(-1) ?? before, call)], []);
  return isWhole ? [states] : [states, ...movesTo(wanted, states.at(-1) ?? before)];
}

const isImpossible = (before: Places, wanted: Places) =>
  before.size === 1 && wanted.size === 1 && before.has([...wanted.keys()].join());

test('an NLB gets any other addresses in any subnets without a change in place, unless it has only one subnet', () => {
  fc.assert(
    fc.property(places, places, (before, wanted) => {
      if (isImpossible(before, wanted)) return;
      expect(movesTo(wanted, before).flat().at(-1) ?? before).toEqual(wanted);
    }),
  );
});

test('in each move an NLB keeps a zone that is set up', () => {
  fc.assert(
    fc.property(places, places, (before, wanted) => {
      if (isImpossible(before, wanted)) return;
      let settled = before;
      for (const move of movesTo(wanted, before)) {
        const kept = [...settled].filter(([subnet, address]) =>
          move.every((state) => state.has(subnet) && state.get(subnet) === address),
        );
        expect(kept).not.toEqual([]);
        settled = move.at(-1) ?? settled;
      }
    }),
  );
});

test('an NLB that has all that is desired is not called for', () => {
  fc.assert(
    fc.property(places, (before) => {
      expect(callsTo(before, before)).toEqual({ calls: [], isWhole: true });
    }),
  );
});

test.each<[string, readonly (readonly [string, string])[], number]>([
  [
    'another zone is one',
    [
      ['a', 'e1'],
      ['c', 'e3'],
    ],
    1,
  ],
  [
    'another subnet of the zone are two',
    [
      ['a', 'e1'],
      ['b2', 'e3'],
    ],
    2,
  ],
  [
    'another address of the subnet are two',
    [
      ['a', 'e1'],
      ['b', 'e3'],
    ],
    2,
  ],
  [
    'another zone for the same address are two',
    [
      ['a', 'e1'],
      ['c', 'e2'],
    ],
    2,
  ],
])('the calls to %s', (_, wanted, count) => {
  const before: Places = new Map([
    ['a', 'e1'],
    ['b', 'e2'],
  ]);
  expect(callsTo(before, new Map(wanted)).calls).toHaveLength(count);
});
