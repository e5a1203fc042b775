// How many routes Envoy gets. Each host has the entries of wider hostnames too, so tenants could multiply them: they are counted
// before they are made.
import { hostnamesOn, type PortView, viewOf } from '../../gateway/entries.ts';
import { type Hostname, widerThan } from '../../gateway/hostnames.ts';
import { compareRoutes, compareStrings } from '../../gateway/precedence.ts';
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { PortTopology, RouteTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';

/** Entries in all route tables of a Gateway. Each takes about 10 KB in Envoy. */
const MAX_ENTRIES = 20_000;

export interface Room {
  /** The routes that Envoy has now. What serves stays. */
  readonly serving?: ReadonlySet<RouteId>;
  readonly limit?: number;
}

/** What serves comes first, then the oldest routes that fit. A route that does not is left out alone. */
export function* withRoom(
  ports: readonly PortTopology[],
  routes: readonly RouteTopology[],
  { serving = new Set(), limit = MAX_ENTRIES }: Room = {},
): Steps<{ readonly routes: readonly RouteTopology[]; readonly problems: readonly Problem[] }> {
  const views = ports.filter(({ serves }) => serves.kind === 'http').map(viewOf);
  const tables = new Map<string, TableSize>();
  const out = new Set<RouteTopology>();
  let total = 0;
  const isServing = ({ route }: RouteTopology): boolean => serving.has(routeId(route));
  const inOrder = routes.toSorted((a, b) => Number(isServing(b)) - Number(isServing(a)) || byAge(a, b));
  for (const [index, route] of inOrder.entries()) {
    if (index % 10 === 9) yield;
    const hosts = views.flatMap((view) => hostsOf(view, route));
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
    if (total <= limit) continue;
    for (const undo of added.toReversed()) undo();
    total = before;
    out.add(route);
  }
  return {
    routes: routes.filter((route) => !out.has(route)),
    problems: [...out].flatMap(({ route, rules }) =>
      rules.map(({ rule }) => ({ kind: 'too-many-routes' as const, route, rule, field: 'matches', limit })),
    ),
  };
}

const byAge = (a: RouteTopology, b: RouteTopology): number =>
  compareStrings(a.created ?? '', b.created ?? '') || compareRoutes(a.route, b.route);

function hostsOf(view: PortView, route: RouteTopology) {
  const matches = route.rules.reduce((sum, rule) => sum + rule.matches.length, 0);
  return (view.attached.get(routeId(route.route)) ?? []).flatMap((listener) =>
    hostnamesOn(view, listener, route).map(([, hostname]) => ({
      table: `${view.port.port} ${listener.name}`,
      hostname,
      matches,
    })),
  );
}

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
