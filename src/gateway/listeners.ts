// Which listeners can be served, and with what.
import { GATEWAY_GROUP, type Listener, type RouteGroupKind } from '../api/gateway-api.ts';
import { CERTIFICATE_ARN_OPTION, resolveCertificates } from './certificates.ts';
import { type Hostname, overlaps, toHostname } from './hostnames.ts';
import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';
import type { Capabilities, CertificateSource } from './topology.ts';

export interface ResolvedListener {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostname: Hostname;
  readonly allowedRoutes: Listener['allowedRoutes'];
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly certificates: readonly CertificateSource[];
  readonly tlsOptions: Readonly<Record<string, string>>;
  /** Whether the data plane serves it. */
  readonly valid: boolean;
}

const httpRoute: RouteGroupKind = { group: GATEWAY_GROUP, kind: 'HTTPRoute' };

/** In the Gateway's order. */
export function resolveListeners(
  input: GatewayInput,
  capabilities: Capabilities,
  report: Report,
): readonly ResolvedListener[] {
  const { listeners } = input.gateway.spec;
  const isSupported = ({ protocol }: Listener): boolean =>
    capabilities.protocols.some((supported) => supported === protocol);
  // An unsupported listener takes nothing from another one: as if it were not there.
  const supported = listeners.filter(isSupported);

  return listeners.map((listener) => {
    const { name, port, protocol } = listener;
    const hostname = toHostname(listener.hostname);
    const base = { name, port, protocol, hostname, allowedRoutes: listener.allowedRoutes };
    if (!isSupported(listener)) {
      report({ kind: 'listener-protocol-unsupported', listener: name, field: 'protocol', protocol });
      return { ...base, supportedKinds: [], certificates: [], tlsOptions: {}, valid: false };
    }
    const distinct = isDistinct(listener, supported, report);
    const supportedKinds = resolveKinds(listener, report);
    const tls = protocol === 'HTTPS' ? resolveTls(listener, input, report) : undefined;
    if (protocol === 'HTTPS') reportOverlap(listener, supported, report);
    return {
      ...base,
      supportedKinds,
      certificates: tls ?? [],
      tlsOptions: listener.tls?.options ?? {},
      valid: distinct && supportedKinds.length > 0 && (protocol === 'HTTP' || (tls !== undefined && tls.length > 0)),
    };
  });
}

const names = (listeners: readonly Listener[]): readonly string[] => listeners.map(({ name }) => name);

/** Of listeners that no request could be told apart by, none is served: not even the first. */
function isDistinct(listener: Listener, supported: readonly Listener[], report: Report): boolean {
  const { name, port, protocol } = listener;
  const onPort = supported.filter((other) => other.port === port && other.name !== name);

  const otherProtocol = onPort.filter((other) => other.protocol !== protocol);
  if (otherProtocol.length > 0) {
    const others = names(otherProtocol);
    report({ kind: 'listener-protocol-conflict', listener: name, field: 'protocol', port, others });
  }
  const hostname = toHostname(listener.hostname);
  const sameHostname = onPort.filter((other) => other.protocol === protocol && toHostname(other.hostname) === hostname);
  if (sameHostname.length > 0) {
    const others = names(sameHostname);
    const place = { listener: name, field: 'hostname', port, others };
    report({ kind: 'listener-hostname-conflict', ...place, hostname: hostname ?? '' });
  }
  return otherProtocol.length === 0 && sameHostname.length === 0;
}

/** What is both supported and asked for. */
function resolveKinds(listener: Listener, report: Report): readonly RouteGroupKind[] {
  const requested = listener.allowedRoutes?.kinds ?? [];
  if (requested.length === 0) return [httpRoute];
  let allowed = false;
  for (const [index, { group = GATEWAY_GROUP, kind }] of requested.entries()) {
    if (group === httpRoute.group && kind === httpRoute.kind) {
      allowed = true;
      continue;
    }
    const field = `allowedRoutes.kinds[${index}]`;
    report({ kind: 'route-kind-unsupported', listener: listener.name, field, routeKind: `${group}/${kind}` });
  }
  return allowed ? [httpRoute] : [];
}

/** The certificates to serve; undefined when TLS could not be terminated whatever they are. */
function resolveTls(listener: Listener, input: GatewayInput, report: Report): readonly CertificateSource[] | undefined {
  const { name, tls } = listener;
  if (tls === undefined) {
    report({ kind: 'tls-missing', listener: name, field: 'tls' });
    return undefined;
  }
  const { mode = 'Terminate' } = tls;
  if (mode !== 'Terminate') {
    report({ kind: 'tls-mode-unsupported', listener: name, field: 'tls.mode', mode });
    return undefined;
  }
  if ((tls.certificateRefs ?? []).length === 0 && tls.options?.[CERTIFICATE_ARN_OPTION] === undefined) {
    report({ kind: 'tls-missing', listener: name, field: 'tls.certificateRefs' });
    return undefined;
  }
  return resolveCertificates(listener, input, report);
}

/**
 * HTTPS listeners on one port whose hostnames overlap: a client that has a connection to one may send the other's requests
 * over it. Equal hostnames are a conflict instead.
 */
function reportOverlap(listener: Listener, supported: readonly Listener[], report: Report): void {
  const hostname = toHostname(listener.hostname);
  const others = supported
    .filter(({ port, protocol }) => port === listener.port && protocol === 'HTTPS')
    .map((other) => ({ name: other.name, hostname: toHostname(other.hostname) }))
    .filter((other) => other.hostname !== hostname && overlaps(other.hostname, hostname))
    .map((other) => other.name);
  if (others.length > 0) report({ kind: 'tls-overlap', listener: listener.name, field: 'hostname', others });
}
