// Which listeners can be served, and with which certificates and kinds of routes.

import type { Listener, RouteGroupKind } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { ListenerCapabilities } from './capabilities.ts';
import { resolveCertificates } from './certificates.ts';
import { clientValidations } from './client-validation.ts';
import type { Hostname } from './hostnames.ts';
import type { GatewayInput } from './input.ts';
import { type Conflict, listenerConflicts } from './listener-conflicts.ts';
import { resolveKinds } from './listener-kinds.ts';
import { listenerOverlaps } from './listener-overlaps.ts';
import { listenerHostname, sharingOf } from './listener-protocols.ts';
import { type OwnedListener, ownedListeners, setOf } from './owned-listeners.ts';
import type { Report } from './problem.ts';
import { externalCertificates, namespaceOf } from './references.ts';
import type { Steps } from './steps.ts';
import type { CertificateSource, ClientValidation, TlsMode } from './topology.ts';

export interface ResolvedListener {
  /** Unique among the Gateway's listeners and those of its ListenerSets. */
  readonly name: string;
  /** The name in its Gateway or ListenerSet. A parentRef's sectionName refers to it. */
  readonly section: string;
  /** The ListenerSet of the listener. Undefined for the Gateway's own listeners. */
  readonly listenerSet: ObjectKey | undefined;
  /** The precedence of its owner: 0 is the Gateway, and then come its ListenerSets. */
  readonly precedence: number;
  /** The namespace of its owner. */
  readonly namespace: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostname: Hostname;
  /** Only of protocol TLS. */
  readonly tlsMode?: TlsMode;
  readonly allowedRoutes: Listener['allowedRoutes'];
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly certificates: readonly CertificateSource[];
  readonly tlsOptions: Readonly<Record<string, string>>;
  readonly clients?: ClientValidation;
  /** Whether the data plane may serve it. */
  readonly valid: boolean;
}

/** The Gateway's listeners in its order, then those of its ListenerSets in order of precedence. */
export function* resolveListeners(
  input: GatewayInput,
  capabilities: ListenerCapabilities,
  report: Report,
): Steps<readonly ResolvedListener[]> {
  const isSupported = ({ listener }: OwnedListener): boolean =>
    capabilities.protocols.some((each) => each === listener.protocol);
  const owners = ownedListeners(input, report);
  yield;
  const conflicts = yield* listenerConflicts(owners, isSupported);
  const overlaps = yield* listenerOverlaps(owners.flat().filter(isSupported));
  const clientsOf = clientValidations(input);
  const resolved: ResolvedListener[] = [];
  for (const [precedence, listeners] of owners.entries()) {
    for (const owned of listeners) {
      const conflict = conflicts.get(owned);
      if (conflict !== undefined) reportConflict(owned, conflict, report);
      const base = { ...baseOf(owned), precedence };
      resolved.push(isSupported(owned) ? supported(owned, base) : unsupported(base));
      yield;
    }
  }
  return resolved;

  function unsupported(base: Base): ResolvedListener {
    const { name, protocol } = base;
    report({ kind: 'listener-protocol-unsupported', listener: name, field: 'protocol', protocol });
    return { ...base, supportedKinds: [], certificates: [], tlsOptions: {}, valid: false };
  }

  function supported(owned: OwnedListener, base: Base): ResolvedListener {
    const { name, protocol } = base;
    const supportedKinds = resolveKinds(owned, capabilities, report);
    const tls = resolveTls(owned, input, capabilities, report);
    const clients = tls?.mode === 'Terminate' && capabilities.clientCertificates ? clientsOf(owned, report) : undefined;
    const overlap = overlaps.get(owned);
    if (overlap !== undefined) report({ kind: 'tls-overlap', listener: name, field: 'hostname', ...overlap });
    return {
      ...base,
      ...(protocol === 'TLS' && tls !== undefined && { tlsMode: tls.mode }),
      supportedKinds,
      certificates: tls?.certificates ?? [],
      tlsOptions: owned.listener.tls?.options ?? {},
      ...(typeof clients === 'object' && { clients }),
      valid: !conflicts.has(owned) && supportedKinds.length > 0 && isReady(protocol, tls) && clients !== 'invalid',
    };
  }
}

type Base = Omit<ResolvedListener, 'tlsMode' | 'supportedKinds' | 'certificates' | 'tlsOptions' | 'clients' | 'valid'>;

function baseOf({ id, listener, owner }: OwnedListener) {
  const { port, protocol, allowedRoutes } = listener;
  return {
    name: id,
    section: listener.name,
    listenerSet: setOf({ owner }),
    namespace: namespaceOf(owner),
    port,
    protocol,
    hostname: listenerHostname(listener),
    allowedRoutes,
  };
}

function reportConflict({ id, listener }: OwnedListener, conflict: Conflict, report: Report): void {
  const { port } = listener;
  if (conflict.protocol.others.length > 0) {
    report({ kind: 'listener-protocol-conflict', listener: id, field: 'protocol', port, ...conflict.protocol });
  }
  if (conflict.hostname.others.length > 0) {
    const hasHostname = sharingOf(listener.protocol) !== 'port';
    const place = { listener: id, field: hasHostname ? 'hostname' : 'port', port, ...conflict.hostname };
    const hostname = hasHostname ? { hostname: listenerHostname(listener) ?? '' } : {};
    report({ kind: 'listener-hostname-conflict', ...place, ...hostname });
  }
}

interface ResolvedTls {
  readonly mode: TlsMode;
  /** None for Passthrough: "The certificateRefs field is ignored in this mode" (gateway_types.go). */
  readonly certificates: readonly CertificateSource[];
}

const passedThrough: ResolvedTls = { mode: 'Passthrough', certificates: [] };

/** Whether the listener has everything that it needs for TLS. */
function isReady(protocol: string, tls: ResolvedTls | undefined): boolean {
  if (!takesTls(protocol)) return true;
  return tls !== undefined && (tls.mode === 'Passthrough' || tls.certificates.length > 0);
}

const takesTls = (protocol: string): boolean => protocol === 'HTTPS' || protocol === 'TLS';

/** Undefined for a protocol without TLS, or if TLS cannot be served with any certificate. */
function resolveTls(
  owned: OwnedListener,
  input: GatewayInput,
  capabilities: ListenerCapabilities,
  report: Report,
): ResolvedTls | undefined {
  const { id: name } = owned;
  const { tls, protocol } = owned.listener;
  if (!takesTls(protocol)) return undefined;
  if (tls === undefined) {
    report({ kind: 'tls-missing', listener: name, field: 'tls', protocol });
    return undefined;
  }
  const { mode = 'Terminate' } = tls;
  if (mode === 'Passthrough' && protocol === 'TLS') return passedThrough;
  if (mode !== 'Terminate') {
    report({ kind: 'tls-mode-unsupported', listener: name, field: 'tls.mode', mode });
    return undefined;
  }
  const external = externalCertificates(owned.listener, input.certificateOption);
  if ((tls.certificateRefs ?? []).length === 0 && external.length === 0) {
    report({ kind: 'tls-missing', listener: name, field: 'tls.certificateRefs', protocol });
    return undefined;
  }
  return { mode, certificates: resolveCertificates(owned, input, capabilities, report) };
}
