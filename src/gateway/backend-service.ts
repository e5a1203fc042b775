// The ports of Services that routes lead to.

import type { ObjectKey } from '../kube/object.ts';

export type IpFamily = 'IPv4' | 'IPv6';

export interface BackendService {
  readonly service: ObjectKey;
  /** The Service's port number that the route names. */
  readonly port: number;
  /** The port's protocol, for a UDPRoute. Absent means TCP. */
  readonly transport?: 'UDP';
  /** Of a UDP port: the Service's TCP ports, whose targets are the same pods. Absent for none. */
  readonly tcp?: readonly TcpPort[];
  /** The port's name in the Service and its EndpointSlices. Empty for an unnamed port. */
  readonly portName: string;
  /** As the Service has it. */
  readonly appProtocol?: string;
  /** For a GRPCRoute: the backend must speak gRPC. */
  readonly grpc?: true;
  readonly nodePort?: number;
  readonly healthCheckNodePort?: number;
  /** Whether only nodes with a local endpoint take traffic (externalTrafficPolicy: Local). */
  readonly local: boolean;
  /** At least one, in the Service's order of preference. */
  readonly families: readonly IpFamily[];
  /** Absent if no BackendTLSPolicy has the port. Connections that the Gateway passes through have the client's TLS, whatever it says. */
  readonly tls?: BackendTls;
}

/** TLS to a backend, as a BackendTLSPolicy says it. */
export interface BackendTls {
  readonly policy: ObjectKey;
  /** The name that the Gateway calls (SNI). */
  readonly serverName: string;
  /** The backend's certificate must have one of these names. At least one. */
  readonly names: readonly SubjectName[];
  readonly authorities: Authorities;
}

/** `*.example.com` means only this name itself. */
export interface SubjectName {
  readonly kind: 'dns' | 'uri';
  readonly value: string;
}

/** Who may have signed a certificate. */
export type Authorities =
  /** Those that the data plane's system trusts. */
  | { readonly kind: 'system' }
  /** At least one, each with an entry in `Topology.authorities`. */
  | { readonly kind: 'config-maps'; readonly configMaps: readonly ObjectKey[] }
  /** Nobody: the policy is invalid, or its status has no room for the Gateway. No request may reach the backend. */
  | { readonly kind: 'none'; readonly why: 'invalid' | 'ancestors' };

/** A TCP port of a Service that has a UDP port. */
export interface TcpPort {
  readonly port: number;
  /** Whether its target port is that of the UDP port in all pods. */
  readonly sameTarget: boolean;
  /** Whether one of these target ports is a name, and no EndpointSlice has its number. */
  readonly isUnknown?: true;
  /** Absent if it is a name, and the EndpointSlices have no number for it, or several. */
  readonly targetPort?: number;
  readonly nodePort?: number;
}
