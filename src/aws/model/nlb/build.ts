// Topology → the listeners and target groups of one NLB.

import type { IpFamily } from '../../../gateway/backend-service.ts';
import type { ConnectionEntry } from '../../../gateway/connections.ts';
import type { RuleRef } from '../../../gateway/problem-place.ts';
import { routeId } from '../../../gateway/route-id.ts';
import type { Steps } from '../../../gateway/steps.ts';
import type { PortTopology } from '../../../gateway/topology.ts';
import type { Problem } from '../../problem.ts';
import type { WeightedForward } from '../actions.ts';
import { nlbAttributes } from '../attributes.ts';
import { certificateResources, certificatesOfListener } from '../certificate-resources.ts';
import { type ChosenCertificates, chooseCertificates } from '../certificates.ts';
import type { ModelContext } from '../context.ts';
import { resourceId } from '../naming.ts';
import type { LoadBalancerParts } from '../parts.ts';
import type { ListenerResource } from '../resources.ts';
import type { Standing } from '../standing.ts';
import { alpnPolicy, sslPolicy } from '../tls-options.ts';
import { groupAttributesWithoutEffect, withoutStickiness } from './attributes.ts';
import { listenerFamily } from './family.ts';
import { nlbForward, unanswered } from './forward.ts';
import { type PlannedPort, planPorts } from './plan.ts';
import { hasDatagrams, isNlbProtocol } from './protocol.ts';

/** @param fitting the ports that the NLB has room for */
export function* buildNlb(
  context: ModelContext,
  fitting: readonly PortTopology[],
  standing: Pick<Standing, 'certificates' | 'forwards' | 'isPermitted' | 'targetGroups'>,
): Steps<LoadBalancerParts> {
  const { settings } = context.topology;
  const { planned, problems: taken } = yield* planPorts(context, fitting, standing);
  const problems: Problem[] = [...taken];
  const ports = planned.flatMap((each) => each.ports);
  const { extraCertificates } = context.options.quotas;
  const { chosen, problems: without } = chooseCertificates(ports, extraCertificates, standing.certificates);
  problems.push(...without);
  const built = planned.map((each) => {
    const family = listenerFamily(settings, each, standing.forwards.get(each.port)?.family);
    const forward = forwardOf(context, each, family, problems);
    const [port] = each.ports;
    const certificates = port && chosen.get(port);
    return { forward, listener: listenerResource(context, each, forward, certificates, problems) };
  });
  const groups = new Map(built.flatMap(({ forward }) => forward.targetGroups.map((group) => [group.id, group])));
  for (const { forward } of built.filter(({ listener }) => listener.spec.protocol === 'TLS')) {
    for (const group of forward.targetGroups) groups.set(group.id, withoutStickiness(group));
  }
  const protocols = new Set(
    [...[...groups.values()].map(({ spec }) => spec.protocol), ...planned.map(({ protocol }) => protocol)].filter(
      isNlbProtocol,
    ),
  );
  problems.push(...groupAttributesWithoutEffect(settings, protocols));
  return {
    ports,
    certificates: certificateResources(ports.flatMap((port) => chosen.get(port) ?? [])),
    spec: {
      type: 'network',
      ...(settings.enforceOnPrivateLink !== undefined && { enforceOnPrivateLink: settings.enforceOnPrivateLink }),
      ...(settings.ipAddressType !== 'ipv4' &&
        (planned.some(({ protocol }) => hasDatagrams(protocol)) ||
          settings.subnetMappings?.some((each) => each.sourceNatIpv6Prefix !== undefined)) && {
          prefixForIpv6SourceNat: 'on',
        }),
    },
    attributes: nlbAttributes(settings),
    targetGroups: [...groups.values()],
    standing: keptGroups(planned, standing),
    listeners: built.map(({ listener }) => listener),
    rules: [],
    problems,
  };
}

/** The existing target groups of ports that stay as they are. */
function keptGroups(
  planned: readonly PlannedPort[],
  { targetGroups }: Pick<Standing, 'targetGroups'>,
): Standing['targetGroups'] {
  const kept = new Set(planned.flatMap(({ stands }) => stands?.targetGroups ?? []).map((each) => each.targetGroup));
  return targetGroups.filter(({ id }) => kept.has(id));
}

/** If a route's action cannot be expressed, its connections get no answer. */
function forwardOf(
  context: ModelContext,
  planned: PlannedPort,
  family: IpFamily,
  problems: Problem[],
): WeightedForward {
  const { protocol, action, entries, stands } = planned;
  if (stands !== undefined) return { action: { kind: 'forward', ...stands }, targetGroups: [] };
  const { value, shortfalls } = nlbForward(context, protocol, family, action);
  for (const { route, rule } of rulesOf(entries)) {
    problems.push(...shortfalls.map((shortfall): Problem => ({ ...shortfall, route, rule })));
  }
  const forward = value ?? unanswered(context, protocol, family);
  if (forward.targetGroups.every(({ backend }) => backend === undefined)) {
    for (const { name } of planned.ports.flatMap(({ listeners }) => listeners)) {
      problems.push({ kind: 'listener-unanswered', listener: name, field: '' });
    }
  }
  for (const listener of namesNotToldApart(planned)) {
    problems.push({ kind: 'server-names-not-told-apart', listener, field: 'hostname', port: planned.port });
  }
  return forward;
}

/** Listeners that ask for certain server names, but whose backends get the connections of all names. */
function namesNotToldApart({ ports, entries }: PlannedPort): readonly string[] {
  const tls = ports.filter(({ serves }) => serves.kind === 'tls').flatMap(({ listeners }) => listeners);
  const named = new Set(entries.filter(({ hostname }) => hostname !== undefined).map(({ listener }) => listener));
  return entries.length === 0
    ? []
    : tls.filter(({ name, hostname }) => hostname !== undefined || named.has(name)).map(({ name }) => name);
}

function listenerResource(
  context: ModelContext,
  { port, protocol, ports, entries, apart }: PlannedPort,
  { action }: WeightedForward,
  chosen: ChosenCertificates | undefined,
  problems: Problem[],
): ListenerResource {
  const { defaultCertificate, extraCertificates } = certificatesOfListener(chosen);
  return {
    kind: 'listener',
    id: resourceId('listener', context.segment, port),
    loadBalancer: context.loadBalancer,
    spec: {
      port,
      protocol,
      ...(protocol === 'TLS' && tlsSettings(context, ports, problems)),
      ...(defaultCertificate !== undefined && { defaultCertificate }),
      defaultAction: action,
    },
    sources: rulesOf(entries),
    extraCertificates,
    ...(apart !== undefined && { apart }),
    tags: context.topology.settings.tags,
  };
}

function tlsSettings(
  context: ModelContext,
  [port]: readonly PortTopology[],
  problems: Problem[],
): Pick<ListenerResource['spec'], 'sslPolicy' | 'alpnPolicy'> {
  if (port === undefined) return {};
  const alpn = alpnPolicy(port, problems);
  return { sslPolicy: sslPolicy(context, port, problems), ...(alpn !== undefined && { alpnPolicy: alpn }) };
}

/** Each rule once. */
const rulesOf = (entries: readonly ConnectionEntry[]): readonly RuleRef[] => [
  ...new Map(entries.map(({ route, rule }) => [`${routeId(route)}/${rule}`, { route, rule }])).values(),
];
