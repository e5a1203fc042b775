// One ALB listener a port. Its certificates are all that the Gateway's listeners of the port have; SNI chooses.
import type { Problem } from '../../gateway/problem.ts';
import type { CertificateSource, PortTopology } from '../../gateway/topology.ts';
import { fixedResponse } from './actions.ts';
import { canMatchHost } from './conditions.ts';
import type { ModelContext } from './context.ts';
import { resourceId } from './naming.ts';
import { MAX_CONDITION_VALUE } from './regex.ts';
import type { CertificateResource, CertificateUse, ListenerResource } from './resources.ts';

/** The key of `tls.options` that chooses a listener's security policy. */
const SSL_POLICY_OPTION = 'gatehouse.dev/ssl-policy';

export interface Listeners {
  /** The ports that fit on the load balancer. */
  readonly ports: readonly PortTopology[];
  readonly certificates: readonly CertificateResource[];
  readonly listeners: readonly ListenerResource[];
  readonly problems: readonly Problem[];
}

export function buildListeners(context: ModelContext): Listeners {
  const limit = context.options.quotas.listeners;
  const ports = context.topology.ports.slice(0, limit);
  const problems: Problem[] = context.topology.ports
    .slice(limit)
    .flatMap((port) => port.listeners)
    .map((listener) => ({ kind: 'too-many-listeners', listener: listener.name, field: 'port', limit }));
  for (const { name, hostname } of ports.flatMap((port) => port.listeners)) {
    if (hostname === undefined || canMatchHost(hostname)) continue;
    problems.push({
      kind: 'listener-hostname-too-long',
      listener: name,
      field: 'hostname',
      limit: MAX_CONDITION_VALUE,
    });
  }
  let room = context.options.quotas.extraCertificates;
  const certificates = new Map<string, CertificateResource>();
  const listeners = ports.map((port): ListenerResource => {
    const chosen = chooseCertificates(port, room, context.options.quotas.extraCertificates);
    problems.push(...chosen.problems);
    room -= chosen.extra.length;
    for (const source of [chosen.default, ...chosen.extra]) {
      if (source?.kind !== 'secret') continue;
      const certificate = certificateResource(source);
      certificates.set(certificate.id, certificate);
    }
    return listenerResource(context, port, chosen, problems);
  });
  return { ports, certificates: [...certificates.values()], listeners, problems };
}

function listenerResource(
  context: ModelContext,
  port: PortTopology,
  chosen: ChosenCertificates,
  problems: Problem[],
): ListenerResource {
  const { scheme } = context.topology.settings;
  const id = resourceId('listener', scheme, port.port);
  return {
    kind: 'listener',
    id,
    loadBalancer: context.loadBalancer,
    spec: {
      port: port.port,
      protocol: port.protocol,
      ...(port.protocol === 'HTTPS' && { sslPolicy: sslPolicy(context, port, problems) }),
      ...(chosen.default !== undefined && { defaultCertificate: certificateUse(chosen.default) }),
      // What no rule takes: "If no rules match, 404" of HTTPRoute.
      defaultAction: fixedResponse(404),
    },
    extraCertificates: chosen.extra.map(certificateUse),
    tags: context.topology.settings.tags,
  };
}

interface ChosenCertificates {
  readonly default: CertificateSource | undefined;
  readonly extra: readonly CertificateSource[];
  readonly problems: readonly Problem[];
}

/** @param room how many beside the default ones the load balancer still takes. */
function chooseCertificates(port: PortTopology, room: number, limit: number): ChosenCertificates {
  const seen = new Set<string>();
  const extra: CertificateSource[] = [];
  const problems: Problem[] = [];
  let first: CertificateSource | undefined;
  for (const listener of port.listeners) {
    for (const source of listener.certificates) {
      const key = sourceKey(source);
      if (seen.has(key)) continue;
      seen.add(key);
      if (first === undefined) {
        first = source;
      } else if (extra.length < room) {
        extra.push(source);
      } else if (!problems.some((problem) => 'listener' in problem && problem.listener === listener.name)) {
        problems.push({ kind: 'too-many-certificates', listener: listener.name, field: 'tls.certificateRefs', limit });
      }
    }
  }
  return { default: first, extra, problems };
}

function sourceKey(source: CertificateSource): string {
  return source.kind === 'secret' ? source.secret : source.arn;
}

function certificateId(source: Extract<CertificateSource, { kind: 'secret' }>) {
  return resourceId('certificate', source.secret);
}

function certificateUse(source: CertificateSource): CertificateUse {
  return source.kind === 'secret' ? { certificate: certificateId(source) } : { arn: source.arn };
}

/** Without the Gateway's own tags: Gateways that share the Secret share the certificate, and would undo each other's. */
function certificateResource(source: Extract<CertificateSource, { kind: 'secret' }>): CertificateResource {
  const id = certificateId(source);
  const { fingerprint, keyAlgorithm } = source.certificate;
  return {
    kind: 'certificate',
    id,
    spec: { secret: source.secret, fingerprint, keyAlgorithm },
    tags: {},
  };
}

/** A port has one policy: the first listener's that names one, else that of the settings. */
function sslPolicy(context: ModelContext, port: PortTopology, problems: Problem[]): string {
  const policy = (listener: PortTopology['listeners'][number]) =>
    listener.tlsOptions[SSL_POLICY_OPTION] ?? context.topology.settings.sslPolicy;
  const [first, ...others] = port.listeners;
  if (first === undefined) return context.topology.settings.sslPolicy;
  for (const listener of others) {
    if (policy(listener) === policy(first)) continue;
    problems.push({
      kind: 'listener-setting-conflict',
      listener: listener.name,
      field: `tls.options[${SSL_POLICY_OPTION}]`,
      setting: 'ssl-policy',
      port: port.port,
      other: first.name,
    });
  }
  return policy(first);
}
