// The statuses of the golden cases, and what must be true for all of them.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { routeId, routeRef } from '../gateway/route-id.ts';
import type { Condition } from '../kube/object.ts';
import { GOLDEN_NOW, loadCases, toYaml } from '../testing/golden.ts';
import { reported } from '../testing/statuses.ts';

const cases = loadCases();

test.each(cases)('$name gives the statuses in its folder', async ({ dir, inputs }) => {
  const statuses = await Promise.all(inputs.map(async (input) => (await reported(input)).statuses));
  await expect(toYaml(statuses)).toMatchFileSnapshot(join(dir, 'status.aws.yaml'));
});

/**
 * The reasons that the Gateway API knows for each type, by the condition's status if the reasons depend on it. They are from
 * gateway_types.go, shared_types.go and httproute_types.go of v1.7.0.
 */
const known = {
  gateway: {
    // Our own: whether AWS has everything that is accepted.
    'gatehouse.dev/UpToDate': { True: ['UpToDate'], False: ['AddressNotUsable', 'Refused'] },
    Accepted: {
      True: ['Accepted', 'ListenersNotValid'],
      False: ['Invalid', 'InvalidParameters', 'UnsupportedAddress', 'ListenersNotValid', 'Pending'],
    },
    Programmed: {
      True: ['Programmed'],
      False: ['Invalid', 'Pending', 'NoResources', 'AddressNotAssigned', 'AddressNotUsable'],
    },
  },
  // listenerset_types.go
  listenerSet: {
    Accepted: {
      True: ['Accepted', 'ListenersNotValid'],
      False: ['NotAllowed', 'ParentNotAccepted', 'ListenersNotValid', 'Invalid', 'Pending'],
    },
    Programmed: {
      True: ['Programmed'],
      False: ['NotAllowed', 'ParentNotProgrammed', 'ListenersNotValid', 'PortUnavailable'],
    },
  },
  listener: {
    // A listener that is not accepted because of a conflict has HostnameConflict or ProtocolConflict.
    Accepted: {
      True: ['Accepted'],
      False: [
        'PortUnavailable',
        'UnsupportedProtocol',
        'UnsupportedValue',
        'HostnameConflict',
        'ProtocolConflict',
        'NoValidCACertificate',
      ],
    },
    Conflicted: { True: ['HostnameConflict', 'ProtocolConflict'], False: ['NoConflicts'] },
    OverlappingTLSConfig: { True: ['OverlappingHostnames'] },
    // Only a ListenerSet's listener has PortUnavailable, or Pending for status Unknown.
    Programmed: {
      True: ['Programmed'],
      False: ['Invalid', 'Pending', 'HostnameConflict', 'ProtocolConflict', 'PortUnavailable'],
      Unknown: ['Pending'],
    },
    ResolvedRefs: {
      True: ['ResolvedRefs'],
      False: [
        'InvalidCertificateRef',
        'InvalidCACertificateRef',
        'InvalidCACertificateKind',
        'InvalidRouteKinds',
        'RefNotPermitted',
      ],
    },
  },
  route: {
    Accepted: {
      True: ['Accepted'],
      False: [
        'NotAllowedByListeners',
        'NoMatchingListenerHostname',
        'NoMatchingParent',
        'UnsupportedValue',
        'IncompatibleFilters',
        'Pending',
      ],
    },
    PartiallyInvalid: { True: ['UnsupportedValue'] },
    ResolvedRefs: {
      True: ['ResolvedRefs'],
      // The Gateway API has no reason for an invalid BackendTLSPolicy.
      False: ['RefNotPermitted', 'InvalidKind', 'BackendNotFound', 'UnsupportedProtocol', 'InvalidBackendTLS'],
    },
  },
  // policy_types.go, backendtlspolicy_types.go
  policy: {
    Accepted: { True: ['Accepted'], False: ['Conflicted', 'Invalid', 'NoValidCACertificate', 'TargetNotFound'] },
    ResolvedRefs: { True: ['ResolvedRefs'], False: ['InvalidCACertificateRef', 'InvalidKind'] },
  },
} as const satisfies Readonly<
  Record<string, Readonly<Record<string, Readonly<Partial<Record<string, readonly string[]>>>>>>
