// A listener's conditions, made from its findings and from what exists.
import type { ListenerResult } from '../gateway/topology.ts';
import type { ListenerFinding } from '../provider/finding.ts';
import type { Verdict } from './condition.ts';
import { messageOf, pick } from './words.ts';

type Accepted = Verdict<
  'Accepted',
  | 'Accepted'
  | 'PortUnavailable'
  | 'TooManyListeners'
  | 'UnsupportedProtocol'
  | 'UnsupportedValue'
  | 'NoValidCACertificate'
  | 'HostnameConflict'
  | 'ProtocolConflict'
>;
type ResolvedRefs = Verdict<
  'ResolvedRefs',
  | 'ResolvedRefs'
  | 'InvalidCertificateRef'
  | 'InvalidCACertificateRef'
  | 'InvalidCACertificateKind'
  | 'InvalidRouteKinds'
  | 'RefNotPermitted'
>;
type Conflicted = Verdict<'Conflicted', 'NoConflicts' | 'HostnameConflict' | 'ProtocolConflict'>;
type Programmed = Verdict<
  'Programmed',
  'Programmed' | 'Invalid' | 'Pending' | 'PortUnavailable' | 'HostnameConflict' | 'ProtocolConflict'
>;
type Overlapping = Verdict<'OverlappingTLSConfig', 'OverlappingHostnames'>;

export type ListenerCondition = Accepted | ResolvedRefs | Conflicted | Programmed | Overlapping;

/** Whether a valid listener is served. */
export type ListenerServing = Omit<Programmed, 'type'>;

export const servedAs = (message: string): ListenerServing => ({ status: 'True', reason: 'Programmed', message });

/** listenerset_types.go has its own reason for missing room: TooManyListeners. */
function acceptedReason({ effect }: ListenerFinding, inSet: boolean): Accepted['reason'] | undefined {
  if (effect.kind === 'no-room') return inSet && effect.lack === 'listeners' ? 'TooManyListeners' : 'PortUnavailable';
  return effect.kind === 'unsupported' || effect.kind === 'conflict' ? effect.reason : undefined;
}

/** For listeners of ListenerSets, Programmed repeats the reason. For the Gateway's own it is always Invalid. */
function programmedReason({ effect }: ListenerFinding): Programmed['reason'] | undefined {
  if (effect.kind === 'conflict') return effect.reason;
  return effect.kind === 'no-room' ? 'PortUnavailable' : undefined;
}

const resolvedReason = ({ effect }: ListenerFinding): ResolvedRefs['reason'] | undefined =>
  effect.kind === 'unresolved' ? effect.reason : undefined;

const conflictReason = ({ effect }: ListenerFinding): Conflicted['reason'] | undefined =>
  effect.kind === 'conflict' ? effect.reason : undefined;

/** Whether a listener with these findings is not accepted. */
export const isRefused = (findings: readonly ListenerFinding[]): boolean =>
  findings.some((finding) => acceptedReason(finding, false) !== undefined);

/** Whether the listener is valid, both for translate and for the data plane. */
export const isValid = (listener: ListenerResult, findings: readonly ListenerFinding[]): boolean =>
  listener.valid && !isRefused(findings);

/**
 * @param findings of this listener
 * @param serving what serves it, or why clients do not reach it
 */
export function listenerConditions(
  listener: ListenerResult,
  findings: readonly ListenerFinding[],
  serving: ListenerServing,
): readonly ListenerCondition[] {
  const inSet = listener.ofSet !== undefined;
  const rejected = pick(findings, (finding) => acceptedReason(finding, inSet));
  const unresolved = pick(findings, resolvedReason);
  const conflict = pick(findings, conflictReason);
  const unfit = inSet ? pick(findings, programmedReason) : undefined;
  const overlap = findings.filter(({ effect }) => effect.kind === 'overlap');
  const hints = findings.filter(({ effect }) => effect.kind === 'remark');
  const conditions: ListenerCondition[] = [
    rejected
      ? { type: 'Accepted', status: 'False', ...rejected }
      : {
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          message: messageOf(hints) || 'The listener is accepted.',
        },
    conflict
      ? { type: 'Conflicted', status: 'True', ...conflict }
      : { type: 'Conflicted', status: 'False', reason: 'NoConflicts', message: 'No other listener conflicts with it.' },
    unresolved
      ? { type: 'ResolvedRefs', status: 'False', ...unresolved }
      : { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'All references are resolved.' },
    isValid(listener, findings)
      ? { type: 'Programmed', ...serving }
      : { type: 'Programmed', status: 'False', reason: unfit?.reason ?? 'Invalid', message: messageOf(findings) },
  ];
  if (overlap.length > 0) {
    conditions.push({
      type: 'OverlappingTLSConfig',
      status: 'True',
      reason: 'OverlappingHostnames',
      message: messageOf(overlap),
    });
  }
  return conditions;
}
