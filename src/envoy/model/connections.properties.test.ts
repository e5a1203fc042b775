// On a port of TLS and HTTPS listeners, each server name gets what the Gateway API says.
import { fromBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { byAge } from '../../gateway/connections.ts';
import { compareSpecificity, covers, type Hostname, intersection } from '../../gateway/hostnames.ts';
import { routeId } from '../../gateway/route-id.ts';
import { connectionRoute, portOf, topologyOf } from '../../gateway/testing/sample.ts';
import type { ListenerTopology, PortTopology, RouteTopology, Topology } from '../../gateway/topology.ts';
import { ListenerSchema } from '../xds/envoy/config/listener/v3/listener_pb.ts';
import { INVALID_CLUSTER } from './names.ts';
import { modelOf } from './testing/model-of.ts';
import { clusterOf, tablesOf } from './testing/readable.ts';
import { chainFor } from './testing/reference-envoy.ts';

const hostnames = ['a.com', 'x.a.com', '*.a.com', '*.x.a.com', '*.com', 'b.com'];
const serverNames = ['a.com', 'x.a.com', 'y.x.a.com', 'y.a.com', 'b.com', 'c.com', 'org'];

const routes: fc.Arbitrary<readonly RouteTopology[]> = fc
  .array(
    fc.record({
      names: fc.uniqueArray(fc.constantFrom(...hostnames), { maxLength: 3 }),
      created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) =>
    all.map(({ names, created }, index) =>
      connectionRoute('TLSRoute', `r${index}`, { db: 1 }, { hostnames: names, created }),
    ),
  );

const listener = fc.record({
  isTls: fc.boolean(),
  tlsMode: fc.constantFrom('Terminate' as const, 'Passthrough' as const),
  attached: fc.nat(15),
  hasCertificate: fc.boolean(),
});

const topologies: fc.Arbitrary<Topology> = fc
  .record({
    routes,
    listeners: fc.array(listener, { minLength: 6, maxLength: 6 }),
    names: fc.uniqueArray(fc.constantFrom(undefined, ...hostnames), { minLength: 1, maxLength: 6 }),
  })
  .map(({ routes: all, listeners, names }) => {
    const sketches = names.map((hostname, index) => {
      const { isTls = false, tlsMode, attached = 0, hasCertificate = true } = listeners[index] ?? {};
      const own = all.filter((_, bit) => isTls && (attached & (2 ** bit)) !== 0).map(({ route }) => routeId(route));
      return {
        isTls,
        sketch: {
          name: `l${index}`,
          ...(hostname !== undefined && { hostname }),
          ...(isTls && tlsMode && { tlsMode }),
          ...(!hasCertificate && { certificates: [] }),
          routes: own,
        },
      };
    });
    const of = (tls: boolean) => sketches.filter(({ isTls }) => isTls === tls).map(({ sketch }) => sketch);
    const ports = [
      portOf({ port: 443, serves: { kind: 'http', tls: true } }, of(false), []),
      portOf({ port: 443, serves: { kind: 'tls' } }, of(true), []),
    ];
    return topologyOf(
      ports.filter((port) => port.listeners.length > 0),
      all,
    );
  });

interface Owner {
  readonly port: PortTopology;
  readonly listener: ListenerTopology;
}

/** What the Gateway API says: a route's cluster, the listener's table, or nobody. */
function expected({ ports, routes: all }: Topology, serverName: string): string {
  const [owner] = ports
    .flatMap((port) => port.listeners.map((each): Owner => ({ port, listener: each })))
    .filter((each) => covers(each.listener.hostname, serverName))
    .toSorted((a, b) => compareSpecificity(a.listener.hostname, b.listener.hostname));
  if (owner === undefined) return INVALID_CLUSTER;
  const { hostname: own, name, certificates, tlsMode, routes: attached } = owner.listener;
  if (tlsMode !== 'Passthrough' && certificates.length === 0) return INVALID_CLUSTER;
  if (owner.port.serves.kind === 'http') return `http/443/${name}`;
  const [winner] = all
    .filter(({ route }) => attached.includes(routeId(route)))
    .flatMap((route) => {
      const names: readonly Hostname[] = route.hostnames.length === 0 ? [undefined] : route.hostnames;
      return names.filter((each) => covers(each, serverName)).map((hostname) => ({ route, hostname }));
    })
    .toSorted(
      (a, b) =>
        compareSpecificity(intersection(own, a.hostname), intersection(own, b.hostname)) ||
        compareSpecificity(a.hostname, b.hostname) ||
        byAge(a.route, b.route),
    );
  return winner === undefined ? INVALID_CLUSTER : routeId(winner.route.route);
}

function found(topology: Topology, serverName: string): string {
  const { snapshot } = modelOf(topology);
  const chosen = chainFor(snapshot, 'tcp/443', serverName);
  const bytes = snapshot.listeners.get('tcp/443')?.bytes;
  const chains = bytes === undefined ? [] : fromBinary(ListenerSchema, bytes).filterChains;
  const filters = chains.find(({ name }) => name === chosen)?.filters ?? [];
  return [...tablesOf(filters), ...filters.flatMap((filter) => clusterOf(filter) ?? [])][0] ?? INVALID_CLUSTER;
}

test('each server name gets the route of its most specific listener, and no other', () => {
  fc.assert(
    fc.property(topologies, fc.constantFrom(...serverNames), (topology, serverName) => {
      // Of HTTPS alone, hosts of a listener without a certificate are answered 421 by a wider one.
      fc.pre(topology.ports.some(({ serves }) => serves.kind === 'tls'));
      expect(found(topology, serverName)).toBe(expected(topology, serverName));
    }),
    { numRuns: 500 },
  );
});
