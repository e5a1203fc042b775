// A listener's conditions, out of the problems that name it and of what stands in the cloud.
import type { ListenerResult } from '../gateway/topology.ts';
import { type Verdict } from './condition.ts';
import type { ListenerProblem } from './findings.ts';
import { told } from './words.ts';

type Accepted = Verdict<
  'Accepted',
  | 'Accepted'
  | 'PortUnavailable'
  | 'TooManyListeners'
  | 'UnsupportedProtocol'
  | 'UnsupportedValue'
  | 'HostnameConflict'
  | 'ProtocolConflict'
>;
type ResolvedRefs = Verdict<
  'ResolvedRefs',
  'ResolvedRefs' | 'InvalidCertificateRef' | 'InvalidRouteKinds' | 'RefNotPermitted'
>;
type Conflicted = Verdict<'Conflicted', 'NoConflicts' | 'HostnameConflict' | 'ProtocolConflict'>;
type Programmed = Verdict<
  'Programmed',
  'Programmed' | 'Invalid' | 'Pending' | 'PortUnavailable' | 'HostnameConflict' | 'ProtocolConflict'
>;
type Overlapping = Verdict<'OverlappingTLSConfig', 'OverlappingHostnames'>;

export type ListenerCondition = Accepted | ResolvedRefs | Conflicted | Programmed | Overlapping;

/** What becomes of a good listener. */
export type ListenerServing = Omit<Programmed, 'type'>;

const served: ListenerServing = { status: 'True', reason: 'Programmed', message: 'The load balancer serves it.' };

/** What a problem does to its listener. Those with no entry are only told, in the message of Accepted. */
const notAccepted: Partial<Record<ListenerProblem['kind'], Accepted['reason']>> = {
  'listener-protocol-unsupported': 'UnsupportedProtocol',
  'listener-protocol-conflict': 'ProtocolConflict',
  'listener-hostname-conflict': 'HostnameConflict',
  'listener-hostname-too-long': 'UnsupportedValue',
  'tls-mode-unsupported': 'UnsupportedValue',
  'tls-missing': 'UnsupportedValue',
  'too-many-listeners': 'PortUnavailable',
  'too-many-ingress-rules': 'PortUnavailable',
};

/** Of a ListenerSet's listeners listenerset_types.go tells more: there is a word for want of room, */
const notAcceptedInSet: typeof notAccepted = { ...notAccepted, 'too-many-listeners': 'TooManyListeners' };

/** and Programmed says why too, where that of a Gateway's listener is just Invalid. */
const notProgrammedInSet: Partial<Record<ListenerProblem['kind'], Programmed['reason']>> = {
  'listener-protocol-conflict': 'ProtocolConflict',
  'listener-hostname-conflict': 'HostnameConflict',
  'too-many-listeners': 'PortUnavailable',
  'too-many-ingress-rules': 'PortUnavailable',
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
  'certificate-arn-not-permitted': 'RefNotPermitted',
  'certificate-arn-not-found': 'InvalidCertificateRef',
  'certificate-arn-unknown': 'InvalidCertificateRef',
  'certificate-refused': 'InvalidCertificateRef',
  'too-many-certificates': 'InvalidCertificateRef',
};

const conflicts: Partial<Record<ListenerProblem['kind'], Conflicted['reason']>> = {
  'listener-protocol-conflict': 'ProtocolConflict',
  'listener-hostname-conflict': 'HostnameConflict',
};

/** Whether the listener is to serve: both for translate and for the data plane. */
export const isValid = (listener: ListenerResult, problems: readonly ListenerProblem[]): boolean =>
  listener.valid && !problems.some(({ kind }) => notAccepted[kind] !== undefined);

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
 * @param unserved why clients do not reach it; undefined while they do
 */
export function listenerConditions(
  listener: ListenerResult,
  problems: readonly ListenerProblem[],
  unserved: ListenerServing | undefined,
): readonly ListenerCondition[] {
  const inSet = listener.ofSet !== undefined;
  const rejected = pick(problems, inSet ? notAcceptedInSet : notAccepted);
  const unresolved = pick(problems, notResolved);
  const conflict = pick(problems, conflicts);
  const unfit = inSet ? pick(problems, notProgrammedInSet) : undefined;
  const overlap = problems.filter((problem) => problem.kind === 'tls-overlap');
  const hints = problems.filter(({ kind }) => kind === 'listener-setting-conflict' || kind === 'listener-not-isolated');
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
    isValid(listener, problems)
      ? { type: 'Programmed', ...(unserved ?? served) }
      : { type: 'Programmed', status: 'False', reason: unfit?.reason ?? 'Invalid', message: told(problems) },
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
