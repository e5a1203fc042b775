// What Envoy can express of the routes. What it would refuse never gets there, because it would take the whole table along.
import { isBehind } from '../../gateway/gates.ts';
import type { RouteRef, RuleRef } from '../../gateway/problem-place.ts';
import { routeId } from '../../gateway/route-id.ts';
import { protocolOf, type Shortfall, shortfalls, withinPlane } from '../../gateway/shortfalls.ts';
import type { Mirror, RequestMatch, RouteEntry, RouteTopology, RuleTopology } from '../../gateway/topology.ts';
import type { Problem, RegexRefused } from '../problem.ts';
import { ENVOY_CAPABILITIES } from './capabilities.ts';
import { type HeaderShortfall, headerRefusals } from './headers.ts';
import { regexRefusal } from './regex.ts';

export interface Expressible {
  readonly routes: readonly RouteTopology[];
  readonly problems: readonly Problem[];
  /** Whether Envoy can have the entry. The others are left out. */
  readonly isServed: (entry: RouteEntry) => boolean;
}

export function expressible(routes: readonly RouteTopology[]): Expressible {
  const problems: Problem[] = [];
  const report = (problem: Problem): void => void problems.push(problem);
  const out = new Set<string>();
  const able = routes.map((route) => {
    const within = withinPlane(route, shortfallsOf, report);
    for (const left of leftOut(within, report)) out.add(left);
    return { ...within, rules: within.rules.map((rule) => withUsableMirrors(within.route, rule, report)) };
  });
  const isServed = ({ source }: RouteEntry): boolean =>
    source.kind !== 'rule' || !out.has(matchId(source.route, source.rule, source.match));
  return { routes: able, problems, isServed };
}

const shortfallsOf = (rule: RuleTopology): readonly (Shortfall | HeaderShortfall)[] => [
  ...shortfalls(rule, ENVOY_CAPABILITIES.http),
  ...refusals(rule),
];

const refusals = ({ action }: RuleTopology): readonly HeaderShortfall[] => {
  switch (action.kind) {
    case 'forward':
      return [
        ...headerRefusals(action, 'filters'),
        ...action.backends.flatMap((backend) => headerRefusals(backend, `backendRefs[${backend.index}].filters`)),
      ];
    case 'redirect':
      return headerRefusals({ ...(action.responseHeaders && { responseHeaders: action.responseHeaders }) }, 'filters');
    case 'respond':
      return [];
    default:
      return action satisfies never;
  }
};

const matchId = (route: RouteRef, rule: number, match: number): string => `${routeId(route)} ${rule} ${match}`;

/** The matches that Envoy would refuse, and those of the route's rules that would be without their gate. */
function leftOut({ route, rules }: RouteTopology, report: (problem: Problem) => void): readonly string[] {
  const refused = rules.map((rule) => ({
    rule,
    matches: rule.matches.map((match, index) => regexes({ route, rule: rule.rule }, match, index)),
  }));
  for (const { matches } of refused) for (const problem of matches.flat()) report(problem);
  const gone = new Map<RuleTopology, readonly RequestMatch[]>();
  for (const { rule, matches } of refused) {
    const bad = rule.matches.filter((_, index) => matches[index]?.length !== 0);
    if (bad.length > 0) gone.set(rule, bad.length === rule.matches.length ? rule.matches : bad);
  }
  // A rule that is left out may be the gate of others in its turn.
  for (const [gate, matches] of gone) {
    for (const rule of rules) {
      if (rule === gate || gone.get(rule) === rule.matches || !isBehind({ ...gate, matches }, rule)) continue;
      report({ kind: 'gate-missing', route, rule: rule.rule, field: 'matches', gate: gate.rule });
      gone.delete(rule);
      gone.set(rule, rule.matches);
    }
  }
  return [...gone].flatMap(([rule, matches]) =>
    rule.matches.flatMap((match, index) => (matches.includes(match) ? matchId(route, rule.rule, index) : [])),
  );
}

/** The regular expressions of a match that Envoy would refuse. */
function regexes(
  place: RuleRef,
  { path, headers, queryParams, grpc }: RequestMatch,
  index: number,
): readonly RegexRefused[] {
  const at = `matches[${index}]`;
  const written = [
    { ...path, field: grpc === undefined ? `${at}.path.value` : `${at}.method` },
    ...headers.map((header, n) => ({ ...header, field: `${at}.headers[${n}].value` })),
    ...queryParams.map((query, n) => ({ ...query, field: `${at}.queryParams[${n}].value` })),
  ];
  return written.flatMap(({ type, value, field }) => {
    const detail = type === 'RegularExpression' ? regexRefusal(value) : undefined;
    return detail === undefined ? [] : { kind: 'regex-refused', ...place, field, regex: value, detail };
  });
}

function withUsableMirrors(route: RouteRef, rule: RuleTopology, report: (problem: Problem) => void): RuleTopology {
  const { action } = rule;
  if (action.kind !== 'forward' || action.mirrors === undefined) return rule;
  const usable = action.mirrors.filter(isUsable);
  for (const { service } of action.mirrors.filter((mirror) => !isUsable(mirror))) {
    const { service: key, appProtocol = '' } = service;
    report({
      kind: 'mirror-protocol-unsupported',
      route,
      rule: rule.rule,
      field: 'filters',
      service: key,
      protocol: appProtocol,
    });
  }
  return { ...rule, action: { ...action, mirrors: usable } };
}

function isUsable({ service }: Mirror): boolean {
  const protocol = protocolOf(service);
  return protocol !== undefined && ENVOY_CAPABILITIES.http.backendProtocols.includes(protocol);
}
