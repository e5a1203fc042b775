import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Gateway } from '../api/gateway-api.ts';
import { GOLDEN_NOW, GOLDEN_PROTOCOLS } from '../testing/golden.ts';
import { fromManifests } from './from-manifests.ts';
import { listenerConflicts } from './listener-conflicts.ts';
import { finish } from './steps.ts';
import type { Translation } from './topology.ts';
import { translate } from './translate.ts';

interface Entry {
  readonly port: number;
  readonly protocol: string;
  readonly hostname?: string;
}

interface Owner {
  readonly created: string;
  readonly namespace: string;
  readonly listeners: readonly Entry[];
}

const unsupported = 'example.com/own';

const entry: fc.Arbitrary<Entry> = fc
  .record({
    port: fc.constantFrom(80, 81),
    protocol: fc.constantFrom('HTTP', 'HTTP', 'HTTPS', 'TCP', 'UDP', unsupported),
    hostname: fc.constantFrom(undefined, 'a.example.com', 'b.example.com'),
  })
  .map(({ hostname, ...rest }) => (hostname === undefined ? rest : { ...rest, hostname }));
const owner: fc.Arbitrary<Owner> = fc.record({
  created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
  namespace: fc.constantFrom('shop', 'blog'),
  listeners: fc.array(entry, { minLength: 1, maxLength: 3 }),
});
const owners = fc.array(owner, { minLength: 1, maxLength: 4 });

const apiVersion = 'gateway.networking.k8s.io/v1';
const certificateOption = 'example.com/certificate';
const reference = 'one';

const named = (listeners: readonly Entry[]) =>
  listeners.map((each, index) => ({
    name: `l${index}`,
    ...each,
    ...(each.protocol === 'HTTPS' && { tls: { options: { [certificateOption]: reference } } }),
  }));

/** The first owner is the Gateway; the others are ListenerSets, `s1` and so on. */
const manifestsOf = ([gateway, ...sets]: readonly Owner[]): readonly unknown[] => [
  { apiVersion, kind: 'GatewayClass', metadata: { name: 'aws' }, spec: { controllerName: 'gatehouse.dev/aws' } },
  {
    apiVersion,
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      gatewayClassName: 'aws',
      allowedListeners: { namespaces: { from: 'All' } },
      listeners: named(gateway?.listeners ?? []),
    },
  },
  ...sets.map(({ created, namespace, listeners }, index) => ({
    apiVersion,
    kind: 'ListenerSet',
    metadata: { namespace, name: `s${index + 1}`, creationTimestamp: created },
    spec: { parentRef: { namespace: 'shop', name: 'web' }, listeners: named(listeners) },
  })),
];

const run = (manifests: readonly unknown[]): readonly Translation[] =>
  fromManifests(manifests, { now: GOLDEN_NOW, certificateOption }).inputs.map((input) =>
    translate(input, GOLDEN_PROTOCOLS),
  );

const valid = (all: readonly Owner[]): readonly string[] =>
  run(manifestsOf(all))
    .flatMap(({ listeners }) => listeners)
    .filter((listener) => listener.valid)
    .map(({ name }) => name);

const isUdp = ({ protocol }: Entry): boolean => protocol === 'UDP';

const hasHostnames = ({ protocol }: Entry): boolean => protocol === 'HTTP' || protocol === 'HTTPS';

const clash = (a: Entry, b: Entry): boolean =>
  a.port === b.port &&
  isUdp(a) === isUdp(b) &&
  (a.protocol !== b.protocol || !hasHostnames(a) || a.hostname === b.hostname);

/** The rule once more, listener by listener: it is lost to what comes first and has not lost itself. */
function expected([gateway, ...sets]: readonly Owner[]): readonly string[] {
  const inOrder = sets
    .map((set, index) => ({ ...set, id: `${set.namespace}/s${index + 1}` }))
    .toSorted((a, b) => `${a.created} ${a.id}`.localeCompare(`${b.created} ${b.id}`, 'en'));
  const all = [
    ...(gateway?.listeners ?? []).map((each, index) => ({ each, place: 0, name: `l${index}` })),
    ...inOrder.flatMap(({ id, listeners }, set) =>
      listeners.map((each, index) => ({ each, place: set + 1, name: `${id}/l${index}` })),
    ),
  ].filter(({ each }) => each.protocol !== unsupported);
  type Placed = (typeof all)[number];
  const isLost = ({ each, place }: Placed): boolean =>
    all.some((other) => other.place < place && clash(other.each, each) && !isLost(other));
  return all
    .filter((one) => !isLost(one))
    .filter(
      (one) =>
        !all.some(
          (other) => other !== one && other.place === one.place && clash(other.each, one.each) && !isLost(other),
        ),
    )
    .map(({ name }) => name);
}

