// A backend as a target group needs it: one address family, and one protocol that target groups support.
import type { LoadBalancerSettings } from '../../api/load-balancer-configuration.ts';
import { protocolOf } from '../../gateway/shortfalls.ts';
import type { BackendProtocol, BackendService, IpFamily, TopologyBackend } from '../../gateway/topology.ts';
import type { AlbShortfall } from './expressed.ts';

export interface TargetBackend extends Omit<BackendService, 'appProtocol' | 'families' | 'transport'> {
  /** Absent: TCP. Of both, the Service has one target port and one node port, and `portName` is that of TCP. */
  readonly transport?: 'UDP' | 'TCP_UDP';
  readonly protocol: BackendProtocol;
  readonly ipFamily: IpFamily;
}

export type BackendSettings = Pick<LoadBalancerSettings, 'targetType' | 'ipAddressType'>;

/** If the protocol is not known, the backend counts as HTTP. */
export function targetBackend(
  { service, port, portName, transport, appProtocol, nodePort, healthCheckNodePort, local }: BackendService,
  ipFamily: IpFamily,
): TargetBackend {
  return {
    service,
    port,
    portName,
    ...(transport !== undefined && { transport }),
    protocol: protocolOf(appProtocol) ?? 'HTTP1',
    ...(nodePort !== undefined && { nodePort }),
    ...(healthCheckNodePort !== undefined && { healthCheckNodePort }),
    local,
    ipFamily,
  };
}

/** Only a dual-stack ALB forwards to a target group with IPv6 addresses. */
export const familyOf = (
  { families }: BackendService,
  ipAddressType: BackendSettings['ipAddressType'] | undefined,
): IpFamily | undefined => (ipAddressType === 'ipv4' ? families.find((family) => family === 'IPv4') : families[0]);

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
  return familyOf(backend, settings?.ipAddressType) === undefined
    ? [{ kind: 'backend-without-ipv4', field, service }]
    : [];
}
