// The rules of a Gateway's routes, before it is known whether they fit. Entries are counted first, and made only for rules that
// may fit.

import { hostnamesOn, type PortView } from '../../gateway/entries.ts';
import { compareRoutes, compareStrings } from '../../gateway/precedence.ts';
import { routeId } from '../../gateway/route-id.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { RouteTopology, RuleTopology } from '../../gateway/topology.ts';
import type { ModelContext } from './context.ts';
import { type ExpressedSource, expressSource, type SourceRule } from './express-entries.ts';
import { closeGates } from './gates.ts';
import { stableJson } from './hash.ts';
import { MATCHES_PER_RULE } from './room.ts';

export interface Candidates {
  readonly route: RouteTopology;
  readonly sources: readonly SourceRule[];
  /** The sources that do not fit on any load balancer, with the number of rules that each needs at least. */
  readonly tooLarge: ReadonlyMap<SourceRule, number>;
  /** The other sources, as an ALB can express them. They are made when they are needed. */
  readonly expressed: () => readonly ExpressedSource[];
  /** How many entries the other sources have. */
  readonly size: number;
}

/** The candidates of all attached routes, from the oldest route to the newest. */
export function* candidatesOf(context: ModelContext, views: readonly PortView[]): Steps<readonly Candidates[]> {
  const attached = context.topology.routes.filter(({ route }) =>
    views.some((view) => view.attached.has(routeId(route))),
  );
  const all: Candidates[] = [];
  for (const route of attached.toSorted(byAge)) {
    all.push(candidates(context, views, route));
    yield;
  }
  return all;
}

const byAge = (a: RouteTopology, b: RouteTopology): number =>
  compareStrings(a.created ?? '', b.created ?? '') || compareRoutes(a.route, b.route);

function candidates(context: ModelContext, views: readonly PortView[], route: RouteTopology): Candidates {
  const most = context.options.quotas.rulesPerLoadBalancer * MATCHES_PER_RULE;
  const own = views.filter((view) => view.attached.has(routeId(route.route)));
  const sources = route.rules.map(
    (rule): SourceRule => ({
      id: `${routeId(route.route)}/${rule.rule}`,
      place: { route: route.route, rule: rule.rule },
      route,
      rule,
    }),
  );
  const sizes = new Map(sources.map((source) => [source, countEntries(own, source, most)]));
  const tooLarge = new Map(
    [...sizes].flatMap(([source, size]) => (size > most ? [[source, Math.ceil(size / MATCHES_PER_RULE)]] : [])),
  );
  const fitting = sources.filter((source) => !tooLarge.has(source));
  let expressed: readonly ExpressedSource[] | undefined;
  return {
    route,
    sources,
    tooLarge,
    expressed: () => {
      expressed ??= closeGates(fitting.map((source) => expressSource(context, own, source)));
      return expressed;
    },
    size: fitting.reduce((sum, source) => sum + (sizes.get(source) ?? 0), 0),
  };
}

/** Counts until there are more than `most`. A repeated match of a rule counts once. */
function countEntries(views: readonly PortView[], source: SourceRule, most: number): number {
  const all = source.rule.matches.length;
  const count = countHosts(views, source, most / all) * all;
  if (count <= most) return count;
  const matches = new Set(source.rule.matches.map(matchText)).size;
  return matches === all ? count : countHosts(views, source, most / matches) * matches;
}

function countHosts(views: readonly PortView[], { route }: SourceRule, most: number): number {
  let count = 0;
  for (const view of views) {
    for (const listener of view.attached.get(routeId(route.route)) ?? []) {
      count += hostnamesOn(view, listener, route).length;
      if (count > most) return count;
    }
  }
  return count;
}

const matchText = ({ path, method = '', headers, queryParams }: RuleTopology['matches'][number]): string =>
  `${method} ${path.type} ${path.value} ${headers.length + queryParams.length > 0 ? stableJson([headers, queryParams]) : ''}`;
