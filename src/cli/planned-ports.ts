// What Envoy has in a plan: what it answers on each port, and the clusters behind.
import { sharedNumbers } from '../envoy/model/listeners.ts';
import { servicesOf, takesConnections, type Upstream } from '../envoy/model/upstreams.ts';
import type { BackendTls } from '../gateway/backend-service.ts';
import { type ConnectionEntry, connectionsOf, routesById } from '../gateway/connections.ts';
import { portEntries } from '../gateway/entries.ts';
import type { RouteId } from '../gateway/route-id.ts';
import { finish } from '../gateway/steps.ts';
import type { CertificateSource, PortTopology, RouteEntry, TlsMode } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { MetallbModel } from '../metallb/stages.ts';

export type PlannedPort = RequestPort | ConnectionPort;

interface RequestPort {
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS';
  /** The Secrets of the certificates: `namespace/name`. */
  readonly certificates: readonly ObjectKey[];
  /** In order of precedence. */
  readonly entries: readonly RouteEntry[];
}

interface ConnectionPort {
  readonly port: number;
  readonly protocol: 'TLS' | 'TCP' | 'UDP';
  readonly certificates: readonly ObjectKey[];
  /** In order of precedence. */
  readonly connections: readonly PlannedConnections[];
}

export interface PlannedConnections extends ConnectionEntry {
  readonly tlsMode?: TlsMode;
}

export type PlannedCluster =
  | {
      readonly service: ObjectKey;
      readonly port: number;
      readonly protocol: 'HTTP/1.1' | 'HTTP/2';
      /** Absent without TLS. */
      readonly tls?: Call;
    }
  | {
      readonly route: RouteId;
      readonly protocol: 'TCP' | 'UDP';
      /** One for each BackendTLSPolicy of the backends. Absent if Envoy speaks no TLS to them. */
      readonly tls?: readonly Call[];
    };

/** The name that Envoy calls, and the BackendTLSPolicy that says so. */
export type Call = Pick<BackendTls, 'policy' | 'serverName'>;

export const plannedPorts = ({ topology, envoy }: MetallbModel): readonly PlannedPort[] =>
  finish(sharedNumbers(topology.ports)).map((port) => {
    const certificates = [...new Set(certificatesOf([port]).flatMap(secretKey))];
    const { serves } = port;
    switch (serves.kind) {
      case 'http':
        return {
          port: port.port,
          protocol: serves.tls ? ('HTTPS' as const) : ('HTTP' as const),
          certificates,
          // Envoy's tables keep listeners apart, so it has no entries for this.
          entries: portEntries(port, envoy.routes).filter(({ source }) => source.kind === 'rule'),
        };
      case 'tls':
      case 'tcp':
      case 'udp':
        return {
          port: port.port,
          protocol: protocols[serves.kind],
          certificates,
          connections: plannedConnections(port, envoy.routes),
        };
      default:
        return serves satisfies never;
    }
  });

const protocols = { tls: 'TLS', tcp: 'TCP', udp: 'UDP' } as const;

function plannedConnections(
  port: PortTopology,
  routes: MetallbModel['envoy']['routes'],
): readonly PlannedConnections[] {
  const modes = new Map(port.listeners.map(({ name, tlsMode }) => [name, tlsMode]));
  return connectionsOf(port, routesById(routes)).map((entry) => {
    const tlsMode = modes.get(entry.listener);
    return { ...entry, ...(tlsMode !== undefined && { tlsMode }) };
  });
}

export const plannedCluster = (upstream: Upstream): PlannedCluster =>
  takesConnections(upstream)
    ? {
        route: upstream.route,
        protocol: upstream.speaks === 'udp' ? 'UDP' : 'TCP',
        ...(upstream.tls && { tls: callsOf(upstream) }),
      }
    : {
        service: upstream.backend.service,
        port: upstream.backend.port,
        protocol: upstream.speaks === 'http2' ? 'HTTP/2' : 'HTTP/1.1',
        ...(upstream.backend.tls && { tls: calledBy(upstream.backend.tls) }),
      };

const calledBy = ({ policy, serverName }: BackendTls): Call => ({ policy, serverName });

const callsOf = (upstream: Upstream): readonly Call[] => {
  const byPolicy = new Map(
    servicesOf(upstream).flatMap(({ tls }) => (tls ? [[tls.policy, calledBy(tls)] as const] : [])),
  );
  return [...byPolicy.values()];
};

export const certificatesOf = (ports: readonly PortTopology[]): readonly CertificateSource[] =>
  ports.flatMap(({ listeners }) => listeners.flatMap(({ certificates }) => certificates));

export const secretKey = (source: CertificateSource) => (source.kind === 'external' ? [] : source.secret);
