// One ALB listener for each port. It has the certificates of all the Gateway's listeners of that port, and SNI chooses among them.

import type { PortTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import { fixedResponse } from './actions.ts';
import { certificateResources, certificatesOfListener } from './certificate-resources.ts';
import { type ChosenCertificates, chooseCertificates } from './certificates.ts';
import { canMatchHost } from './conditions.ts';
import type { ModelContext } from './context.ts';
import { resourceId } from './naming.ts';
import { protocolOf } from './protocol.ts';
import { MAX_CONDITION_VALUE } from './regex.ts';
import type { CertificateResource, ListenerResource } from './resources.ts';
import type { Standing } from './standing.ts';
import { sslPolicy } from './tls-options.ts';

export interface Listeners {
  readonly certificates: readonly CertificateResource[];
  readonly listeners: readonly ListenerResource[];
  readonly problems: readonly Problem[];
}

export function buildListeners(
  context: ModelContext,
  ports: readonly PortTopology[],
  standing: Pick<Standing, 'certificates'>,
): Listeners {
  const problems: Problem[] = [];
  for (const listener of ports.flatMap((port) => port.listeners)) {
    if (listener.hostname === undefined || canMatchHost(listener.hostname)) continue;
    const place = { listener: listener.name, field: 'hostname' };
    problems.push({ kind: 'listener-hostname-too-long', ...place, limit: MAX_CONDITION_VALUE });
  }
  const { extraCertificates } = context.options.quotas;
  const { chosen, problems: without } = chooseCertificates(ports, extraCertificates, standing.certificates);
  problems.push(...without);
  const listeners = ports.map((port) => listenerResource(context, port, chosen.get(port), problems));
  return {
    certificates: certificateResources(ports.flatMap((port) => chosen.get(port) ?? [])),
    listeners,
    problems,
  };
}

function listenerResource(
  context: ModelContext,
  port: PortTopology,
  sources: ChosenCertificates | undefined,
  problems: Problem[],
): ListenerResource {
  const protocol = protocolOf(port);
  const { defaultCertificate, extraCertificates } = certificatesOfListener(sources);
  return {
    kind: 'listener',
    id: resourceId('listener', context.segment, port.port),
    loadBalancer: context.loadBalancer,
    spec: {
      port: port.port,
      protocol,
      ...(protocol === 'HTTPS' && { sslPolicy: sslPolicy(context, port, problems) }),
      ...(defaultCertificate !== undefined && { defaultCertificate }),
      // Requests without a rule: "If no rules match, 404" (HTTPRoute).
      defaultAction: fixedResponse(404),
    },
    extraCertificates,
    tags: context.topology.settings.tags,
  };
}
