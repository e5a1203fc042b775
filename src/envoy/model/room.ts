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
import { type Amount, amountOf, clustersOf, excess, NOTHING, plus, times } from './amounts.ts';

/** In all route tables of a Gateway. An entry takes about 10 KB in Envoy, which also compiles all expressions of a table anew for each change. */
const MAX: Amount = { entries: 20_000, regexes: 200_000, bytes: 32_000_000, clusters: 10_000 };

/** A server name of a TLS listener, or a TCP or UDP port, may need a filter chain and a cluster of its own. They take as much room. */
const CHAIN: Amount = { ...NOTHING, entries: 8 };

/** By route, what it takes by listener and hostname. */
export type TakenRoom = ReadonlyMap<RouteId, ReadonlyMap<string, Amount>>;

export interface Room {
  /** The routes that this Gateway has accepted. What serves stays. */
  readonly serving?: ReadonlySet<RouteId>;
  /** What each route had in the model before. Without it, nothing has grown. */
  readonly taken?: TakenRoom;
  readonly limits?: Amount;
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
  { limits = MAX, ...room }: Room = {},
): Steps<Roomy> {
  const viewsOf = new Map<RouteId, PortView[]>();
  for (const view of yield* mapping(ports, viewOf)) {
    for (const id of view.attached.keys()) {
      const known = viewsOf.get(id);
      if (known === undefined) viewsOf.set(id, [view]);
      else known.push(view);
    }
  }
  const asks = yield* mapping(routes, (route) => askOf(viewsOf.get(routeId(route.route)) ?? [], route));
  if (excess(most(asks), limits) === undefined)
    return { routes, taken: new Map(asks.map(({ id, taken }) => [id, taken])), problems: [] };
  const tables = new Map<string, TableSize>();
  const taken = new Map<RouteId, ReadonlyMap<string, Amount>>();
  const exceeding = new Map<RouteId, keyof Amount>();
  let total = NOTHING;
  for (const [index, { id, hosts, taken: asked }] of inOrder(asks, { ...room, limits }).entries()) {
    if (index % 100 === 99) yield;
    const before = total;
    const added: (() => void)[] = [];
    for (const { table, hostname, amount } of hosts) {
      const size = tables.get(table) ?? new TableSize();
      tables.set(table, size);
      const { grown, undo } = size.add(hostname, amount);
      total = plus(total, grown);
      added.push(undo);
      if (excess(total, limits) !== undefined) break;
    }
    const over = excess(total, limits);
    if (over === undefined) {
      taken.set(id, asked);
      continue;
    }
    exceeding.set(id, over);
    for (const undo of added.toReversed()) undo();
    total = before;
  }
  return {
    routes: routes.filter(({ route }) => taken.has(routeId(route))),
    taken,
    problems: routes.flatMap((route) => leftOut(route, exceeding.get(routeId(route.route)), limits)),
  };
}

const leftOut = (route: RouteTopology, over: keyof Amount | undefined, limits: Amount): readonly Problem[] => {
  if (over === undefined) return [];
  const field = isOfConnections(route.route) ? '' : fields[over];
  return route.rules.map(({ rule }) => ({ kind: kinds[over], route: route.route, rule, field, limit: limits[over] }));
};

const kinds = {
  entries: 'too-many-routes',
  regexes: 'too-many-regexes',
  bytes: 'too-many-bytes',
  clusters: 'too-many-clusters',
} as const;

const fields: Readonly<Record<keyof Amount, string>> = {
  entries: 'matches',
  regexes: 'matches',
  bytes: 'filters',
  clusters: 'backendRefs',
};

interface Host {
  readonly table: string;
  readonly hostname: Hostname;
  readonly amount: Amount;
}

/** The room that a route asks for. */
interface Ask {
  readonly id: RouteId;
  readonly route: RouteTopology;
  readonly hosts: readonly Host[];
  /** What it takes by listener and hostname. */
  readonly taken: ReadonlyMap<string, Amount>;
}

function askOf(views: readonly PortView[], route: RouteTopology): Ask {
  const [first, ...others] = views.map((view) => askOnPort(view, route));
  const own = first ?? { hosts: [], taken: new Map<string, Amount>() };
  const placed = others.length === 0 ? own : together([own, ...others]);
  const all = placed.hosts.length === 0 ? nowhere(route) : placed;
  const id = routeId(route.route);
  return { id, route, ...together([all, sharedByHosts(id, clustersOf(route))]) };
}

type PortAsk = Pick<Ask, 'hosts' | 'taken'>;

