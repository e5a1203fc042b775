// Route tables: for each host the entries that cover it, in order of precedence. Without a matching entry the answer is 404.
import { compareSpecificity, covers, type Hostname, widerThan } from '../../gateway/hostnames.ts';
import { compareStrings } from '../../gateway/precedence.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { ListenerTopology, RouteEntry } from '../../gateway/topology.ts';
import { encodedResource, type Resource } from '../snapshot.ts';
import { HeaderValueOption_HeaderAppendAction as Append } from '../xds/envoy/config/core/v3/base_pb.ts';
import { VirtualHostSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../xds/envoy/config/route/v3/route_pb.ts';
import { asField, encoded, joined } from './encoded.ts';
import { headerOption } from './headers.ts';
import { safeRetries } from './retries.ts';
import type { PublicPort } from './route.ts';
import type { RouteEncoder } from './route-encoder.ts';

/** Beyond so many listeners, a table does not name them all, because that would be their number squared. */
const MAX_NAMED = 100;

/** What the tables of a port are made from. */
export interface TableSource {
  readonly at: PublicPort;
  /** By the name of their listener, each in order of precedence. */
  readonly entries: ReadonlyMap<string, readonly RouteEntry[]>;
  readonly encoder: RouteEncoder;
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
  return table(name, hosts, source.at);
}

/** The table of one HTTPS listener. Envoy chooses it by server name, and a request for a host of another one is misdirected. */
export function* ownTable(
  name: string,
  listener: ListenerTopology,
  listeners: readonly ListenerTopology[],
  source: TableSource,
): Steps<Resource> {
  const hosts = yield* hostsOf(listener, source);
  return table(name, [...hosts, ...misdirected(listener, listeners)], source.at);
}

function table(name: string, virtualHosts: readonly Uint8Array[], { port }: PublicPort): Resource {
  const head = encoded(RouteConfigurationSchema, {
    name,
    // The client may write any port behind the host.
    ignorePortInHostMatching: true,
    requestHeadersToAdd: [headerOption('x-forwarded-port', String(port), Append.OVERWRITE_IF_EXISTS_OR_ADD)],
    mostSpecificHeaderMutationsWins: true,
  });
  const hosts = virtualHosts.map((host) => asField(RouteConfigurationSchema.field.virtualHosts, host));
  return encodedResource(RouteConfigurationSchema, name, joined([head, ...hosts]));
}

const domainOf = (hostname: Hostname): string => hostname ?? '*';

/** Envoy takes the most specific domain and looks at no other, so each has the entries of the wider ones too. */
function* hostsOf(
  { name, hostname: own }: ListenerTopology,
  { at, entries: byListener, encoder }: TableSource,
): Steps<readonly Uint8Array[]> {
  const entries = byListener.get(name) ?? [];
  const routes = new Map<Hostname, Uint8Array>();
  for (const [hostname, group] of Map.groupBy(entries, (entry) => entry.hostname)) {
    routes.set(hostname, joined(group.map((entry) => encoder.fields(entry, at))));
    yield;
  }
  // Of two entries for one host, the one with the more specific hostname comes first, so whole groups can be joined.
  return [...new Set([own, ...routes.keys()])].toSorted(byHostname).map((hostname) => {
    const head = encoded(VirtualHostSchema, {
      name: domainOf(hostname),
      domains: [domainOf(hostname)],
      retryPolicy: safeRetries,
    });
    return joined([head, ...widerThan(hostname).flatMap((wider) => routes.get(wider) ?? [])]);
  });
}

const byHostname = (a: Hostname, b: Hostname): number =>
  compareSpecificity(a, b) || compareStrings(domainOf(a), domainOf(b));

/** GEP-3567: 421 for a host that another listener of the port has, so that the client opens a connection for it. */
function misdirected(own: ListenerTopology, listeners: readonly ListenerTopology[]): readonly Uint8Array[] {
  const others = listeners.filter((each) => each !== own).map(({ hostname }) => hostname);
  const inside = others.filter((hostname) => covers(own.hostname, hostname));
  const named = others.length > MAX_NAMED ? [...inside, ...(own.hostname === undefined ? [] : [undefined])] : others;
  if (named.length === 0) return [];
  return [
    encoded(VirtualHostSchema, {
      name: 'misdirected',
      domains: named.toSorted(byHostname).map(domainOf),
      routes: [
        {
          name: 'misdirected',
          match: { pathSpecifier: { case: 'prefix', value: '/' } },
          action: { case: 'directResponse', value: { status: 421 } },
        },
      ],
    }),
  ];
}
