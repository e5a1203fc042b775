// What a Gateway needs from AWS: the result of translate with the settings of AWS's parameters, without what its load balancer cannot
// do.

import type { LoadBalancerSettings } from '../api/load-balancer-configuration.ts';
import { isOfConnections } from '../gateway/connection-route.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { inReadingOrder } from '../gateway/reading-order.ts';
import { routeId } from '../gateway/route-id.ts';
import { shortfalls, tlsShortfall, withinPlane } from '../gateway/shortfalls.ts';
import { finish, type Steps } from '../gateway/steps.ts';
import type {
  ListenerResult,
  Results,
  RouteTopology,
  RuleTopology,
  Topology,
  Translation,
} from '../gateway/topology.ts';
import { translating } from '../gateway/translate.ts';
import { withOwnCertificates } from './certificate-arns.ts';
import { type BackendSettings, backendShortfalls } from './model/backends.ts';
import { AWS_CAPABILITIES } from './model/capabilities.ts';
import type { AlbShortfall } from './model/expressed.ts';
import { planesOf } from './model/form.ts';
import type { Plane } from './model/plane.ts';
import type { Problem } from './problem.ts';
import { resolveSettings, type SettingsDefaults } from './settings.ts';

export interface AwsTopology extends Topology {
  readonly settings: LoadBalancerSettings;
  /** What all listeners need, also invalid ones. */
  readonly planes: readonly Plane[];
}

/** The topology is also absent if a configuration is invalid, because the wanted settings are not known. */
export interface AwsTranslation extends Results<Problem>, Pick<Translation, 'routes'> {
  readonly topology?: AwsTopology;
}

export const translateForAws = (input: GatewayInput, defaults: SettingsDefaults): AwsTranslation =>
  finish(translatingForAws(input, defaults));

export function* translatingForAws(input: GatewayInput, defaults: SettingsDefaults): Steps<AwsTranslation> {
  return yield* forAws(input, yield* translating(input, AWS_CAPABILITIES), defaults);
}

export function* forAws(
  input: GatewayInput,
  { topology, ...translation }: Translation,
  defaults: SettingsDefaults,
): Steps<AwsTranslation> {
  const found: Problem[] = [];
  const settings = resolveSettings(input, defaults, (problem) => void found.push(problem));
  const listeners: ListenerResult[] = [];
  for (const listener of translation.listeners) {
    listeners.push(withOwnCertificates(listener, input, (problem) => void found.push(problem)));
    yield;
  }
  const routes = new Map<string, RouteTopology>();
  for (const route of translation.routes) {
    routes.set(routeId(route.route), withinAws(route, settings, found));
    yield;
  }
  const asked = withoutPolicies(translation);
  const problems = found.length === 0 ? asked : inReadingOrder([...asked, ...found]);
  const all = { ...translation, listeners, problems };
  if (topology === undefined || settings === undefined) return all;
  const planes = planesOf(listeners.map(({ port }) => port));
  const served = topology.routes.map((route) => routes.get(routeId(route.route)) ?? route);
  return {
    ...all,
    topology: { ...topology, settings, planes, ports: servedPorts(topology, listeners), routes: served },
  };
}

/** What is wrong with a BackendTLSPolicy does not matter here, because none can be followed. */
function withoutPolicies({ problems, policies = [] }: Omit<Translation, 'topology'>): readonly Problem[] {
  if (policies.length === 0) return problems;
  return [
    ...problems.filter((problem) => !('policy' in problem && !('rule' in problem))),
    ...policies.map(({ policy }) => ({ kind: 'policy-unsupported' as const, policy, field: 'targetRefs' })),
  ];
}

/** The ports with their listeners that are still valid. */
function servedPorts(topology: Topology | undefined, results: readonly ListenerResult[]): Topology['ports'] {
  const valid = new Map(results.filter((each) => each.valid).map((each) => [each.name, each]));
  return (topology?.ports ?? []).flatMap((port) => {
    const listeners = port.listeners.flatMap((listener) => {
      const result = valid.get(listener.name);
      return result === undefined ? [] : { ...listener, certificates: result.certificates ?? [] };
    });
    return listeners.length === 0 ? [] : { ...port, listeners };
  });
}

/** @param settings undefined while they are not known */
export const withinAws = (
  route: RouteTopology,
  settings: BackendSettings | undefined,
  problems: Problem[] = [],
): RouteTopology => {
  const shortfallsOf = isOfConnections(route.route) ? nlbShortfalls : albShortfalls;
  return withinPlane(
    route,
    (rule) => shortfallsOf(rule, settings),
    (problem) => void problems.push(problem),
  );
};

const nlbShortfalls = ({ backends }: RuleTopology, settings: BackendSettings | undefined): readonly AlbShortfall[] =>
  backends.flatMap((backend) => {
    const { service, index } = backend;
    const unchecked = service && tlsShortfall(service, `backendRefs[${index}].port`, AWS_CAPABILITIES.http.backendTls);
    return unchecked === undefined ? backendShortfalls(backend, settings) : [unchecked];
  });

function albShortfalls(rule: RuleTopology, settings: BackendSettings | undefined): readonly AlbShortfall[] {
  // Connections are not for an ALB.
  if (rule.matches.length === 0) return [];
  const found = shortfalls(rule, AWS_CAPABILITIES.http);
  const unfit = new Set(found.map(({ field }) => field));
  const others = rule.backends.filter(({ index }) => !unfit.has(`backendRefs[${index}].port`));
  return [...found, ...others.flatMap((backend) => backendShortfalls(backend, settings))];
}
