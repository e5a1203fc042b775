// The model of Envoy: everything that the Envoys of a Gateway need, except endpoints, which change with each pod.

import type { IpFamily } from '../../gateway/backend-service.ts';
import { routesById } from '../../gateway/connections.ts';
import { type PortKey, portKey } from '../../gateway/listener-protocols.ts';
import { remembered } from '../../gateway/remembered.ts';
import { mapping, type Steps } from '../../gateway/steps.ts';
import type { ListenerTopology, PortTopology, RouteTopology, Topology } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { Problem } from '../problem.ts';
import type { Resource, Snapshot } from '../snapshot.ts';
import { cluster } from './clusters.ts';
import { tcpPort, tlsPort, udpPort } from './connections-port.ts';
import { clientAuthoritiesOf, secretsOf } from './downstream-tls.ts';
import { expressible } from './expressible.ts';
import { httpPort } from './http-port.ts';
import { listenersOf, type PlacedParts, sharedNumbers } from './listeners.ts';
import { secretName } from './names.ts';
import type { PortParts } from './port-parts.ts';
import { type PortMapping, proxyPorts } from './proxy-ports.ts';
import { type Room, type TakenRoom, withRoom } from './room.ts';
import type { PortTables } from './route-tables.ts';

import { type KeyPair, secret } from './secrets.ts';
import { authoritiesSecrets } from './upstream-tls.ts';
import { authoritiesOf, passedThrough, type Upstream, upstreamsOf } from './upstreams.ts';

export interface EnvoyOptions extends Pick<Room, 'serving'> {
  /** Of the addresses in the pods. */
  readonly families: readonly IpFamily[];
  /** How the Services map ports now. */
  readonly standingPorts?: Iterable<PortMapping>;
  /** Of the Secrets that the listeners refer to. One without a key pair leaves its certificate out. */
  readonly keyPairs: ReadonlyMap<ObjectKey, KeyPair>;
  /** The last model of the Gateway. What it has is encoded already, and keeps its room. */
  readonly before?: Pick<EnvoyModel, 'made' | 'taken'>;
}

export interface EnvoyModel {
  readonly snapshot: Omit<Snapshot, 'endpoints'>;
  /** By the name of their cluster. Each needs endpoints of the same name. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** From listeners' ports to Envoy's. */
  readonly ports: ReadonlyMap<number, number>;
  /** Those that Envoy has, in the order of the topology. */
  readonly routes: readonly RouteTopology[];
  readonly problems: readonly Problem[];
  /** For the next model of the Gateway. */
  readonly made: ReadonlyMap<PortKey, PortTables>;
  /** For the next one, too. */
  readonly taken: TakenRoom;
}

export function* buildEnvoy(topology: Topology, options: EnvoyOptions): Steps<EnvoyModel> {
  const { ports: asked, routes: written } = topology;
  const shared = yield* sharedNumbers(asked);
  const roomy = yield* withRoom(shared, written, {
    ...(options.serving && { serving: options.serving }),
    ...(options.before && { taken: options.before.taken }),
  });
  const { routes, problems } = yield* expressible(roomy.routes);
  const usable = shared.map((port) => withKeyPairs(port, options.keyPairs));
  const ports = proxyPorts(
    usable.map(({ port }) => port),
    options.standingPorts,
  );
  const parts: PlacedParts[] = [];
  const byId = routesById(routes);
  for (const port of usable) {
    const before = options.before?.made.get(portKey(port));
    parts.push({ port, ...(yield* partsOf(port, { routes, byId, before })) });
  }
  const upstreams = upstreamsOf(routes, passedThrough(usable));
  const terminating = usable.flatMap(({ listeners }) => listeners);
  return {
    snapshot: {
      clusters: named(yield* mapping([...upstreams.values()], clusterOf)),
      secrets: named([
        ...(yield* mapping(terminating, (each) => certificatesOf(each, options.keyPairs))).flat(),
        ...authoritiesSecrets(
          [...[...upstreams.values()].flatMap(authoritiesOf), ...terminating.flatMap(clientAuthoritiesOf)],
          topology.authorities,
        ),
      ]),
      listeners: named(yield* listenersOf(parts, ports, options.families)),
      routes: named(parts.flatMap(({ tables }) => tables)),
    },
    upstreams,
    ports,
    routes,
    problems: [...roomy.problems, ...problems],
    made: new Map(parts.flatMap(({ port, made }) => (made === undefined ? [] : [[portKey(port), made] as const]))),
    taken: roomy.taken,
  };
}

/** An upstream is the same as long as no route that refers to it changes. */
const clusterOf = remembered(cluster);

const named = (resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.map((each) => [each.name, each]));

/** Envoy would wait for a certificate that does not come, and hold all changes of the port meanwhile. */
const withKeyPairs = (port: PortTopology, keyPairs: EnvoyOptions['keyPairs']): PortTopology => ({
  ...port,
  listeners: port.listeners.map((listener) => ({
    ...listener,
    certificates: listener.certificates.filter((each) => each.kind !== 'external' && keyPairs.has(each.secret)),
  })),
});

const certificatesOf = (listener: ListenerTopology, keyPairs: EnvoyOptions['keyPairs']): readonly Resource[] =>
  secretsOf(listener).flatMap((key) => {
    const pair = keyPairs.get(key);
    return pair === undefined ? [] : [secret(secretName(key, listener), pair)];
  });

interface Routed {
  readonly routes: readonly RouteTopology[];
  readonly byId: ReturnType<typeof routesById>;
  /** What the last model had for the port. */
  readonly before: PortTables | undefined;
}

function* partsOf(port: PortTopology, { routes, byId, before }: Routed): Steps<PortParts> {
  const { serves } = port;
  yield;
  switch (serves.kind) {
    case 'http':
      return yield* httpPort(port, serves.tls, routes, before);
    case 'tls':
      return yield* tlsPort(port, byId);
    case 'tcp':
      return tcpPort(port, byId);
    case 'udp':
      return udpPort(port, byId);
    default:
      return serves satisfies never;
  }
}
