// How many routes Envoy gets. Each host has the entries of wider hostnames too, so tenants could multiply them: they are counted
// before they are made.
import { isOfConnections } from '../../gateway/connection-route.ts';
import { hostnamesOn, onPort, type PortView, viewOf } from '../../gateway/entries.ts';
import { type Hostname, isWide, widerThan } from '../../gateway/hostnames.ts';
import { portKey } from '../../gateway/listener-protocols.ts';
import { compareRoutes, compareStrings } from '../../gateway/precedence.ts';
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import { mapping, type Steps } from '../../gateway/steps.ts';
import type { PortTopology, RouteTopology } from '../../gateway/topology.ts';
import { parseObjectKey } from '../../kube/object.ts';
import type { Problem } from '../problem.ts';
import { shareCount } from './shares.ts';

/** Entries in all route tables of a Gateway. Each takes about 10 KB in Envoy. */
const MAX_ENTRIES = 20_000;

/** A server name of a TLS listener may need a filter chain and a cluster of its own. They take as much room as so many entries. */
const CHAIN_ENTRIES = 8;

/** By route, its matches by listener and hostname. */
export type TakenRoom = ReadonlyMap<RouteId, ReadonlyMap<string, number>>;

export interface Room {
  /** The routes that this Gateway has accepted. What serves stays. */
  readonly serving?: ReadonlySet<RouteId>;
  /** What each route had in the model before. Without it, nothing has grown. */
  readonly taken?: TakenRoom;
  readonly limit?: number;
}

export interface Roomy {
  readonly routes: readonly RouteTopology[];
  readonly taken: TakenRoom;
  readonly problems: readonly Problem[];
}

/** What serves and has not grown comes first. A route that does not fit is left out alone. */
export function* withRoom(
  ports: readonly PortTopology[],
  routes: readonly RouteTopology[],
  { limit = MAX_ENTRIES, ...room }: Room = {},
): Steps<Roomy> {
  const views = ports.filter(({ serves }) => serves.kind === 'http' || serves.kind === 'tls').map(viewOf);
  const asks = yield* mapping(routes, (route) => askOf(views, route));
  if (mostEntries(asks) <= limit)
    return { routes, taken: new Map(asks.map(({ id, taken }) => [id, taken])), problems: [] };
  const tables = new Map<string, TableSize>();
  const taken = new Map<RouteId, ReadonlyMap<string, number>>();
  let total = 0;
  for (const [index, { id, hosts, taken: asked }] of inOrder(asks, { ...room, limit }).entries()) {
    if (index % 100 === 99) yield;
    const before = total;
    const added: (() => void)[] = [];
    for (const { table, hostname, matches } of hosts) {
      const size = tables.get(table) ?? new TableSize();
      tables.set(table, size);
      const { grown, undo } = size.add(hostname, matches);
      total += grown;
      added.push(undo);
      if (total > limit) break;
    }
    if (total <= limit) {
      taken.set(id, asked);
      continue;
    }
    for (const undo of added.toReversed()) undo();
    total = before;
  }
  const hasRoom = ({ route }: RouteTopology): boolean => taken.has(routeId(route));
  return {
    routes: routes.filter(hasRoom),
    taken,
    problems: routes
      .filter((route) => !hasRoom(route))
      .flatMap(({ route, rules }) =>
        rules.map(({ rule }) => ({
          kind: 'too-many-routes' as const,
          route,
          rule,
          field: isOfConnections(route) ? '' : 'matches',
          limit,
        })),
      ),
  };
}

interface Host {
  readonly table: string;
  readonly hostname: Hostname;
  readonly matches: number;
}

/** The room that a route asks for. */
interface Ask {
  readonly id: RouteId;
  readonly route: RouteTopology;
  readonly hosts: readonly Host[];
  /** Its matches by listener and hostname. */
  readonly taken: ReadonlyMap<string, number>;
}

function askOf(views: readonly PortView[], route: RouteTopology): Ask {
  const [first, ...others] = views.map((view) => askOnPort(view, route));
  const own = first ?? { hosts: [], taken: new Map<string, number>() };
  const all = others.length === 0 ? own : together([own, ...others]);
  return { id: routeId(route.route), route, ...all };
}

type PortAsk = Pick<Ask, 'hosts' | 'taken'>;

/** Each port has tables of its own. */
const together = (asks: readonly PortAsk[]): PortAsk => ({
  hosts: asks.flatMap(({ hosts }) => hosts),
  taken: new Map(asks.flatMap(({ taken }) => [...taken])),
});