/** What a route has once, whatever its hostnames. */
const sharedByHosts = (id: RouteId, amount: Amount): PortAsk => ({
  hosts: [{ table: id, hostname: id, amount }],
  taken: new Map([[id, amount]]),
});

/** No table has the route, but its expressions are compiled. */
function nowhere(route: RouteTopology): PortAsk {
  const amount = { ...NOTHING, regexes: amountOf(route).regexes };
  return { hosts: [{ table: '', hostname: undefined, amount }], taken: new Map([['', amount]]) };
}

/** Each port has tables of its own. */
const together = (asks: readonly PortAsk[]): PortAsk => ({
  hosts: asks.flatMap(({ hosts }) => hosts),
  taken: new Map(asks.flatMap(({ taken }) => [...taken])),
});

const askOnPort = onPort((view, route): PortAsk => {
  const amount = amountOf(route);
  const hosts = (view.attached.get(routeId(route.route)) ?? []).flatMap((listener) =>
    hostnamesOn(view, listener, route).map(([, hostname]): Host => {
      const table = `${portKey(view.port)} ${listener.name}`;
      return view.port.serves.kind === 'http'
        ? { table, hostname, amount }
        : // A server name has no entries of wider ones.
          { table: `${table} ${hostname ?? '*'}`, hostname, amount: CHAIN };
    }),
  );
  const taken = new Map<string, Amount>();
  for (const host of hosts) {
    const key = `${host.table} ${host.hostname ?? '*'}`;
    taken.set(key, plus(taken.get(key) ?? NOTHING, host.amount));
  }
  return { hosts, taken };
});

/** At most so much, if each wide hostname covered all hosts. This is known without looking at the hostnames. */
function most(asks: readonly Ask[]): Amount {
  let hosts = 0;
  let exact = NOTHING;
  let wide = NOTHING;
  for (const ask of asks) {
    hosts += ask.hosts.length;
    for (const { hostname, amount } of ask.hosts) {
      if (isWide(hostname)) wide = plus(wide, amount);
      else exact = plus(exact, amount);
    }
  }
  return plus(exact, times(wide, hosts));
}

/**
 * Routes that serve and have not grown always fit, so nobody's growth pushes them out. Then each namespace gets a share, so that
 * one does not take all the room that is left. Then come routes that serve, then all others. The older comes before the younger.
 */
function inOrder(
  asks: readonly Ask[],
  { serving = new Set(), taken, limits }: Room & { readonly limits: Amount },
): readonly Ask[] {
  const isAsBefore = ({ id, taken: asked }: Ask): boolean =>
    taken === undefined ||
    [...asked].every(([key, amount]) => excess(amount, taken.get(id)?.get(key) ?? NOTHING) === undefined);
  const rankOf = (ask: Ask): number => {
    if (!serving.has(ask.id)) return 3;
    return isAsBefore(ask) ? 0 : 2;
  };
  const ranked = asks.map((ask) => ({ ask, rank: rankOf(ask) })).toSorted(byRankAndAge);
  const namespaceOf = ({ route }: Ask): string => parseObjectKey(route.route.key).namespace ?? '';
  const share = times(limits, 1 / new Set(asks.map(namespaceOf)).size);
  const asked = new Map<string, Amount>();
  const shared = ranked.map(({ ask, rank }) => {
    const sum = ask.hosts.reduce((all, { amount }) => plus(all, amount), asked.get(namespaceOf(ask)) ?? NOTHING);
    if (rank > 0 && excess(sum, share) !== undefined) return { ask, rank };
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

/** What one listener's table has, without the entries themselves. */
class TableSize {
  readonly #amounts = new Map<Hostname, Amount>();
  /** How many hosts of the table each hostname covers. */
  readonly #covered = new Map<Hostname, number>();

  add(hostname: Hostname, amount: Amount): { readonly grown: Amount; readonly undo: () => void } {
    const wider = widerThan(hostname);
    const isNew = !this.#amounts.has(hostname);
    let grown = NOTHING;
    if (isNew) {
      for (const each of wider) {
        this.#covered.set(each, (this.#covered.get(each) ?? 0) + 1);
        grown = plus(grown, this.#amounts.get(each) ?? NOTHING);
      }
    }
    const own = this.#amounts.get(hostname) ?? NOTHING;
    this.#amounts.set(hostname, plus(own, amount));
    grown = plus(grown, times(amount, this.#covered.get(hostname) ?? 0));
    const undo = (): void => {
      if (!isNew) {
        this.#amounts.set(hostname, own);
        return;
      }
      this.#amounts.delete(hostname);
      for (const each of wider) this.#covered.set(each, (this.#covered.get(each) ?? 0) - 1);
    };
    return { grown, undo };
  }
}
