// What an ALB by itself can do of the Gateway API.
import type { Capabilities } from '../../gateway/topology.ts';

export const ALB_CAPABILITIES: Capabilities = {
  protocols: ['HTTP', 'HTTPS'],
  filters: ['RequestRedirect', 'URLRewrite'],
  redirectStatusCodes: [301, 302],
  // Query strings have no regular expressions: rule-condition-types.html.
  matches: ['path-exact', 'path-prefix', 'path-regex', 'header', 'header-regex', 'query', 'method'],
  // An HTTP/1.1 client in front of an HTTP2 target group gets an error, and gRPC needs an HTTPS listener. So neither
  // can be promised to a backend that any listener may serve.
  backendProtocols: ['HTTP1', 'WS'],
  targetTypes: ['ip', 'instance'],
  unclaimed: {
    GatewayPort8080:
      'with HTTPRoutePortRedirect it stands for a test that also redirects from HTTPS to HTTP, which AWS refuses',
    HTTPRouteHostRewrite: 'its test also changes request headers',
    HTTPRoutePathRedirect: 'its test also redirects to where only the prefix of the path differs, which AWS refuses',
    HTTPRoutePathRewrite: 'its test also changes request headers',
    HTTPRouteQueryParamMatching: 'its test has parameters that differ in nothing but case, which ALBs do not see',
  },
};
