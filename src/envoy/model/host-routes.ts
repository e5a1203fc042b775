// The encoded routes of each hostname. A change of one route costs what this route costs: what the others were made to is
// remembered, and a hostname whose routes are the same has the same bytes.
import { onPort, type PortView, ruleEntries } from '../../gateway/entries.ts';
import type { Hostname } from '../../gateway/hostnames.ts';
import { type Candidate, comparePrecedence } from '../../gateway/precedence.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { RouteEntry, RouteTopology } from '../../gateway/topology.ts';
import { RouteSchema, VirtualHostSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { asField, encoded, joined } from './encoded.ts';
import { type PublicPort, routesOf } from './route.ts';

/** What one route has for one hostname of a listener. */
interface Part {
  readonly listener: string;
  readonly hostname: Hostname;
  readonly entries: readonly EncodedEntry[];
}

interface EncodedEntry {
  readonly candidate: Candidate;
  /** As fields of a virtual host. */
  readonly bytes: Uint8Array;
}

/** The routes of one hostname of a listener. */
export interface HostRoutes {
  readonly parts: readonly Part[];
  /** Fields of a virtual host, in order of precedence. */
  readonly bytes: Uint8Array;
}

/** By the listener's name, and by hostname. */
export type PortRoutes = ReadonlyMap<string, ReadonlyMap<Hostname, HostRoutes>>;

/** @param before of the same port */
export function* portRoutes(
  view: PortView,
  routes: readonly RouteTopology[],
  before: PortRoutes = new Map(),
): Steps<PortRoutes> {
  const parts = new Map<string, Map<Hostname, Part[]>>();
  for (const [index, route] of routes.entries()) {
    if (index % 100 === 99) yield;
    for (const part of partsOf(view, route)) addTo(parts, part);
  }
  const tables = new Map<string, ReadonlyMap<Hostname, HostRoutes>>();
  for (const [listener, hosts] of parts) {
    const table = new Map<Hostname, HostRoutes>();
    for (const [hostname, own] of hosts) {
      if (table.size % 100 === 99) yield;
      const known = before.get(listener)?.get(hostname);
      table.set(hostname, known !== undefined && areSame(known.parts, own) ? known : merged(own));
    }
    tables.set(listener, table);
  }
  return tables;
}

const partsOf = onPort((view, route): readonly Part[] => {
  const { port, serves } = view.port;
  const at: PublicPort = { port, scheme: serves.kind === 'http' && serves.tls ? 'https' : 'http' };
  const parts = new Map<string, Map<Hostname, Part & { readonly entries: EncodedEntry[] }>>();
  for (const rule of route.rules) {
    // A match is the same for each hostname.
    const encodings = new Map<number, Uint8Array>();
    for (const { entry, candidate } of ruleEntries(view, route, rule)) {
      const bytes = encodings.get(candidate.matchIndex) ?? encodedEntry(entry, at);
      encodings.set(candidate.matchIndex, bytes);
      const { listener, hostname } = entry;
      const hosts = parts.get(listener) ?? new Map<Hostname, Part & { readonly entries: EncodedEntry[] }>();
      parts.set(listener, hosts);
      const part = hosts.get(hostname) ?? { listener, hostname, entries: [] };
      hosts.set(hostname, part);
      part.entries.push({ candidate, bytes });
    }
  }
  return [...parts.values()].flatMap((hosts) => [...hosts.values()]);
});

const encodedEntry = (entry: RouteEntry, at: PublicPort): Uint8Array =>
  joined(routesOf(entry, at).map((each) => asField(VirtualHostSchema.field.routes, encoded(RouteSchema, each))));

function addTo(parts: Map<string, Map<Hostname, Part[]>>, part: Part): void {
  const hosts = parts.get(part.listener) ?? new Map<Hostname, Part[]>();
  parts.set(part.listener, hosts);
  const own = hosts.get(part.hostname);
  if (own === undefined) hosts.set(part.hostname, [part]);
  else own.push(part);
}

const areSame = (a: readonly Part[], b: readonly Part[]): boolean =>
  a.length === b.length && a.every((part, index) => part === b[index]);

function merged(parts: readonly Part[]): HostRoutes {
  const entries = parts.flatMap((part) => part.entries).toSorted((a, b) => comparePrecedence(a.candidate, b.candidate));
  return { parts, bytes: joined(entries.map(({ bytes }) => bytes)) };
}
