// What AWS can do of the Gateway API: an ALB with requests, an NLB with connections.
import { type Capabilities, NIST_CURVES, rsa } from '../../gateway/capabilities.ts';

export const AWS_CAPABILITIES: Capabilities = {
  protocols: ['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'],
  // A target group of gRPC needs an HTTPS listener.
  excludedKinds: { HTTP: ['GRPCRoute'] },
  // What ACM imports for load balancers.
  certificateKeys: [rsa(1024), rsa(2048), rsa(3072), rsa(4096), ...NIST_CURVES],
  // Of a Network Load Balancer, also in front of an Application Load Balancer.
  addressTypes: ['IPAddress'],
  http: {
    filters: ['RequestRedirect', 'URLRewrite'],
    backendFilters: ['URLRewrite'],
    // A rule's transforms apply to all of its target groups.
    backendRewrites: false,
    redirectStatusCodes: [301, 302],
    ruleFields: [],
    // Conditions on query strings support no regular expressions: rule-condition-types.html.
    matches: ['path-exact', 'path-prefix', 'path-regex', 'header', 'header-regex', 'query', 'method'],
    // HTTP listeners can not have all of them: `portShortfalls`.
    backendProtocols: ['HTTP1', 'H2C', 'GRPC', 'WS', 'HTTPS', 'GRPCS', 'WSS'],
    // A load balancer accepts any certificate of a target.
    backendTls: false,
  },
};
