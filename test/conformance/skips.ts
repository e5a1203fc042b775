/** An NLB passes TLS through as TCP, or decrypts it and forwards all of it to one set of targets. */
const serverNames = 'No NLB looks at the server name of a connection to choose its targets.';
const plainGrpc = 'The test sends gRPC to an HTTP listener, and an ALB takes gRPC only on HTTPS listeners.';

/** Tests of claimed features that are not run, each with the reason. */
export const skips: Readonly<Record<string, string>> = {
  HTTPRouteRequestHeaderModifier: 'No action of an ALB sets, adds or removes a header of a request.',
  TLSRouteHostnameIntersection: serverNames,
  TLSRouteMultipleRoutesAttachmentSameHostnameIntersection: serverNames,
  TLSRouteListenerMixedTerminationNotSupported:
    'The test wants neither listener served where two modes meet on a port; the first of them is served.',
  GRPCExactMethodMatching: plainGrpc,
  GRPCRouteHeaderMatching: plainGrpc,
  GRPCRouteListenerHostnameMatching: plainGrpc,
  GRPCRouteMultipleGateways: plainGrpc,
  GRPCRouteMultipleRoutesAttachmentSameHostnameIntersection: plainGrpc,
  GRPCRouteNamedRule: plainGrpc,
  GRPCRouteWeight: plainGrpc,
};
