// GatewayClass.status.supportedFeatures: the names of features in the Gateway API's conformance suite.

import type { Capabilities, HttpCapabilities } from './capabilities.ts';
import { kindsOn } from './listener-kinds.ts';

/** Translate provides these features for every data plane. */
const always = [
  'Gateway',
  'GatewayAddressEmpty',
  'GatewayHTTPListenerIsolation',
  'GatewayPort8080',
  'GatewayRouteHostnameIntersectionPrecedence',
  'HTTPRoute',
  'HTTPRouteDestinationPortMatching',
  'HTTPRouteNamedRouteRule',
  'HTTPRouteParentRefPort',
  'ListenerSet',
  'ReferenceGrant',
];

/** If the data plane checks the certificates of backends. */
const withBackendTls: readonly string[] = ['BackendTLSPolicy', 'BackendTLSPolicySANValidation'];

const byRouteKind: Readonly<Record<string, readonly string[]>> = {
  GRPCRoute: ['GRPCRoute', 'GRPCRouteNamedRouteRule'],
  TCPRoute: ['TCPRoute'],
  TLSRoute: ['TLSRoute', 'TLSRouteModeMixed', 'TLSRouteModeTerminate'],
  UDPRoute: ['UDPRoute'],
};

/** A GRPCRoute's header filters are counted apart. */
const byGrpcFilter: Readonly<Record<string, string>> = { RequestHeaderModifier: 'GRPCRouteRequestHeaderModifier' };

const byFilter: Readonly<Record<string, readonly string[]>> = {
  CORS: ['HTTPRouteCORS'],
  RequestMirror: ['HTTPRouteRequestMirror', 'HTTPRouteRequestMultipleMirrors', 'HTTPRouteRequestPercentageMirror'],
  RequestRedirect: ['HTTPRoutePathRedirect', 'HTTPRoutePortRedirect', 'HTTPRouteSchemeRedirect'],
  ResponseHeaderModifier: ['HTTPRouteResponseHeaderModification'],
  URLRewrite: ['HTTPRouteBackendURLRewrite', 'HTTPRouteHostRewrite', 'HTTPRoutePathRewrite'],
};

const byBackendFilter: Readonly<Record<string, string>> = {
  RequestHeaderModifier: 'HTTPRouteBackendRequestHeaderModification',
};

const byRuleField: Readonly<Partial<Record<HttpCapabilities['ruleFields'][number], readonly string[]>>> = {
  retry: ['HTTPRouteRetryCodes', 'HTTPRouteRetryConnectionError'],
  timeouts: ['HTTPRouteBackendTimeout', 'HTTPRouteRequestTimeout'],
};

const byMatch: Readonly<Partial<Record<HttpCapabilities['matches'][number], string>>> = {
  method: 'HTTPRouteMethodMatching',
  query: 'HTTPRouteQueryParamMatching',
};

const byBackendProtocol: Readonly<Partial<Record<HttpCapabilities['backendProtocols'][number], string>>> = {
  H2C: 'HTTPRouteBackendProtocolH2C',
  WS: 'HTTPRouteBackendProtocolWebSocket',
};

/** Redirects with 301 and 302 are core features, so they are not listed. */
const optionalRedirects: ReadonlySet<number> = new Set([303, 307, 308]);

/**
 * The names in ascending order without duplicates, as GatewayClass.status requires.
 * @param unclaimed features that the provider does not pass in spite of its capabilities: the reason by name
 */
export function supportedFeatures(
  capabilities: Capabilities,
  unclaimed: Readonly<Record<string, string>>,
): readonly string[] {
  const { filters, backendFilters, ruleFields, matches, redirectStatusCodes, backendProtocols } = capabilities.http;
  const routeKinds = new Set(
    capabilities.protocols.flatMap((protocol) => kindsOn(protocol, capabilities)).map(({ kind }) => kind),
  );
  const names = [
    ...always,
    ...(capabilities.features ?? []),
    ...(capabilities.addressTypes?.includes('IPAddress') === true ? ['GatewayStaticAddresses'] : []),
    ...[...routeKinds].flatMap((kind) => byRouteKind[kind] ?? []),
    ...filters.flatMap((filter) => byFilter[filter] ?? []),
    ...(routeKinds.has('GRPCRoute') ? filters.map((filter) => byGrpcFilter[filter]) : []),
    ...backendFilters.map((filter) => byBackendFilter[filter]),
    ...ruleFields.flatMap((field) => byRuleField[field] ?? []),
    ...matches.map((match) => byMatch[match]),
    ...redirectStatusCodes
      .filter((code) => optionalRedirects.has(code))
      .map((code) => `HTTPRoute${code}RedirectStatusCode`),
    ...(capabilities.http.backendTls ? withBackendTls : []),
    ...backendProtocols.map((protocol) => byBackendProtocol[protocol]),
  ];
  return names.flatMap((name) => (name === undefined || Object.hasOwn(unclaimed, name) ? [] : name)).toSorted();
}
