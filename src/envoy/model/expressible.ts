// What Envoy can express of the routes. What it would refuse never gets there, because it would take the whole table along.
import { isOfConnections } from '../../gateway/connection-route.ts';
import { isBehind } from '../../gateway/gates.ts';
import type { RouteRef, RulePlace } from '../../gateway/problem-place.ts';
import type { Forward, Mirror, TopologyBackend } from '../../gateway/route-action.ts';
import { protocolOf, type Shortfall, shortfalls, tlsShortfall, withinPlane } from '../../gateway/shortfalls.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { RouteTopology, RuleTopology } from '../../gateway/topology.ts';
import { frozen } from '../../kube/object.ts';
import type { Problem, RegexRefused, RegexTooLong } from '../problem.ts';
import { regexesOf } from './amounts.ts';
import { ENVOY_CAPABILITIES } from './capabilities.ts';
import { type HeaderShortfall, headerRefusals } from './headers.ts';
import { MAX_REGEX_LENGTH, regexRefusal } from './regex.ts';
import { MAX_ATTEMPTS } from './retries.ts';

export interface Expressible {
  readonly routes: readonly RouteTopology[];
  readonly problems: readonly Problem[];
}

/** A rule that Envoy cannot have is left out. One whose filters it cannot have answers 500. */
export function* expressible(routes: readonly RouteTopology[]): Steps<Expressible> {
  const problems: Problem[] = [];
  const able: RouteTopology[] = [];
  for (const [index, route] of routes.entries()) {
    if (index % 100 === 99) yield;
    const result = results.get(route) ?? (yield* expressibleOf(route));
    if (Object.isFrozen(route)) results.set(route, result);
    able.push(result.route);
    problems.push(...result.problems);
  }
  return { routes: able, problems };
}

interface ExpressibleRoute {
  readonly route: RouteTopology;
  readonly problems: readonly Problem[];
}

/** Nothing but the route decides it. */
const results = new WeakMap<RouteTopology, ExpressibleRoute>();

function* expressibleOf(route: RouteTopology): Steps<ExpressibleRoute> {
  const problems: Problem[] = [];
  const report = (problem: Problem): void => void problems.push(problem);
  if (isOfConnections(route.route)) {
    return frozen({ route: withinPlane(route, connectionShortfalls, report), problems });
  }
  const within = withinPlane(route, shortfallsOf, report);
  const out = yield* leftOut(within, report);
  const rules = within.rules.filter((rule) => !out.has(rule));
  const usable = rules.map((rule) => withUsableMirrors(within.route, rule, report));
  const able = { ...within, rules: usable.map((rule) => withinRetries(within.route, rule, report)) };
  return frozen({ route: able, problems });
}

const shortfallsOf = (rule: RuleTopology): readonly (Shortfall | HeaderShortfall)[] => [
  ...shortfalls(rule, ENVOY_CAPABILITIES.http),
  ...refusals(rule),
];

/** Their protocol does not matter to Envoy. */
const connectionShortfalls = ({ backends }: RuleTopology): readonly Shortfall[] =>
  backends.flatMap(({ service, index }) => {
    const field = `backendRefs[${index}].port`;
    return (service && tlsShortfall(service, field, true)) ?? [];
  });

/** Envoy's CORS filter ignores redirects. */
const redirectWithCors: Shortfall = {
  kind: 'filters-incompatible',
  field: 'filters',
  filters: ['RequestRedirect', 'CORS'],
};

const refusals = ({ action }: RuleTopology): readonly (Shortfall | HeaderShortfall)[] => {
  switch (action.kind) {
    case 'forward':
      return [
        ...headerRefusals(action, 'filters'),
        ...action.backends.flatMap((backend) => backendRefusals(backend, action)),
      ];
    case 'redirect':
      return [
        ...headerRefusals({ ...(action.responseHeaders && { responseHeaders: action.responseHeaders }) }, 'filters'),
        ...(action.cors === undefined ? [] : [redirectWithCors]),
      ];
    case 'respond':
      return [];
    default:
      return action satisfies never;
  }
};

