// The BackendTLSPolicies that a Gateway's routes bring along.
import type { ServedRoute } from '../api/route-kinds.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { BackendService } from './backend-service.ts';
import type { GatewayInput } from './input.ts';
import type { ResolvedListener } from './listeners.ts';
import type { PolicyProblem } from './policy-problem.ts';
import { compareStrings } from './precedence.ts';
import type { Report } from './problem.ts';
import { targetServices } from './references.ts';
import type { Mirror } from './route-action.ts';
import type { Attachment, PolicyResult, RouteTopology } from './topology.ts';

/**
 * Whether BackendTLSPolicies apply to a route's backends: "HTTPRoute, GRPCRoute, TLSRoute with termination". Connections that are
 * passed through have the client's own TLS.
 * @param terminating the names of the TLS listeners that terminate TLS
 */
export function reencrypts(
  { kind }: Pick<ServedRoute, 'kind'>,
  attachments: readonly Attachment[],
  terminating: ReadonlySet<string>,
): boolean {
  switch (kind) {
    case 'HTTPRoute':
    case 'GRPCRoute':
      return true;
    case 'TLSRoute':
      return attachments.some(({ listeners }) => listeners.some((name) => terminating.has(name)));
    case 'TCPRoute':
    case 'UDPRoute':
      return false;
    default:
      return kind satisfies never;
  }
}

export const terminatingListeners = (listeners: readonly ResolvedListener[]): ReadonlySet<string> =>
  new Set(listeners.flatMap(({ name, tlsMode }) => (tlsMode === 'Terminate' ? name : [])));

/**
 * Only policies of Services that the routes really use: who may not refer to a Service learns nothing about its policies.
 * @param routes to whose backends policies apply
 */
export function policiesOf(
  routes: readonly RouteTopology[],
  input: GatewayInput,
  problems: readonly PolicyProblem[],
  report: Report,
): { readonly policies: readonly PolicyResult[]; readonly configMaps: readonly ObjectKey[] } {
  const backends = routes.flatMap(backendsOf);
  const services = new Set(backends.map(({ service }) => service));
  const used = input.backendTlsPolicies.filter((policy) => targetServices(policy).some((key) => services.has(key)));
  const policies = used
    .map(({ metadata }) => ({ policy: objectKey(metadata), generation: metadata.generation ?? 0 }))
    .toSorted((a, b) => compareStrings(a.policy, b.policy));
  const reported: ReadonlySet<ObjectKey> = new Set(policies.map(({ policy }) => policy));
  for (const problem of problems) if (reported.has(problem.policy)) report(problem);
  return { policies, configMaps: backends.flatMap(configMapsOf) };
}

const configMapsOf = ({ tls }: BackendService): readonly ObjectKey[] =>
  tls?.authorities.kind === 'config-maps' ? tls.authorities.configMaps : [];

/** Also those that only get copies of requests. */
const backendsOf = ({ rules }: RouteTopology): readonly BackendService[] =>
  rules.flatMap(({ action, backends }) => [
    ...backends.flatMap(({ service, mirrors = [] }) => [...(service ? [service] : []), ...mirrors.map(copied)]),
    ...(action.kind === 'forward' ? (action.mirrors ?? []) : []).map(copied),
  ]);

const copied = ({ service }: Mirror): BackendService => service;
