// A listener's conditions, out of the problems that name it and of what stands in the cloud.
import type { Problem } from '../gateway/problem.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import { sentences, type Verdict } from './condition.ts';
import { explain } from './words.ts';

type Accepted = Verdict<
  'Accepted',
  'Accepted' | 'PortUnavailable' | 'UnsupportedProtocol' | 'UnsupportedValue' | 'HostnameConflict' | 'ProtocolConflict'
>;
type ResolvedRefs = Verdict<
  'ResolvedRefs',
  'ResolvedRefs' | 'InvalidCertificateRef' | 'InvalidRouteKinds' | 'RefNotPermitted'
>;
type Conflicted = Verdict<'Conflicted', 'NoConflicts' | 'HostnameConflict' | 'ProtocolConflict'>;
type Programmed = Verdict<'Programmed', 'Programmed' | 'Invalid' | 'Pending'>;
type Overlapping = Verdict<'OverlappingTLSConfig', 'OverlappingHostnames'>;

export type ListenerCondition = Accepted | ResolvedRefs | Conflicted | Programmed | Overlapping;

export type ListenerProblem = Extract<Problem, { listener: string }>;

/** What a problem does to its listener. Those with no entry are only told, in the message of Accepted. */
const notAccepted: Partial<Record<ListenerProblem['kind'], Accepted['reason']>> = {
  'listener-protocol-unsupported': 'UnsupportedProtocol',
  'listener-protocol-conflict': 'ProtocolConflict',
  'listener-hostname-conflict': 'HostnameConflict',
  'tls-mode-unsupported': 'UnsupportedValue',
  'tls-missing': 'UnsupportedValue',
  'too-many-listeners': 'PortUnavailable',
};

const notResolved: Partial<Record<ListenerProblem['kind'], ResolvedRefs['reason']>> = {
  'route-kind-unsupported': 'InvalidRouteKinds',
  'certificate-kind-unsupported': 'InvalidCertificateRef',
  'certificate-not-permitted': 'RefNotPermitted',
  'certificate-not-found': 'InvalidCertificateRef',
  'certificate-malformed': 'InvalidCertificateRef',
  'certificate-key-mismatch': 'InvalidCertificateRef',
  'certificate-expired': 'InvalidCertificateRef',
  'certificate-not-yet-valid': 'InvalidCertificateRef',
  'certificate-algorithm-unsupported': 'InvalidCertificateRef',
  'certificate-arn-malformed': 'InvalidCertificateRef',
  'too-many-certificates': 'InvalidCertificateRef',
};

const conflicts: Partial<Record<ListenerProblem['kind'], Conflicted['reason']>> = {
  'listener-protocol-conflict': 'ProtocolConflict',
  'listener-hostname-conflict': 'HostnameConflict',
};

const told = (problems: readonly ListenerProblem[]): string => sentences(problems.map(explain));

function pick<Reason extends string>(
  problems: readonly ListenerProblem[],
  reasons: Partial<Record<ListenerProblem['kind'], Reason>>,
): { readonly reason: Reason; readonly message: string } | undefined {
  const those = problems.filter((problem) => reasons[problem.kind] !== undefined);
  const reason = those[0] && reasons[those[0].kind];
  return reason && { reason, message: told(those) };
}

/**
 * @param problems those of this listener
 * @param serving whether the load balancer is active and has a listener on the port
 * @param waiting what is still missing, in words
 */
export function listenerConditions(
  listener: ListenerResult,
  problems: readonly ListenerProblem[],
  serving: boolean,
  waiting: string,
): readonly ListenerCondition[] {
  const rejected = pick(problems, notAccepted);
  const unresolved = pick(problems, notResolved);
  const conflict = pick(problems, conflicts);
  const overlap = problems.filter((problem) => problem.kind === 'tls-overlap');
  const hints = problems.filter((problem) => problem.kind === 'listener-setting-conflict');
  const conditions: ListenerCondition[] = [
    rejected
      ? { type: 'Accepted', status: 'False', ...rejected }
      : { type: 'Accepted', status: 'True', reason: 'Accepted', message: told(hints) || 'The listener is accepted.' },
    conflict
      ? { type: 'Conflicted', status: 'True', ...conflict }
      : { type: 'Conflicted', status: 'False', reason: 'NoConflicts', message: 'No other listener conflicts with it.' },
    unresolved
      ? { type: 'ResolvedRefs', status: 'False', ...unresolved }
      : { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'All references are resolved.' },
    programmed(listener.valid && !rejected, told(problems), serving, waiting),
  ];
  if (overlap.length > 0) {
    conditions.push({
      type: 'OverlappingTLSConfig',
      status: 'True',
      reason: 'OverlappingHostnames',
      message: told(overlap),
    });
  }
  return conditions;
}

function programmed(valid: boolean, why: string, serving: boolean, waiting: string): Programmed {
  if (!valid) return { type: 'Programmed', status: 'False', reason: 'Invalid', message: why };
  if (!serving) return { type: 'Programmed', status: 'False', reason: 'Pending', message: waiting };
  return { type: 'Programmed', status: 'True', reason: 'Programmed', message: 'The load balancer serves it.' };
}