test('of listeners that conflict the first owner has the listener, and of one owner none is served', () => {
  fc.assert(
    fc.property(owners, (all) => {
      expect(valid(all)).toEqual(expected(all));
    }),
    { numRuns: 500 },
  );
});

test('the order in which ListenerSets are listed never changes which listeners are served', () => {
  const shuffled = owners.chain((all) => {
    const manifests = manifestsOf(all);
    return fc.tuple(fc.constant(manifests), fc.shuffledSubarray([...manifests], { minLength: manifests.length }));
  });
  fc.assert(
    fc.property(shuffled, ([listed, again]) => {
      expect(run(again)).toEqual(run(listed));
    }),
  );
});

test("a ListenerSet's listener that lost to the Gateway does not take its sibling along", () => {
  const lost = { port: 80, protocol: 'HTTPS', hostname: 'b.example.com' };
  const sibling = { port: 80, protocol: 'HTTP', hostname: 'b.example.com' };
  const at = { created: '2026-01-01T00:00:00Z', namespace: 'shop' };
  const own = { port: 80, protocol: 'HTTP', hostname: 'a.example.com' };
  expect(
    valid([
      { ...at, listeners: [own] },
      { ...at, listeners: [lost, sibling] },
    ]),
  ).toEqual(['l0', 'shop/s1/l1']);
});

test('a hostname that the Gateway lists twice is served by nobody, not by a ListenerSet either', () => {
  const twice = { port: 80, protocol: 'HTTP', hostname: 'a.example.com' };
  const at = { created: '2026-01-01T00:00:00Z', namespace: 'shop' };
  expect(
    valid([
      { ...at, listeners: [twice, twice] },
      { ...at, listeners: [twice] },
    ]),
  ).toEqual([]);
});

const conflictsOf = (...entries: readonly (readonly [protocol: string, port: number, hostname?: string])[]) => {
  const gateway: Gateway = {
    apiVersion,
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'web' },
    spec: { gatewayClassName: 'aws', listeners: [] },
  };
  const listeners = entries.map(([protocol, port, hostname]) => ({
    id: `${protocol} ${port} ${hostname ?? ''}`.trim(),
    listener: { name: protocol, protocol, port, ...(hostname !== undefined && { hostname }) },
    owner: gateway,
  }));
  const found = finish(listenerConflicts([listeners], () => true));
  return [...found].map(([{ id }, { protocol, hostname }]) => [id, protocol.others, hostname.others]);
};

test('TCP and UDP of one number are two ports', () => {
  expect(conflictsOf(['TCP', 53], ['UDP', 53])).toEqual([]);
  expect(conflictsOf(['HTTPS', 443], ['UDP', 443])).toEqual([]);
});

test('HTTPS and TLS share a port, and the server name decides', () => {
  expect(conflictsOf(['HTTPS', 443, 'a.example.com'], ['TLS', 443, 'b.example.com'], ['HTTPS', 443])).toEqual([]);
  expect(conflictsOf(['HTTPS', 443, 'a.example.com'], ['TLS', 443, 'A.example.com'])).toEqual([
    ['HTTPS 443 a.example.com', [], ['TLS 443 A.example.com']],
    ['TLS 443 A.example.com', [], ['HTTPS 443 a.example.com']],
  ]);
});

test.each(['HTTP', 'HTTPS', 'TLS'])('TCP and %s have no port in common', (protocol) => {
  expect(conflictsOf(['TCP', 443], [protocol, 443, 'a.example.com'])).toEqual([
    ['TCP 443', [`${protocol} 443 a.example.com`], []],
    [`${protocol} 443 a.example.com`, ['TCP 443'], []],
  ]);
});

test('clear text and TLS have no port in common', () => {
  expect(conflictsOf(['HTTP', 443, 'a.example.com'], ['HTTPS', 443, 'b.example.com'])).toHaveLength(2);
});

test.each(['TCP', 'UDP'])('a port has one listener of protocol %s', (protocol) => {
  expect(conflictsOf([protocol, 53], [protocol, 53], [protocol, 54])).toHaveLength(2);
});