>;

const isKnown = (on: keyof typeof known, { type, status, reason }: Condition): boolean => {
  const types: Readonly<Record<string, Readonly<Partial<Record<string, readonly string[]>>>>> = known[on];
  return types[type]?.[status]?.includes(reason) ?? false;
};

interface Reported {
  readonly name: string;
  readonly on: keyof typeof known;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
}

const outcomes = await Promise.all(
  cases.flatMap(({ name, inputs }) =>
    inputs.map(async (input) => ({ name, input, ...(await reported(input)).statuses })),
  ),
);

const all = outcomes.flatMap(
  ({ name, input, status, parents, listenerSets = {}, policies = {} }): readonly Reported[] => {
    const { generation } = input.gateway.metadata;
    const generations = new Map<string, number | undefined>(
      input.routes.map((route) => [routeId(routeRef(route)), route.metadata.generation]),
    );
    const place = `${name}, ${input.gateway.metadata.name}`;
    return [
      { name: place, on: 'gateway', generation, conditions: status.conditions ?? [] },
      ...(status.listeners ?? []).map((listener) => ({
        name: `${place}, listener ${listener.name}`,
        on: 'listener' as const,
        generation,
        conditions: listener.conditions,
      })),
      ...Object.entries(listenerSets).map(([set, { conditions = [] }]) => ({
        name: `${place}, ListenerSet ${set}`,
        on: 'listenerSet' as const,
        generation: 1,
        conditions,
      })),
      ...Object.entries(listenerSets).flatMap(([set, { listeners = [] }]) =>
        listeners.map((listener) => ({
          name: `${place}, listener ${listener.name} of ListenerSet ${set}`,
          on: 'listener' as const,
          generation: 1,
          conditions: listener.conditions,
        })),
      ),
      ...Object.entries(policies).flatMap(([policy, entries]) =>
        entries.map(({ conditions = [] }) => ({
          name: `${place}, policy ${policy}`,
          on: 'policy' as const,
          generation: 1,
          conditions,
        })),
      ),
      ...Object.entries(parents).flatMap(([route, entries]) =>
        entries.map(({ conditions = [] }, index) => ({
          name: `${place}, route ${route}, parent ${index}`,
          on: 'route' as const,
          generation: generations.get(route),
          conditions,
        })),
      ),
    ];
  },
);

const always = {
  gateway: ['Accepted', 'Programmed'],
  listenerSet: ['Accepted', 'Programmed'],
  listener: ['Accepted', 'Conflicted', 'Programmed', 'ResolvedRefs'],
  route: ['Accepted', 'ResolvedRefs'],
  policy: ['Accepted', 'ResolvedRefs'],
} as const;

describe.each(all)('the conditions of $name', ({ on, generation, conditions }) => {
  test('have types and reasons that the Gateway API knows, each type once', () => {
    const types = conditions.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    expect(types).toEqual(expect.arrayContaining([...always[on]]));
    for (const condition of conditions) expect(condition).toSatisfy((each: Condition) => isKnown(on, each));
  });

  test('have their generation and time', () => {
    for (const condition of conditions) {
      expect(condition.observedGeneration).toBe(generation);
      expect(Date.parse(condition.lastTransitionTime)).toBe(GOLDEN_NOW);
    }
  });

  test('have messages of whole sentences', () => {
    for (const { message } of conditions) {
      expect(message).toMatch(/^\S[^\n]*[.…]$/);
      expect(message).not.toMatch(/undefined|\[object|\bNaN\b| {2}/);
      expect(message.length).toBeLessThanOrEqual(2048);
    }
  });
});

test('a condition with status False on a route names the wrong field', () => {
  const refused = all
    .filter(({ on }) => on === 'route')
    .flatMap(({ conditions }) => conditions.filter(({ status }) => status === 'False'));
  expect(refused.length).toBeGreaterThan(10);
  for (const { message } of refused) expect(message).toMatch(/\bspec\.\w+/);
});