function backendRefusals(backend: TopologyBackend, { cors }: Forward): readonly (Shortfall | HeaderShortfall)[] {
  const field = `backendRefs[${backend.index}].filters`;
  const isRefused = backend.redirect !== undefined && (backend.cors ?? cors) !== undefined;
  return [...headerRefusals(backend, field), ...(isRefused ? [{ ...redirectWithCors, field }] : [])];
}

/** The rules with a match that Envoy would refuse, and those that would be without their gate. */
function* leftOut(
  { route, rules }: RouteTopology,
  report: (problem: Problem) => void,
): Steps<ReadonlySet<RuleTopology>> {
  const out = new Set<RuleTopology>();
  for (const rule of rules) {
    for (const [index, match] of rule.matches.entries()) {
      for (const { field, regex } of regexesOf(match)) {
        const refused = regexProblem({ route, rule: rule.rule, field: `matches[${index}].${field}` }, regex);
        yield;
        if (refused === undefined) continue;
        report(refused);
        out.add(rule);
      }
    }
  }
  // A rule that is left out may be the gate of others in its turn.
  for (const gate of out) {
    for (const rule of rules) {
      if (out.has(rule) || !isBehind(gate, rule)) continue;
      report({ kind: 'gate-missing', route, rule: rule.rule, field: 'matches', gate: gate.rule });
      out.add(rule);
    }
  }
  return out;
}

function regexProblem(place: RulePlace, regex: string): RegexRefused | RegexTooLong | undefined {
  const { length } = regex;
  if (length > MAX_REGEX_LENGTH) return { kind: 'regex-too-long', ...place, length, limit: MAX_REGEX_LENGTH };
  const detail = regexRefusal(regex);
  return detail === undefined ? undefined : { kind: 'regex-refused', ...place, regex, detail };
}

function withinRetries(route: RouteRef, rule: RuleTopology, report: (problem: Problem) => void): RuleTopology {
  const { action } = rule;
  if (action.kind !== 'forward' || action.retry === undefined) return rule;
  const { attempts } = action.retry;
  if (attempts <= MAX_ATTEMPTS) return rule;
  const place = { route, rule: rule.rule, field: 'retry.attempts' };
  report({ kind: 'retries-capped', ...place, attempts, limit: MAX_ATTEMPTS });
  return { ...rule, action: { ...action, retry: { ...action.retry, attempts: MAX_ATTEMPTS } } };
}

function withUsableMirrors(route: RouteRef, rule: RuleTopology, report: (problem: Problem) => void): RuleTopology {
  const { action } = rule;
  if (action.kind !== 'forward') return rule;
  const usable = <T extends MirrorFilters>(of: T, field: string): T => {
    if (of.mirrors === undefined) return of;
    const mirrors = of.mirrors.filter((mirror) => {
      const problem = mirrorProblem(mirror, { route, rule: rule.rule, field });
      if (problem !== undefined) report(problem);
      return problem === undefined;
    });
    return { ...of, mirrors };
  };
  const backends = action.backends.map((backend) => usable(backend, `backendRefs[${backend.index}].filters`));
  return { ...rule, action: { ...usable(action, 'filters'), backends } };
}

interface MirrorFilters {
  readonly mirrors?: readonly Mirror[];
}

/** Why the mirror gets no copies of requests. */
function mirrorProblem({ service: backend }: Mirror, place: RulePlace): Problem | undefined {
  const wrong = tlsShortfall(backend, place.field, ENVOY_CAPABILITIES.http.backendTls);
  if (wrong !== undefined) return { ...place, ...wrong };
  const protocol = protocolOf(backend);
  if (protocol !== undefined && ENVOY_CAPABILITIES.http.backendProtocols.includes(protocol)) return undefined;
  const { service, appProtocol = '' } = backend;
  return { kind: 'mirror-protocol-unsupported', ...place, service, protocol: appProtocol };
}
