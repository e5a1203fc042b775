// The rules in AWS that a route keeps, because it wants more than there is room for, or because it cannot be read.

import type { PortView } from '../../gateway/entries.ts';
import { compareSpecificity, covers, widerThan } from '../../gateway/hostnames.ts';
import type { RouteRef } from '../../gateway/problem-place.ts';
import { routeId } from '../../gateway/route-id.ts';
import type { ListenerTopology, RouteEntry, RouteTopology } from '../../gateway/topology.ts';
import type { RuleMatch } from './conditions.ts';
import type { RankedRule } from './express-entries.ts';
import { foreignServices } from './foreign-services.ts';
import { stableJson } from './hash.ts';
import type { RuleAction } from './resources.ts';
import { nameOf, type StandingAtom } from './shares.ts';
import type { Standing } from './standing.ts';

/**
 * The rules for existing listeners that the route is still attached to, as far as it can be read.
 * @returns undefined if a rule must not be kept, because the route may no longer use a Service of another namespace
 */
export function keptRules(
  route: RouteTopology,
  atoms: readonly StandingAtom[],
  views: ReadonlyMap<number, PortView>,
  { isPermitted }: Standing,
): readonly RankedRule[] | undefined {
  const permitted = atoms.every(({ rule: { spec } }) =>
    servicesOf(spec.action, route.route).every((service) => isPermitted(route.route, service)),
  );
  if (!permitted) return undefined;
  return atoms.flatMap((atom) => {
    const view = views.get(atom.rule.port);
    const listener = view && listenerOf(view, route, atom.match);
    return listener === undefined ? [] : keptRule(route, listener, atom);
  });
}

/** For the most specific listener that covers the host. */
function listenerOf(
  view: PortView,
  { route, unread }: RouteTopology,
  { hosts: [host] }: RuleMatch,
): ListenerTopology | undefined {
  const owner = widerThan(host).find((hostname) => view.hostnames.has(hostname));
  const listener = view.listeners.find(({ hostname }) => hostname === owner);
  if (listener === undefined) return undefined;
  return unread === true || listener.routes.includes(routeId(route)) ? listener : undefined;
}

function keptRule(
  { route, created, hostnames: written }: RouteTopology,
  listener: ListenerTopology,
  { rule, match }: StandingAtom,
): RankedRule {
  const [host] = match.hosts;
  const { action, transforms } = rule.spec;
  const named = nameOf(rule.id);
  const entry: RouteEntry = {
    listener: listener.name,
    ...(host !== undefined && { hostname: host }),
    match: routeMatch(match),
    source: {
      kind: 'rule',
      route,
      rule: 0,
      ruleName: named.route === routeId(route) ? (named.rule ?? '0') : 'kept',
      match: 0,
    },
    // It is never read, because the rule's action is kept in AWS's own form.
    action: { kind: 'respond', statusCode: 500 },
  };
  // If the host is the listener's own, the route's hostname is unknown.
  const hostnames = host === listener.hostname ? written.filter((each) => covers(each, host)) : [];
  return {
    planned: {
      port: rule.port,
      entry,
      match,
      behaviour: stableJson([action, transforms]),
      action,
      transforms,
      targetGroups: [],
      sources: [{ route, rule: undefined, match }],
      standsAt: rule.priority,
      keptFrom: rule,
    },
    candidate: {
      routeHostname: hostnames.toSorted(compareSpecificity)[0] ?? host,
      match: entry.match,
      creationTimestamp: created,
      route,
      ruleIndex: rule.priority,
      matchIndex: 0,
    },
  };
}

/** The parts that precedence compares. */
function routeMatch({ paths: [path], methods: [method], others }: RuleMatch): RouteEntry['match'] {
  const types = { exact: 'Exact', prefix: 'PathPrefix', regex: 'RegularExpression' } as const;
  const conditions = (field: string) =>
    others
      .filter((other) => other.field === field)
      .map((_, index) => ({ type: 'Exact' as const, name: String(index), value: '' }));
  return {
    path: path === undefined ? { type: 'PathPrefix', value: '/' } : { type: types[path.type], value: path.value },
    ...(method !== undefined && { method }),
    headers: conditions('http-header'),
    queryParams: conditions('query-string'),
  };
}

const servicesOf = (action: RuleAction, route: RouteRef) =>
  action.kind === 'forward' ? foreignServices(action.targetGroups, route) : [];
