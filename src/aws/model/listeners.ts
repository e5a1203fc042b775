// One ALB listener a port. Its certificates are all that the Gateway's listeners of the port have; SNI chooses.
import type { Problem } from '../../gateway/problem.ts';
import type { CertificateSource, ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import { fixedResponse } from './actions.ts';
import { canMatchHost } from './conditions.ts';
import type { ModelContext } from './context.ts';
import { resourceId } from './naming.ts';
import { MAX_CONDITION_VALUE } from './regex.ts';
import type { CertificateResource, CertificateUse, ListenerResource } from './resources.ts';
import { ingressCapacity, rulesPerPort } from './security-groups.ts';

/** The key of `tls.options` that chooses a listener's security policy. */
const SSL_POLICY_OPTION = 'gatehouse.dev/ssl-policy';

export interface Listeners {
  /** The ports that fit on the load balancer. */
  readonly ports: readonly PortTopology[];
  readonly certificates: readonly CertificateResource[];
  readonly listeners: readonly ListenerResource[];
  readonly problems: readonly Problem[];
}

/** Of what there is not room for all, the Gateway's own listeners come first, and then its ListenerSets'. */
export function buildListeners(context: ModelContext): Listeners {
  const { listeners: limit, extraCertificates } = context.options.quotas;
  const all = context.topology.ports;
  const inOrder = all.toSorted((a, b) => portPrecedence(a) - portPrecedence(b)).slice(0, limit);
  const fitting = new Set(inOrder.slice(0, admittedPorts(context)));
  const ports = all.filter((port) => fitting.has(port));
  const problems: Problem[] = all
    .filter((port) => !fitting.has(port))
    .flatMap((port) => port.listeners.map((listener) => leftOut(context, listener, inOrder.includes(port))));
  for (const listener of ports.flatMap((port) => port.listeners)) {
    if (listener.hostname === undefined || canMatchHost(listener.hostname)) continue;
    const place = { listener: listener.name, field: 'hostname' };
    problems.push({ kind: 'listener-hostname-too-long', ...place, limit: MAX_CONDITION_VALUE });
  }
  const chosen = chooseCertificates(ports, extraCertificates, problems);
  const certificates = new Map<string, CertificateResource>();
  const listeners = ports.map((port): ListenerResource => {
    const sources = chosen.get(port) ?? [];
    for (const source of sources) {
      if (source.kind !== 'secret') continue;
      const certificate = certificateResource(source);
      certificates.set(certificate.id, certificate);
    }
    return listenerResource(context, port, sources, problems);
  });
  return { ports, certificates: [...certificates.values()], listeners, problems };
}

/** How many ports the security groups have rules for. */
const admittedPorts = (context: ModelContext): number =>
  Math.floor(ingressCapacity(context) / Math.max(1, rulesPerPort(context)));

function leftOut(context: ModelContext, { name }: ListenerTopology, forItsRules: boolean): Problem {
  const place = { listener: name, field: 'port' };
  if (!forItsRules) return { kind: 'too-many-listeners', ...place, limit: context.options.quotas.listeners };
  const [ranges, limit] = [rulesPerPort(context), ingressCapacity(context)];
  return { kind: 'too-many-ingress-rules', ...place, ranges, ports: admittedPorts(context), limit };
}

const placeOf = ({ precedence = 0 }: ListenerTopology): number => precedence;

const portPrecedence = ({ listeners }: PortTopology): number => Math.min(...listeners.map(placeOf));

function listenerResource(
  context: ModelContext,
  port: PortTopology,
  [first, ...others]: readonly CertificateSource[],
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
      ...(first !== undefined && { defaultCertificate: certificateUse(first) }),
      // What no rule takes: "If no rules match, 404" of HTTPRoute.
      defaultAction: fixedResponse(404),
    },
    extraCertificates: others.map(certificateUse),
    tags: context.topology.settings.tags,
  };
}

/**
 * The certificates of each port, its default one first: that of the listener that comes first.
 * @param limit how many beside the default ones the load balancer takes
 */
function chooseCertificates(
  ports: readonly PortTopology[],
  limit: number,
  problems: Problem[],
): ReadonlyMap<PortTopology, readonly CertificateSource[]> {
  const chosen = new Map(ports.map((port) => [port, new Map<string, CertificateSource>()]));
  const listeners = ports.flatMap((port) => port.listeners.map((listener) => ({ port, listener })));
  let room = limit;
  for (const { port, listener } of listeners.toSorted((a, b) => placeOf(a.listener) - placeOf(b.listener))) {
    const sources = chosen.get(port) ?? new Map<string, CertificateSource>();
    let isFull = false;
    for (const source of listener.certificates) {
      const key = sourceKey(source);
      if (sources.has(key)) continue;
      isFull ||= sources.size > 0 && room === 0;
      if (isFull) continue;
      if (sources.size > 0) room -= 1;
      sources.set(key, source);
    }
    if (!isFull) continue;
    problems.push({ kind: 'too-many-certificates', listener: listener.name, field: 'tls.certificateRefs', limit });
  }
  return new Map([...chosen].map(([port, sources]) => [port, [...sources.values()]]));
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
  const policy = (listener: ListenerTopology) =>
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
