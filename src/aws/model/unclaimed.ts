/**
 * Features of the Gateway API's conformance suite that follow from the capabilities of AWS, but that AWS does not have. Each has its
 * reason.
 */
export const UNCLAIMED_FEATURES: Readonly<Record<string, string>> = {
  GatewayPort8080:
    'with HTTPRoutePortRedirect it stands for a test that also redirects from HTTPS to HTTP, which AWS refuses',
  HTTPRouteBackendProtocolH2C: 'its test also asks an HTTP listener, behind which an ALB speaks no HTTP/2',
  HTTPRouteHostRewrite: 'its test also changes request headers',
  HTTPRoutePathRedirect: 'its test also redirects to where only the prefix of the path differs, which AWS refuses',
  HTTPRoutePathRewrite: 'its test also changes request headers',
  HTTPRouteQueryParamMatching: 'its test has parameters that differ in nothing but case, which ALBs do not see',
  TLSRouteModeMixed: 'a port of an NLB terminates TLS or passes it through',
};
