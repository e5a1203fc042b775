// Gatehouse on AWS: the embedded AWS forwards traffic.
import { prepareCluster } from '../../localstack/cluster/cluster.ts';
import { startEnvironment } from '../../localstack/environment.ts';
import type { Subject } from './subject.ts';

/** The DNS server for the sandbox's programs. The sandbox has no other one. */
const nameserver = '127.0.0.53';
/** A real load balancer needs minutes for this. The states are the same. */
const aws = {
  port: 0,
  provisioningSeconds: 1,
  releaseSeconds: 1,
  throttling: true,
  dns: `${nameserver}:53`,
  dataPlane: { addresses: '127.64.0.0/16' },
} as const;

/** An NLB passes TLS through as TCP, or decrypts it and forwards all of it to one set of targets. */
const serverNames = 'No NLB looks at the server name of a connection to choose its targets.';
const plainGrpc = 'The test sends gRPC to an HTTP listener, and an ALB takes gRPC only on HTTPS listeners.';

export const onAws: Subject = {
  controllerName: 'gatehouse.dev/aws',
  sandbox: { nameserver },
  report: 'report.yaml',
  // Of GatewayStaticAddresses: an address of a subnet without nodes, and one that is not the account's.
  flags: { 'usable-address': '10.0.16.250', 'unusable-address': '192.0.2.1' },
  skips: {
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
  },
  prepare: (options) => prepareCluster(options),
  start: async (options) => {
    const environment = await startEnvironment({ aws, pods: true, ...options });
    return {
      ...environment,
      suite: { kubeconfig: environment.cluster.kubeconfig, launcher: [] },
      cost: () => `${environment.aws.calls.counts().total} calls to AWS`,
    };
  },
};
