// Which BackendTLSPolicy a Service's port has: how a Gateway speaks TLS to it. An invalid policy counts, too: without it requests
// would go to the backend unencrypted.
import type { BackendTlsPolicy } from '../api/gateway-api.ts';
import { frozen, type ObjectKey, objectKey } from '../kube/object.ts';
import { addAuthorities } from './authorities.ts';
import type { Authorities, BackendTls, SubjectName } from './backend-service.ts';
import type { GatewayInput } from './input.ts';
import { MAX_ANCESTORS, type PolicyPlace, type PolicyProblem } from './policy-problem.ts';
import { compareStrings } from './precedence.ts';
import { ancestorGateway, configMapReference, describeReference, namespaceOf, targetService } from './references.ts';

/** An input whose policies are resolved: by Service's port, and by whole Service. */
export interface PoliciesResolved extends GatewayInput {
  readonly backendTls: ReadonlyMap<string, BackendTls>;
}

/** Undefined if no policy has the port. */
export const backendTlsOf = (
  { backendTls }: Pick<PoliciesResolved, 'backendTls'>,
  service: ObjectKey,
  portName: string,
): BackendTls | undefined => backendTls.get(targetOf(service, portName)) ?? backendTls.get(targetOf(service));

/** A Service's port, or the whole Service. */
const targetOf = (service: ObjectKey, section = ''): string => `${service}/${section}`;

export function resolvePolicies(
  input: GatewayInput,
): Pick<PoliciesResolved, 'backendTls'> & { readonly problems: readonly PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const byTarget = new Map<string, BackendTls>();
  for (const policy of input.backendTlsPolicies.toSorted(byAge)) {
    const tls = asBefore(policy, tlsOf(policy, input, problems));
    for (const target of targetsOf(policy, input, problems)) {
      const { service, section, field } = target;
      const first = byTarget.get(targetOf(service, section));
      if (first === undefined) byTarget.set(targetOf(service, section), tls);
      else problems.push({ kind: 'policy-conflicted', policy: tls.policy, field, service, by: first.policy });
    }
  }
  return { backendTls: byTarget, problems };
}

const results = new WeakMap<BackendTlsPolicy, BackendTls>();

/** Equal results are the same object, so that the routes to the policy's Services are not resolved again. */
function asBefore(policy: BackendTlsPolicy, tls: BackendTls): BackendTls {
  const before = results.get(policy);
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(tls)) return before;
  if (Object.isFrozen(policy)) results.set(policy, frozen(tls));
  return tls;
}

/** "The older policy by creation timestamp takes precedence", then "the policy appearing first in alphabetical order". */
const byAge = (a: BackendTlsPolicy, b: BackendTlsPolicy): number =>
  compareStrings(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
  compareStrings(objectKey(a.metadata), objectKey(b.metadata));

interface Target {
  readonly service: ObjectKey;
  readonly section?: string;
  readonly field: string;
}

/** Those that exist. The other Services of the policy are of no concern here. */
function targetsOf(policy: BackendTlsPolicy, { services }: GatewayInput, problems: PolicyProblem[]): readonly Target[] {
  return policy.spec.targetRefs.flatMap((ref, index) => {
    const service = targetService(policy, ref);
    const ports = service === undefined ? undefined : services.get(service)?.spec.ports;
    if (service === undefined || ports === undefined) return [];
    const field = `targetRefs[${index}]`;
    // Some clients write an absent name as an empty string.
    if (!ref.sectionName) return { service, field };
    const section = ref.sectionName;
    if (ports.some(({ name }) => name === section)) return { service, section, field };
    const available = ports.flatMap(({ name }) => name ?? []);
    const place = { policy: objectKey(policy.metadata), field: `${field}.sectionName` };
    problems.push({ kind: 'policy-target-not-found', ...place, service, section, available });
    return [];
  });
}

function tlsOf(policy: BackendTlsPolicy, input: GatewayInput, problems: PolicyProblem[]): BackendTls {
  const { hostname, subjectAltNames = [] } = policy.spec.validation;
  const authorities = authoritiesOf(policy, input, problems);
  return {
    policy: objectKey(policy.metadata),
    serverName: hostname,
    // "If SubjectAltNames are specified, Hostname … MUST NOT be used for authentication."
    names:
      subjectAltNames.length === 0
        ? [{ kind: 'dns', value: hostname }]
        : subjectAltNames.map(
            ({ type, hostname: dns = '', uri = '' }): SubjectName =>
              type === 'URI' ? { kind: 'uri', value: uri } : { kind: 'dns', value: dns },
          ),
    authorities: hasRoom(policy, input) ? authorities : { kind: 'none', why: 'ancestors' },
  };
}

/**
 * "If this slice is full, implementations MUST NOT add further entries. Instead they MUST consider the policy unimplementable."
 */
function hasRoom(policy: BackendTlsPolicy, { gateway, controllerName }: GatewayInput): boolean {
  const { ancestors = [] } = policy.status ?? {};
  const key = objectKey(gateway.metadata);
  return (
    ancestors.length < MAX_ANCESTORS ||
    ancestors.some((entry) => entry.controllerName === controllerName && ancestorGateway(policy, entry) === key)
  );
}

const none: Authorities = { kind: 'none', why: 'invalid' };

function authoritiesOf(policy: BackendTlsPolicy, input: GatewayInput, problems: PolicyProblem[]): Authorities {
  const key = objectKey(policy.metadata);
  const { fault, spec } = policy;
  if (fault !== undefined) {
    problems.push({ kind: 'policy-unreadable', policy: key, field: fault.field, fault });
    if (!fault.isLast) return none;
  }
  const { caCertificateRefs = [], wellKnownCACertificates = '' } = spec.validation;
  if (caCertificateRefs.length === 0) {
    if (wellKnownCACertificates === 'System') return { kind: 'system' };
    const field = 'validation.wellKnownCACertificates';
    problems.push({ kind: 'policy-authorities-unknown', policy: key, field, value: wellKnownCACertificates });
    return none;
  }
  const field = 'validation.caCertificateRefs';
  const trusted = new Map<ObjectKey, string>();
  for (const [index, ref] of caCertificateRefs.entries()) {
    const place = { policy: key, field: `${field}[${index}]` };
    const problem = trust(policy, ref, place, input, trusted);
    if (problem !== undefined) problems.push(problem);
  }
  if (trusted.size > 0) return { kind: 'config-maps', configMaps: [...trusted.keys()].toSorted() };
  problems.push({ kind: 'policy-without-authority', policy: key, field });
  return none;
}

type Reference = NonNullable<BackendTlsPolicy['spec']['validation']['caCertificateRefs']>[number];

/**
 * Adds the ConfigMap to the trusted ones.
 * @param trusted PEM by ConfigMap
 * @returns what is wrong with it
 */
function trust(
  policy: BackendTlsPolicy,
  ref: Reference,
  place: PolicyPlace,
  { configMaps }: GatewayInput,
  trusted: Map<ObjectKey, string>,
): PolicyProblem | undefined {
  const namespace = namespaceOf(policy);
  const configMap = configMapReference(namespace, ref);
  if (configMap === undefined) {
    return { kind: 'policy-authority-kind-unsupported', ...place, reference: describeReference({ namespace, ...ref }) };
  }
  const wrong = addAuthorities(trusted, configMap, configMaps);
  switch (wrong?.kind) {
    case undefined:
      return undefined;
    case 'missing':
      return { kind: 'policy-authority-not-found', ...place, configMap };
    case 'malformed':
      return { kind: 'policy-authority-malformed', ...place, configMap, detail: wrong.detail };
    default:
      return wrong satisfies never;
  }
}