const askOnPort = onPort((view, route): PortAsk => {
  const matches = route.rules.reduce((sum, rule) => sum + rule.matches.length * shareCount(rule.action), 0);
  const hosts = (view.attached.get(routeId(route.route)) ?? []).flatMap((listener) =>
    hostnamesOn(view, listener, route).map(([, hostname]): Host => {
      const table = `${portKey(view.port)} ${listener.name}`;
      return view.port.serves.kind === 'http'
        ? { table, hostname, matches }
        : // A server name has no entries of wider ones.
          { table: `${table} ${hostname ?? '*'}`, hostname, matches: CHAIN_ENTRIES };
    }),
  );
  const taken = new Map<string, number>();
  for (const host of hosts) {
    const key = `${host.table} ${host.hostname ?? '*'}`;
    taken.set(key, (taken.get(key) ?? 0) + host.matches);
  }
  return { hosts, taken };
});

/** At most so many entries, if each wide hostname covered all hosts. This is known without looking at the hostnames. */
function mostEntries(asks: readonly Ask[]): number {
  let hosts = 0;
  let exact = 0;
  let wide = 0;
  for (const ask of asks) {
    hosts += ask.hosts.length;
    for (const { hostname, matches } of ask.hosts) {
      if (isWide(hostname)) wide += matches;
      else exact += matches;
    }
  }
  return exact + wide * hosts;
}

/**
 * Routes that serve and have not grown always fit, so nobody's growth pushes them out. Then each namespace gets a share, so that
 * one does not take all the room that is left. Then come routes that serve, then all others. The older comes before the younger.
 */
function inOrder(
  asks: readonly Ask[],
  { serving = new Set(), taken, limit }: Room & { readonly limit: number },
): readonly Ask[] {
  const isAsBefore = ({ id, taken: asked }: Ask): boolean =>
    taken === undefined || [...asked].every(([key, matches]) => matches <= (taken.get(id)?.get(key) ?? 0));
  const rankOf = (ask: Ask): number => {
    if (!serving.has(ask.id)) return 3;
    return isAsBefore(ask) ? 0 : 2;
  };
  const ranked = asks.map((ask) => ({ ask, rank: rankOf(ask) })).toSorted(byRankAndAge);
  const namespaceOf = ({ route }: Ask): string => parseObjectKey(route.route.key).namespace ?? '';
  const share = limit / new Set(asks.map(namespaceOf)).size;
  const asked = new Map<string, number>();
  const shared = ranked.map(({ ask, rank }) => {
    const sum = ask.hosts.reduce((all, { matches }) => all + matches, asked.get(namespaceOf(ask)) ?? 0);
    if (rank > 0 && sum > share) return { ask, rank };
    asked.set(namespaceOf(ask), sum);
    return { ask, rank: Math.min(rank, 1) };
  });
  return shared.toSorted(byRankAndAge).map(({ ask }) => ask);
}

interface Ranked {
  readonly ask: Ask;
  readonly rank: number;
}

const byRankAndAge = (a: Ranked, b: Ranked): number => a.rank - b.rank || byAge(a.ask.route, b.ask.route);

const byAge = (a: RouteTopology, b: RouteTopology): number =>
  compareStrings(a.created ?? '', b.created ?? '') || compareRoutes(a.route, b.route);

/** The number of entries in one listener's table, without the entries themselves. */
class TableSize {
  /** Matches by hostname. */
  readonly #matches = new Map<Hostname, number>();
  /** How many hosts of the table each hostname covers. */
  readonly #covered = new Map<Hostname, number>();

  add(hostname: Hostname, matches: number): { readonly grown: number; readonly undo: () => void } {
    const wider = widerThan(hostname);
    const isNew = !this.#matches.has(hostname);
    let grown = 0;
    if (isNew) {
      for (const each of wider) {
        this.#covered.set(each, (this.#covered.get(each) ?? 0) + 1);
        grown += this.#matches.get(each) ?? 0;
      }
    }
    const own = this.#matches.get(hostname) ?? 0;
    this.#matches.set(hostname, own + matches);
    grown += matches * (this.#covered.get(hostname) ?? 0);
    const undo = (): void => {
      if (!isNew) {
        this.#matches.set(hostname, own);
        return;
      }
      this.#matches.delete(hostname);
      for (const each of wider) this.#covered.set(each, (this.#covered.get(each) ?? 0) - 1);
    };
    return { grown, undo };
  }
}
