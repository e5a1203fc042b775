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
type Programmed = Verdict<'Programmed', 'Programmed' | 'Invalid' | 'Pending' | 'HostnameConflict' | 'ProtocolConflict'>;
type Overlapping = Verdict<'OverlappingTLSConfig', 'OverlappingHostnames'>;

export type ListenerCondition = Accepted | ResolvedRefs | Conflicted | Programmed | Overlapping;

type ListenerProblem = Extract<Problem, { listener: string }>;

/** The Programmed condition of the object that has the listener, where it tells why. */
type Obstacle = Pick<Programmed, 'status' | 'message'>;

/** What a problem does to its listener. Those with no entry are only told, in the message of Accepted. */
const notAccepted: Partial<Record<ListenerProblem['kind'], Accepted['reason']>> = {
  'listener-protocol-unsupported': 'UnsupportedProtocol',
  'listener-protocol-conflict': 'ProtocolConflict',
  'listener-hostname-conflict': 'HostnameConflict',
  'listener-hostname-too-long': 'UnsupportedValue',
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

export const problemsOfListener = (listener: string, problems: readonly Problem[]): readonly ListenerProblem[] =>
  problems.filter((problem): problem is ListenerProblem => 'listener' in problem && problem.listener === listener);

/** Whether the listener is to serve: both for translate and for the data plane. */
export const isValid = (listener: ListenerResult, problems: readonly ListenerProblem[]): boolean =>
  listener.valid && !problems.some(({ kind }) => notAccepted[kind] !== undefined);

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
 * @param obstacle why no load balancer serves the port; undefined while one does
 */
export function listenerConditions(
  listener: ListenerResult,
  problems: readonly ListenerProblem[],
  obstacle: Obstacle | undefined,
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
    programmed(isValid(listener, problems), told(problems), obstacle, listener.ofSet && conflict?.reason),
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

/** @param conflict with one that comes first: a ListenerSet's listener says so here too, as listenerset_types.go has it */
function programmed(
  valid: boolean,
  why: string,
  obstacle: Obstacle | undefined,
  conflict: Conflicted['reason'] | undefined,
): Programmed {
  if (!valid) {
    const reason = conflict === undefined || conflict === 'NoConflicts' ? 'Invalid' : conflict;
    return { type: 'Programmed', status: 'False', reason, message: why };
  }
  if (obstacle) {
    return { type: 'Programmed', status: obstacle.status, reason: 'Pending', message: obstacle.message };
  }
  return { type: 'Programmed', status: 'True', reason: 'Programmed', message: 'The load balancer serves it.' };
}
