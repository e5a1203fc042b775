// One ALB listener for each port. It has the certificates of all the Gateway's listeners of that port, and SNI chooses among them.

import type { CertificateKey, CertificateSource, ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import { fixedResponse } from './actions.ts';
import { type ChosenCertificates, certificateId, chooseCertificates } from './certificates.ts';
import { canMatchHost } from './conditions.ts';
import type { ModelContext } from './context.ts';
import { resourceId } from './naming.ts';
import { protocolOf } from './protocol.ts';
import { MAX_CONDITION_VALUE } from './regex.ts';
import type { CertificateResource, CertificateUse, ListenerResource } from './resources.ts';
import { admittedPorts, ingressCapacity, rulesPerPort } from './security-groups.ts';
import type { Standing } from './standing.ts';

/** The key of `tls.options` that chooses a listener's security policy. */
const SSL_POLICY_OPTION = 'gatehouse.dev/ssl-policy';

export interface Listeners {
  /** The ports that fit on the load balancer. */
  readonly ports: readonly PortTopology[];
  readonly certificates: readonly CertificateResource[];
  readonly listeners: readonly ListenerResource[];
  readonly problems: readonly Problem[];
}

/**
 * If not all ports fit, serving ports stay. After them come the Gateway's own listeners, and then those of its ListenerSets.
 */
export function buildListeners(context: ModelContext, standing: Standing): Listeners {
  const { listeners: limit, extraCertificates } = context.options.quotas;
  const all = context.topology.ports;
  const serves = ({ port }: PortTopology): number => Number(standing.ports.has(port));
  const inOrder = all
    .toSorted((a, b) => serves(b) - serves(a) || portPrecedence(a) - portPrecedence(b))
    .slice(0, limit);
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
  const { chosen, problems: without } = chooseCertificates(ports, extraCertificates, standing.certificates);
  problems.push(...without);
  const certificates = new Map<string, CertificateResource>();
  const listeners = ports.map((port): ListenerResource => {
    const sources = chosen.get(port);
    for (const source of sources === undefined ? [] : [sources.defaultCertificate, ...sources.listed]) {
      if (source.kind !== 'secret') continue;
      const certificate = certificateResource(source);
      certificates.set(certificate.id, certificate);
    }
    return listenerResource(context, port, sources, problems);
  });
  return { ports, certificates: [...certificates.values()], listeners, problems };
}

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
  sources: ChosenCertificates | undefined,
  problems: Problem[],
): ListenerResource {
  const { scheme } = context.topology.settings;
  const id = resourceId('listener', scheme, port.port);
  const protocol = protocolOf(port);
  return {
    kind: 'listener',
    id,
    loadBalancer: context.loadBalancer,
    spec: {
      port: port.port,
      protocol,
      ...(protocol === 'HTTPS' && { sslPolicy: sslPolicy(context, port, problems) }),
      ...(sources !== undefined && { defaultCertificate: certificateUse(sources.defaultCertificate) }),
      // Requests without a rule: "If no rules match, 404" (HTTPRoute).
      defaultAction: fixedResponse(404),
    },
    extraCertificates: (sources?.listed ?? []).map(certificateUse),
    tags: context.topology.settings.tags,
  };
}

function certificateUse(source: CertificateSource): CertificateUse {
  return source.kind === 'secret' ? { certificate: certificateId(source) } : { arn: source.reference };
}

/** The certificate's ARN in ACM. */
const keyAlgorithm = (key: CertificateKey): string => (key.type === 'RSA' ? `RSA_${key.bits}` : `EC_${key.curve}`);

/** Without the Gateway's tags: Gateways that share a certificate would otherwise overwrite each other's tags. */
function certificateResource(source: Extract<CertificateSource, { kind: 'secret' }>): CertificateResource {
  const id = certificateId(source);
  const { fingerprint, key } = source.certificate;
  return {
    kind: 'certificate',
    id,
    spec: { secret: source.secret, fingerprint, keyAlgorithm: keyAlgorithm(key) },
    tags: {},
  };
}

const namedPolicy = ({ tlsOptions }: ListenerTopology): string | undefined => tlsOptions[SSL_POLICY_OPTION];

/**
 * A port has one policy. The first owner on the port decides: its first named policy, else the policy of the settings. So later
 * owners cannot change what is served.
 */
function sslPolicy(context: ModelContext, port: PortTopology, problems: Problem[]): string {
  const [first] = port.listeners;
  const owned = port.listeners.filter(({ precedence }) => precedence === first?.precedence);
  const decides = owned.find((listener) => namedPolicy(listener) !== undefined) ?? first;
  const policy = (decides && namedPolicy(decides)) ?? context.topology.settings.sslPolicy;
  for (const listener of port.listeners) {
    if (decides === undefined || (namedPolicy(listener) ?? policy) === policy) continue;
    problems.push({
      kind: 'listener-setting-conflict',
      listener: listener.name,
      field: `tls.options[${SSL_POLICY_OPTION}]`,
      setting: 'ssl-policy',
      port: port.port,
      other: decides.name,
    });
  }
  return policy;
}
