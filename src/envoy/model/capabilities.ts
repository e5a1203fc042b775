// What Envoy can do of the Gateway API, as far as the model expresses it.
import { type Capabilities, NIST_CURVES, rsa } from '../../gateway/capabilities.ts';

const filters = [
  'CORS',
  'RequestHeaderModifier',
  'RequestMirror',
  'RequestRedirect',
  'ResponseHeaderModifier',
  'URLRewrite',
];

export const ENVOY_CAPABILITIES: Capabilities = {
  clientCertificates: true,
  protocols: ['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'],
  // BoringSSL reads more of them, but Envoy's TLS context refuses the others.
  certificateKeys: [rsa(2048), rsa(3072), rsa(4096), ...NIST_CURVES],
  features: [
    'GatewayFrontendClientCertificateValidation',
    'GatewayFrontendClientCertificateValidationInsecureFallback',
    'GatewayHTTPSListenerDetectMisdirectedRequests',
  ],
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
