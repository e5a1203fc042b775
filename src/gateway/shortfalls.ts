// What a plane cannot do for a rule. Each plane's model checks this first, because translate does not know the plane.

import type { BackendService } from './backend-service.ts';
import type { BackendProtocol, HttpCapabilities } from './capabilities.ts';
import type { RouteRef, RuleRef } from './problem-place.ts';
import type { Forward, RouteAction } from './route-action.ts';
import type {
  BackendProtocolUnsupported,
  BackendTlsInvalid,
  BackendTlsUnsupported,
  RuleProblem,
} from './route-problem.ts';
import { forwardTo } from './rules.ts';
import type { RouteTopology, RuleNeed, RuleTopology } from './topology.ts';

type WithoutRule<P> = P extends unknown ? Omit<P, keyof RuleRef> : never;

/** A problem of a rule, without the rule itself. */
export type Shortfall = WithoutRule<
  BackendProtocolUnsupported | BackendTlsUnsupported | BackendTlsInvalid | RuleProblem
>;

export function shortfalls({ backends, needs = [] }: RuleTopology, can: HttpCapabilities): readonly Shortfall[] {
  return [
    ...backends.flatMap(({ service, index }) =>
      service === undefined ? [] : backendShortfall(service, `backendRefs[${index}].port`, can),
    ),
    ...needs.flatMap((need) => needShortfall(need, can)),
  ];
}

function backendShortfall(
  backend: BackendService,
  field: string,
  { backendProtocols, backendTls }: HttpCapabilities,
): readonly Shortfall[] {
  const wrong = tlsShortfall(backend, field, backendTls);
  if (wrong !== undefined) return [wrong];
  const { service, appProtocol } = backend;
  const protocol = protocolOf(backend);
  if (protocol !== undefined && backendProtocols.includes(protocol)) return [];
  return [{ kind: 'backend-protocol-unsupported', field, service, protocol: appProtocol ?? 'http' }];
}

/** Why no request may reach the backend, if it has a BackendTLSPolicy. @param can whether the plane speaks TLS to backends */
export function tlsShortfall({ service, tls }: BackendService, field: string, can: boolean): Shortfall | undefined {
  if (tls === undefined) return undefined;
  const { policy, authorities } = tls;
  if (!can) return { kind: 'backend-tls-unsupported', field, service, policy };
  if (authorities.kind !== 'none') return undefined;
  return { kind: 'backend-tls-invalid', field, service, policy, why: authorities.why };
}

function needShortfall(need: RuleNeed, can: HttpCapabilities): readonly Shortfall[] {
  const { field } = need;
  switch (need.kind) {
    case 'filter': {
      const { filter, statusCode } = need;
      if (!can.filters.includes(filter)) return [{ kind: 'filter-unsupported', field, filter }];
      const allowed = can.redirectStatusCodes;
      if (statusCode === undefined || allowed.includes(statusCode)) return [];
      const at = `${field}.requestRedirect.statusCode`;
      return [{ kind: 'redirect-status-unsupported', field: at, statusCode, allowed }];
    }
    case 'backend-filter': {
      const { filter } = need;
      return can.backendFilters.includes(filter) ? [] : [{ kind: 'filter-unsupported', field, filter }];
    }
    case 'backend-rewrites': {
      const why = { kind: 'not-shared' } as const;
      return can.backendRewrites ? [] : [{ kind: 'rewrite-unsupported', field, why }];
    }
    case 'field':
      return can.ruleFields.includes(need.field) ? [] : [{ kind: 'rule-field-unsupported', field }];
    default:
      return need satisfies never;
  }
}

/** By appProtocol: names of Kubernetes, and names of IANA, which ignore case. */
const protocols: Readonly<Record<string, BackendProtocol>> = {
  '': 'HTTP1',
  http: 'HTTP1',
  https: 'HTTPS',
  'kubernetes.io/h2c': 'H2C',
  'kubernetes.io/ws': 'WS',
  'kubernetes.io/wss': 'WSS',
  grpc: 'GRPC',
};

/** For a GRPCRoute. The protocol follows from the kind of the route if the Service names none. */
const grpcProtocols: Readonly<Record<string, BackendProtocol>> = {
  '': 'GRPC',
  https: 'GRPCS',
  'kubernetes.io/h2c': 'GRPC',
  grpc: 'GRPC',
};

/** What a protocol with TLS speaks inside. */
const insideTls: Readonly<Partial<Record<BackendProtocol, BackendProtocol>>> = {
  HTTPS: 'HTTP1',
  GRPCS: 'GRPC',
  WSS: 'WS',
};

/** Inside TLS, if the backend has a BackendTLSPolicy. Undefined for a protocol that such a route does not speak. */
export function protocolOf({ appProtocol = '', grpc, tls }: BackendService): BackendProtocol | undefined {
  const name = appProtocol.toLowerCase();
  const known = grpc === true ? grpcProtocols : protocols;
  const protocol = Object.hasOwn(known, name) ? known[name] : undefined;
  return protocol === undefined || tls === undefined ? protocol : (insideTls[protocol] ?? protocol);
}

/**
 * The rule as a plane with these shortfalls serves it. An unsupported backend counts as invalid. With any other shortfall the rule
 * answers 500: "requests that would have been processed by that filter MUST receive a HTTP error response".
 */
function withShortfalls(route: RouteRef, rule: RuleTopology, found: readonly Pick<Shortfall, 'field'>[]): RuleTopology {
  if (found.length === 0) return rule;
  const { action } = rule;
  const lost = new Set(found.map(({ field }) => backendIndex(field)));
  if (action.kind !== 'forward' || lost.has(undefined))
    return { ...rule, action: { kind: 'respond', statusCode: 500 } };
  return { ...rule, action: withoutBackends(action, lost, route) };
}

/** The action if the backends with these indexes are invalid. */
export function withoutBackends(
  forward: Forward,
  lost: ReadonlySet<number | undefined>,
  route: Pick<RouteRef, 'kind'>,
): RouteAction {
  const backends = forward.backends.map(({ service, ...rest }) =>
    service === undefined || lost.has(rest.index) ? rest : { service, ...rest },
  );
  return forwardTo({ ...forward, backends }, route);
}

/** A route as a plane with these shortfalls serves it. @param of returns what the plane cannot do for a rule */
export function withinPlane<S extends Pick<Shortfall, 'field'>>(
  { rules, ...route }: RouteTopology,
  of: (rule: RuleTopology) => readonly S[],
  report: (problem: RuleRef & S) => void,
): RouteTopology {
  const able = rules.map((rule) => {
    const found = of(rule);
    for (const shortfall of found) report({ route: route.route, rule: rule.rule, ...shortfall });
    return withShortfalls(route.route, rule, found);
  });
  return { ...route, rules: able };
}

/** The index of the backend that the field belongs to. Undefined if the shortfall concerns the whole rule. */
function backendIndex(field: string): number | undefined {
  const index = /^backendRefs\[(\d+)\](\.port)?$/.exec(field)?.[1];
  return index === undefined ? undefined : Number(index);
}
