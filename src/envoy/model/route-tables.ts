// Route tables: for each host the entries that cover it, in order of precedence. Without a matching entry the answer is 404.
import { compareSpecificity, covers, type Hostname, isWide, widerThan } from '../../gateway/hostnames.ts';
import { compareStrings } from '../../gateway/precedence.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { ListenerTopology } from '../../gateway/topology.ts';
import { encodedResource, type Resource } from '../snapshot.ts';
import { HeaderValueOption_HeaderAppendAction as Append } from '../xds/envoy/config/core/v3/base_pb.ts';
import { VirtualHostSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../xds/envoy/config/route/v3/route_pb.ts';
import { asField, encoded, joined } from './encoded.ts';
import { headerOption } from './headers.ts';
import type { HostRoutes, PortRoutes } from './host-routes.ts';
import { safeRetries } from './retries.ts';

/** Beyond so many listeners, a table does not name them all, because that would be their number squared. */
const MAX_NAMED = 100;

/** What the tables of a port were made from. */
export interface PortTables {
  readonly routes: PortRoutes;
  /** By the listener's name, and by hostname. */
  readonly hosts: ReadonlyMap<string, ReadonlyMap<Hostname, EncodedHost>>;
}

interface EncodedHost {
  /** The routes of the hostname and of wider ones. */
  readonly parts: readonly Uint8Array[];
  /** As a field of a route table. */
  readonly bytes: Uint8Array;
}

/** What the tables of a port are made from. */
export class TableSource {
  readonly port: number;
  readonly routes: PortRoutes;
  readonly #before: PortTables | undefined;
  readonly #hosts = new Map<string, ReadonlyMap<Hostname, EncodedHost>>();

  constructor(port: number, routes: PortRoutes, before: PortTables | undefined) {
    this.port = port;
    this.routes = routes;
    this.#before = before;
  }

  get made(): PortTables {
    return { routes: this.routes, hosts: this.#hosts };
  }

  /** Those of the model before. */
  hostsBefore(listener: string): ReadonlyMap<Hostname, EncodedHost> {
    return this.#before?.hosts.get(listener) ?? new Map();
  }

  keep(listener: string, hosts: ReadonlyMap<Hostname, EncodedHost>): void {
    this.#hosts.set(listener, hosts);
  }
}

/** The table of an HTTP port. Each host belongs to the most specific listener that covers it. */
export function* sharedTable(
  name: string,
  listeners: readonly ListenerTopology[],
  source: TableSource,
): Steps<Resource> {
  const hosts: Uint8Array[] = [];
  for (const [index, listener] of listeners.entries()) {
    if (index % 100 === 99) yield;
    hosts.push(...(yield* hostsOf(listener, source)));
  }
  yield;
  return table(name, hosts, source.port);
}

/** The table of one HTTPS listener. Envoy chooses it by server name, and a request for a host of another one is misdirected. */
export function* ownTable(
  name: string,
  listener: ListenerTopology,
  listeners: readonly ListenerTopology[],
  source: TableSource,
): Steps<Resource> {
  const hosts = yield* hostsOf(listener, source);
  return table(name, [...hosts, ...misdirected(listener, listeners)], source.port);
}

/** @param virtualHosts as fields */
function table(name: string, virtualHosts: readonly Uint8Array[], port: number): Resource {
  const head = encoded(RouteConfigurationSchema, {
    name,
    // The client may write any port behind the host.
    ignorePortInHostMatching: true,
    requestHeadersToAdd: [headerOption('x-forwarded-port', String(port), Append.OVERWRITE_IF_EXISTS_OR_ADD)],
    mostSpecificHeaderMutationsWins: true,
  });
  return encodedResource(RouteConfigurationSchema, name, joined([head, ...virtualHosts]));
}

const domainOf = (hostname: Hostname): string => hostname ?? '*';

/** Envoy takes the most specific domain and looks at no other, so each has the entries of the wider ones too. */
function* hostsOf({ name, hostname: own }: ListenerTopology, source: TableSource): Steps<readonly Uint8Array[]> {
  const routes = source.routes.get(name) ?? new Map<Hostname, HostRoutes>();
  const before = source.hostsBefore(name);
  const hosts = new Map<Hostname, EncodedHost>();
  // Most are exact. Without others, none has routes of wider ones.
  const haveWider = [...routes.keys()].some(isWide);
  for (const hostname of inOrderOf(before, new Set([own, ...routes.keys()]))) {
    if (hosts.size % 100 === 99) yield;
    const parts: Uint8Array[] = [];
    for (const wider of haveWider ? widerThan(hostname) : [hostname]) {
      const bytes = routes.get(wider)?.bytes;
      if (bytes !== undefined) parts.push(bytes);
    }
    const known = before.get(hostname);
    hosts.set(hostname, known !== undefined && areSame(known.parts, parts) ? known : encodedHost(hostname, parts));
  }
  source.keep(name, hosts);
  return [...hosts.values()].map(({ bytes }) => bytes);
}

const areSame = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((part, index) => part === b[index]);

/** Of two entries for one host, the one with the more specific hostname comes first, so whole groups can be joined. */
function encodedHost(hostname: Hostname, parts: readonly Uint8Array[]): EncodedHost {
  const head = encoded(VirtualHostSchema, {
    name: domainOf(hostname),
    domains: [domainOf(hostname)],
    retryPolicy: safeRetries,
  });
  return { parts, bytes: asField(RouteConfigurationSchema.field.virtualHosts, joined([head, ...parts])) };
}

/** The hostnames in order. Few of them are new, and a list that is almost in order is sorted fast. */
const inOrderOf = (before: ReadonlyMap<Hostname, unknown>, hostnames: ReadonlySet<Hostname>): readonly Hostname[] =>
  [...before.keys()]
    .filter((hostname) => hostnames.has(hostname))
    .concat([...hostnames].filter((hostname) => !before.has(hostname)))
    .toSorted(byHostname);

const byHostname = (a: Hostname, b: Hostname): number =>
  compareSpecificity(a, b) || compareStrings(domainOf(a), domainOf(b));

/** GEP-3567: 421 for a host that another listener of the port has, so that the client opens a connection for it. */
function misdirected(own: ListenerTopology, listeners: readonly ListenerTopology[]): readonly Uint8Array[] {
  const others = listeners.filter((each) => each !== own).map(({ hostname }) => hostname);
  const inside = others.filter((hostname) => covers(own.hostname, hostname));
  const named = others.length > MAX_NAMED ? [...inside, ...(own.hostname === undefined ? [] : [undefined])] : others;
  if (named.length === 0) return [];
  const host = encoded(VirtualHostSchema, {
    name: 'misdirected',
    domains: named.toSorted(byHostname).map(domainOf),
    routes: [
      {
        name: 'misdirected',
        match: { pathSpecifier: { case: 'prefix', value: '/' } },
        action: { case: 'directResponse', value: { status: 421 } },
      },
    ],
  });
  return [asField(RouteConfigurationSchema.field.virtualHosts, host)];
}
