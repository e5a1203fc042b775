// A backend as a target group needs it: one address family, and one protocol that target groups support.
import type { LoadBalancerSettings } from '../../api/load-balancer-configuration.ts';
import type { BackendService, IpFamily } from '../../gateway/backend-service.ts';
import type { BackendProtocol } from '../../gateway/capabilities.ts';
import type { TopologyBackend } from '../../gateway/route-action.ts';
import { protocolOf } from '../../gateway/shortfalls.ts';
import type { PortTopology } from '../../gateway/topology.ts';
import type { AlbShortfall } from './expressed.ts';

export interface TargetBackend extends Omit<BackendService, 'appProtocol' | 'grpc' | 'families' | 'transport' | 'tcp'> {
  /** Absent: TCP. Of both, the Service has one target port and one node port, and `portName` is that of TCP. */
  readonly transport?: 'UDP' | 'TCP_UDP';
  /** Of an ALB's only. */
  readonly protocol?: BackendProtocol;
  /** Of UDP: where its targets take TCP, so that their health can be checked. */
  readonly checkPort?: number;
  readonly ipFamily: IpFamily;
}

export type BackendSettings = Pick<LoadBalancerSettings, 'targetType' | 'ipAddressType'>;

/** If the protocol is not known, the backend counts as HTTP. */
export function targetBackend(backend: BackendService, ipFamily: IpFamily): TargetBackend {
  const { service, port, portName, transport, nodePort, healthCheckNodePort, local } = backend;
  return {
    service,
    port,
    portName,
    ...(transport !== undefined && { transport }),
    protocol: protocolOf(backend) ?? 'HTTP1',
    ...(nodePort !== undefined && { nodePort }),
    ...(healthCheckNodePort !== undefined && { healthCheckNodePort }),
    local,
    ipFamily,
  };
}

/** Only a dual-stack load balancer forwards to a target group with IPv6 addresses. */
export const familyOf = (
  { families }: BackendService,
  ipAddressType: BackendSettings['ipAddressType'] | undefined,
): IpFamily | undefined => (ipAddressType === 'ipv4' ? families.find((family) => family === 'IPv4') : families[0]);

/** How a target group speaks to its targets. AWS does not validate the certificates of targets. */
export const speech: Readonly<Record<BackendProtocol, Speech>> = {
  HTTP1: { protocol: 'HTTP', protocolVersion: 'HTTP1' },
  WS: { protocol: 'HTTP', protocolVersion: 'HTTP1' },
  H2C: { protocol: 'HTTP', protocolVersion: 'HTTP2' },
  GRPC: { protocol: 'HTTP', protocolVersion: 'GRPC' },
  HTTPS: { protocol: 'HTTPS', protocolVersion: 'HTTP1' },
  WSS: { protocol: 'HTTPS', protocolVersion: 'HTTP1' },
  GRPCS: { protocol: 'HTTPS', protocolVersion: 'GRPC' },
};

interface Speech {
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly protocolVersion: 'HTTP1' | 'HTTP2' | 'GRPC';
}

/** @param settings undefined while they are not known */
export function backendShortfalls(
  { service: backend, index }: TopologyBackend,
  settings: BackendSettings | undefined,
): readonly AlbShortfall[] {
  if (backend === undefined) return [];
  const { service, nodePort } = backend;
  const field = `backendRefs[${index}]`;
  if (settings?.targetType === 'instance' && nodePort === undefined) {
    return [{ kind: 'backend-without-node-port', field: `${field}.port`, service }];
  }
  if (backend.transport === 'UDP' && settings !== undefined && settings.ipAddressType !== 'ipv4') {
    return backend.families.includes('IPv6') ? [] : [{ kind: 'backend-without-ipv6', field, service }];
  }
  return familyOf(backend, settings?.ipAddressType) === undefined
    ? [{ kind: 'backend-without-ipv4', field, service }]
    : [];
}

/**
 * Why the clients of one port can't use a backend. Clients of an HTTP listener speak HTTP/1.1, and a target group of HTTP/2
 * answers them 464. A target group of gRPC needs an HTTPS listener.
 */
export function portShortfalls(
  { serves }: PortTopology,
  { service: backend, index }: TopologyBackend,
): readonly { readonly index: number; readonly shortfall: AlbShortfall }[] {
  if (backend === undefined || (serves.kind === 'http' && serves.tls)) return [];
  const protocol = protocolOf(backend);
  if (protocol === undefined || speech[protocol].protocolVersion === 'HTTP1') return [];
  const { service, appProtocol = '' } = backend;
  const field = `backendRefs[${index}].port`;
  return [{ index, shortfall: { kind: 'backend-needs-https-listener', field, service, protocol: appProtocol } }];
}
