// What Envoy can do of the Gateway API, as far as the model expresses it.
import type { Capabilities } from '../../gateway/capabilities.ts';

const filters = [
  'CORS',
  'RequestHeaderModifier',
  'RequestMirror',
  'RequestRedirect',
  'ResponseHeaderModifier',
  'URLRewrite',
];

export const ENVOY_CAPABILITIES: Capabilities = {
  protocols: ['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'],
  features: ['GatewayHTTPSListenerDetectMisdirectedRequests'],
  http: {
    filters,
    backendFilters: filters,
    backendRewrites: true,
    redirectStatusCodes: [301, 302, 303, 307, 308],
    ruleFields: ['timeouts', 'retry'],
    matches: ['path-exact', 'path-prefix', 'path-regex', 'header', 'header-regex', 'query', 'query-regex', 'method'],
    backendProtocols: ['HTTP1', 'H2C', 'GRPC', 'WS'],
    backendTls: true,
  },
};
