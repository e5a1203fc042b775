// The entry of one Gateway in a BackendTLSPolicy's status.
import {
  type BackendTlsPolicy,
  GATEWAY_GROUP,
  type ParentReference,
  type PolicyAncestorStatus,
} from '../api/gateway-api.ts';
import { MAX_ANCESTORS } from '../gateway/policy-problem.ts';
import { ancestorGateway } from '../gateway/references.ts';
import type { PolicyResult } from '../gateway/topology.ts';
import { type ObjectKey, parseObjectKey } from '../kube/object.ts';
import type { PolicyFinding } from '../provider/finding.ts';
import { updated, type Verdict } from './condition.ts';
import { pick } from './words.ts';

export interface PolicyOutcome {
  readonly gateway: ObjectKey;
  readonly controllerName: string;
  /** Absent if the Gateway does not use the policy's Services. */
  readonly result?: PolicyResult;
  /** Of the policy. */
  readonly findings: readonly PolicyFinding[];
}

type Accepted = Verdict<'Accepted', 'Accepted' | 'Conflicted' | 'Invalid' | 'NoValidCACertificate' | 'TargetNotFound'>;
type ResolvedRefs = Verdict<'ResolvedRefs', 'ResolvedRefs' | 'InvalidCACertificateRef' | 'InvalidKind'>;

/**
 * The policy's `status.ancestors` with our entry updated. Entries of other Gateways and other controllers stay as they are.
 * @param now in milliseconds since the epoch
 */
export function policyAncestors(
  policy: BackendTlsPolicy,
  { gateway, controllerName, result, findings }: PolicyOutcome,
  now: number,
): readonly PolicyAncestorStatus[] {
  const existing = policy.status?.ancestors ?? [];
  const entryOf = (before?: PolicyAncestorStatus): readonly PolicyAncestorStatus[] => {
    if (result === undefined) return [];
    const conditions = updated(before?.conditions, policyConditions(findings), result.generation, now);
    return [{ ancestorRef: before?.ancestorRef ?? referenceTo(gateway), controllerName, conditions }];
  };
  const isOurs = (entry: PolicyAncestorStatus): boolean =>
    entry.controllerName === controllerName && ancestorGateway(policy, entry) === gateway;
  // It keeps its place, so that an unchanged list stays equal.
  if (existing.some(isOurs)) return existing.flatMap((entry) => (isOurs(entry) ? entryOf(entry) : [entry]));
  return existing.length >= MAX_ANCESTORS ? existing : [...existing, ...entryOf()];
}

function referenceTo(gateway: ObjectKey): ParentReference {
  const { namespace, name } = parseObjectKey(gateway);
  return { group: GATEWAY_GROUP, kind: 'Gateway', ...(namespace !== undefined && { namespace }), name };
}

/** @param findings of the policy */
export function policyConditions(findings: readonly PolicyFinding[]): readonly (Accepted | ResolvedRefs)[] {
  const refused = pick(findings, ({ effect }) => (effect.kind === 'refused' ? effect.reason : undefined));
  const unresolved = pick(findings, ({ effect }) => (effect.kind === 'unresolved' ? effect.reason : undefined));
  return [
    refused
      ? { type: 'Accepted', status: 'False', ...refused }
      : { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The policy is accepted.' },
    unresolved
      ? { type: 'ResolvedRefs', status: 'False', ...unresolved }
      : { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'All references are resolved.' },
  ];
}
