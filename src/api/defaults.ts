// Fills in the CRDs' defaults, as the API server does, for manifests that no API server has read.
import {
  type BackendRef,
  GATEWAY_GROUP,
  type Gateway,
  type HttpHeaderMatch,
  type HttpRoute,
  type HttpRouteFilter,
  type HttpRouteMatch,
  type HttpRouteRule,
  type Listener,
  type ListenerSet,
} from './gateway-api.ts';

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

export function withHttpRouteDefaults(route: HttpRoute): HttpRoute {
  const { parentRefs, rules = [{}] } = route.spec;
  return {
    ...route,
    spec: {
      ...route.spec,
      ...(parentRefs !== undefined && {
        parentRefs: parentRefs.map((ref) => ({ group: GATEWAY_GROUP, kind: 'Gateway', ...ref })),
      }),
      rules: rules.map(withRuleDefaults),
    },
  };
}

function withRuleDefaults(rule: HttpRouteRule): HttpRouteRule {
  const { matches = [{}], filters, backendRefs } = rule;
  return {
    ...rule,
    matches: matches.map(withMatchDefaults),
    ...(filters !== undefined && { filters: filters.map(withFilterDefaults) }),
    ...(backendRefs !== undefined && {
      backendRefs: backendRefs.map((ref) => ({ weight: 1, ...withBackendDefaults(ref) })),
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

const withBackendDefaults = <T extends BackendRef>(ref: T): T => ({ group: '', kind: 'Service', ...ref });
