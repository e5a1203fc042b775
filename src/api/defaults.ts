// Fills in the CRDs' defaults, as the API server does, for manifests that no API server has read.
import {
  type BackendRef,
  GATEWAY_GROUP,
  type Gateway,
  type GrpcRoute,
  type GrpcRouteMatch,
  type GrpcRouteRule,
  type HttpHeaderMatch,
  type HttpRoute,
  type HttpRouteFilter,
  type HttpRouteMatch,
  type HttpRouteRule,
  type Listener,
  type ListenerSet,
  type ParentReference,
} from './gateway-api.ts';
import type { ConnectionRoute, ServedRoute } from './route-kinds.ts';

export function withGatewayDefaults(gateway: Gateway): Gateway {
  const { addresses, listeners } = gateway.spec;
  return {
    ...gateway,
    spec: {
      ...gateway.spec,
      listeners: listeners.map(withListenerDefaults),
      ...(addresses !== undefined && { addresses: addresses.map((address) => ({ type: 'IPAddress', ...address })) }),
    },
  };
}

export function withListenerSetDefaults(set: ListenerSet): ListenerSet {
  const { parentRef, listeners } = set.spec;
  return {
    ...set,
    spec: {
      ...set.spec,
      parentRef: { group: GATEWAY_GROUP, kind: 'Gateway', ...parentRef },
      listeners: listeners.map(withListenerDefaults),
    },
  };
}

function withListenerDefaults(listener: Listener): Listener {
  const { allowedRoutes, tls } = listener;
  return {
    ...listener,
    allowedRoutes: { ...allowedRoutes, namespaces: { from: 'Same', ...allowedRoutes?.namespaces } },
    ...(tls !== undefined && {
      tls: {
        mode: 'Terminate',
        ...tls,
        ...(tls.certificateRefs !== undefined && {
          certificateRefs: tls.certificateRefs.map((ref) => ({ group: '', kind: 'Secret', ...ref })),
        }),
      },
    }),
  };
}

export function withRouteDefaults(route: ServedRoute): ServedRoute {
  switch (route.kind) {
    case 'HTTPRoute':
      return withHttpRouteDefaults(route);
    case 'GRPCRoute':
      return withGrpcRouteDefaults(route);
    case 'TLSRoute':
      return { ...route, spec: { ...route.spec, ...connectionDefaults(route) } };
    case 'TCPRoute':
      return { ...route, spec: { ...route.spec, ...connectionDefaults(route) } };
    case 'UDPRoute':
      return { ...route, spec: { ...route.spec, ...connectionDefaults(route) } };
    default:
      return route satisfies never;
  }
}

function withHttpRouteDefaults(route: HttpRoute): HttpRoute {
  const { rules = [{}] } = route.spec;
  return { ...route, spec: { ...route.spec, ...parentDefaults(route), rules: rules.map(withRuleDefaults) } };
}

function withGrpcRouteDefaults(route: GrpcRoute): GrpcRoute {
  const { rules = [] } = route.spec;
  return {
    ...route,
    spec: {
      ...route.spec,
      ...parentDefaults(route),
      rules: rules.map((rule) => ({
        ...rule,
        ...actionDefaults(rule),
        ...(rule.matches !== undefined && { matches: rule.matches.map(withGrpcMatchDefaults) }),
      })),
    },
  };
}

const withGrpcMatchDefaults = ({ method, headers }: GrpcRouteMatch): GrpcRouteMatch => ({
  ...(method !== undefined && { method: { type: 'Exact', ...method } }),
  ...(headers !== undefined && { headers: headers.map(withType) }),
});

const parentDefaults = ({ spec: { parentRefs } }: ServedRoute): { readonly parentRefs?: readonly ParentReference[] } =>
  parentRefs === undefined
    ? {}
    : { parentRefs: parentRefs.map((ref) => ({ group: GATEWAY_GROUP, kind: 'Gateway', ...ref })) };

const connectionDefaults = (route: ConnectionRoute): Pick<ConnectionRoute['spec'], 'parentRefs' | 'rules'> => ({
  ...parentDefaults(route),
  rules: (route.spec.rules ?? []).map(({ backendRefs, ...rule }) => ({
    ...rule,
    ...(backendRefs !== undefined && { backendRefs: backendRefs.map(withWeight) }),
  })),
});

function withRuleDefaults(rule: HttpRouteRule): HttpRouteRule {
  const { matches = [{}] } = rule;
  return { ...rule, ...actionDefaults(rule), matches: matches.map(withMatchDefaults) };
}

function actionDefaults({
  filters,
  backendRefs,
}: HttpRouteRule | GrpcRouteRule): Pick<GrpcRouteRule, 'filters' | 'backendRefs'> {
  return {
    ...(filters !== undefined && { filters: filters.map(withFilterDefaults) }),
    ...(backendRefs !== undefined && {
      backendRefs: backendRefs.map(withWeight),
    }),
  };
}

const withType = (condition: HttpHeaderMatch): HttpHeaderMatch => ({ type: 'Exact', ...condition });

function withMatchDefaults(match: HttpRouteMatch): HttpRouteMatch {
  const { path, headers, queryParams } = match;
  return {
    ...match,
    path: { type: 'PathPrefix', value: '/', ...path },
    ...(headers !== undefined && { headers: headers.map(withType) }),
    ...(queryParams !== undefined && { queryParams: queryParams.map(withType) }),
  };
}

function withFilterDefaults(filter: HttpRouteFilter): HttpRouteFilter {
  const { requestRedirect, requestMirror } = filter;
  return {
    ...filter,
    ...(requestRedirect !== undefined && { requestRedirect: { statusCode: 302, ...requestRedirect } }),
    ...(requestMirror !== undefined && {
      requestMirror: { ...requestMirror, backendRef: withBackendDefaults(requestMirror.backendRef) },
    }),
  };
}

const withWeight = <T extends BackendRef>(ref: T): T => ({ weight: 1, ...withBackendDefaults(ref) });

const withBackendDefaults = <T extends BackendRef>(ref: T): T => ({ group: '', kind: 'Service', ...ref });
