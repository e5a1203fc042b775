// A ListenerSet's status, out of the pass over its Gateway.
import type { ListenerSet, ListenerStatus } from '../api/gateway-api.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import { sentences, updated, type Verdict } from './condition.ts';
import type { Findings, WholeProblem } from './findings.ts';
import { acceptedCondition, type GatewayOutcome, waitingFor } from './gateway-status.ts';
import { isValid, listenerConditions, type Serving } from './listener-status.ts';
import { quoted, told } from './words.ts';

type ListenerSetStatus = NonNullable<ListenerSet['status']>;

type Accepted = Verdict<'Accepted', 'Accepted' | 'ListenersNotValid' | 'NotAllowed' | 'ParentNotAccepted' | 'Pending'>;
type Programmed = Verdict<
  'Programmed',
  'Programmed' | 'ListenersNotValid' | 'NotAllowed' | 'ParentNotProgrammed' | 'PortUnavailable' | 'Pending'
>;

/** Whether it is one of the Gateway's: it may add listeners, and at least one of them is good. */
export const isAttached = (set: ObjectKey, findings: Findings): boolean =>
  listenerSetAccepted(set, findings).status === 'True';

/**
 * @param generation of the ListenerSet that the pass was over
 * @param now in milliseconds since the epoch
 */
export function listenerSetStatus(
  existing: ListenerSet['status'],
  set: ObjectKey,
  { findings, attachedRoutes, provisioned }: Pick<GatewayOutcome, 'findings' | 'attachedRoutes' | 'provisioned'>,
  generation: number,
  now: number,
): ListenerSetStatus {
  const listeners = findings.listenersOf(set);
  const acceptance = listenerSetAccepted(set, findings);
  const programmed = programmedVerdict(acceptance, listeners, findings, provisioned);
  const before = new Map(existing?.listeners?.map(({ name, conditions }) => [name, conditions]));
  return {
    ...existing,
    conditions: updated(existing?.conditions, [acceptance, programmed], generation, now),
    listeners: listeners.map((listener): ListenerStatus => {
      const { name: id, ofSet, supportedKinds, port } = listener;
      const name = ofSet?.section ?? id;
      const serving = provisioned?.ports.has(port) ?? false;
      const own = findings.ofListener(id);
      const conditions = listenerConditions(
        listener,
        own,
        serving ? undefined : unserved(findings.ofPort(port), programmed),
      );
      return {
        name,
        supportedKinds,
        attachedRoutes: attachedRoutes.get(id) ?? 0,
        conditions: updated(before.get(name), conditions, generation, now),
      };
    }),
  };
}

/** What becomes of one whose Gateway has gone. */
export function orphanStatus({ status, metadata }: ListenerSet, now: number): ListenerSetStatus {
  const message = 'The Gateway is gone.';
  const verdicts: readonly (Accepted | Programmed)[] = [
    { type: 'Accepted', status: 'False', reason: 'ParentNotAccepted', message },
    { type: 'Programmed', status: 'False', reason: 'ParentNotProgrammed', message },
  ];
  return { ...status, conditions: updated(status?.conditions, verdicts, metadata.generation ?? 0, now), listeners: [] };
}

/** What one says that nobody has looked at: the default of the CRD. */
export function undecidedStatus({ status, metadata }: ListenerSet, now: number): ListenerSetStatus {
  const unknown = { status: 'Unknown', reason: 'Pending', message: 'Waiting for controller' } as const;
  const verdicts: readonly (Accepted | Programmed)[] = [
    { type: 'Accepted', ...unknown },
    { type: 'Programmed', ...unknown },
  ];
  return { ...status, conditions: updated(status?.conditions, verdicts, metadata.generation ?? 0, now), listeners: [] };
}

export function listenerSetAccepted(set: ObjectKey, findings: Findings): Accepted {
  const refused = findings.ofListenerSet(set);
  if (refused.length > 0) {
    return { type: 'Accepted', status: 'False', reason: 'NotAllowed', message: told(refused) };
  }
  if (acceptedCondition(findings).status !== 'True') {
    return { type: 'Accepted', status: 'False', reason: 'ParentNotAccepted', message: 'The Gateway is not accepted.' };
  }
  const listeners = findings.listenersOf(set);
  const invalid = listeners.filter((listener) => !isValid(listener, findings.ofListener(listener.name)));
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The ListenerSet is accepted.' };
  }
  const some = invalid.length < listeners.length;
  const names = quoted(invalid.map(({ name, ofSet }) => ofSet?.section ?? name));
  const message = `${some ? 'Not all listeners are' : 'No listener is'} valid. See the conditions of ${names}.`;
  return { type: 'Accepted', status: some ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

/** True only when it is: every good listener of it is served. What else the load balancer lacks is the Gateway's to tell. */
function programmedVerdict(
  accepted: Accepted,
  listeners: readonly ListenerResult[],
  findings: Findings,
  provisioned: GatewayOutcome['provisioned'],
): Programmed {
  const type = 'Programmed';
  if (accepted.status !== 'True') {
    return { type, status: 'False', reason: unprogrammed(accepted, listeners, findings), message: accepted.message };
  }
  if (provisioned === undefined) {
    const message = 'What exists in AWS could not be read. See the conditions of the Gateway.';
    return { type, status: 'Unknown', reason: 'Pending', message };
  }
  if (provisioned.waiting !== '') {
    return { type, status: 'False', reason: 'ParentNotProgrammed', message: provisioned.waiting };
  }
  const waiting = waitingFor(listeners, findings, provisioned);
  if (waiting === '') return { type, status: 'True', reason: 'Programmed', message: 'The load balancer is active.' };
  const ports = new Set(listeners.map(({ port }) => port));
  const refused = told([...ports].flatMap((port) => findings.ofPort(port)));
  // listenerset_types.go has Pending for what is Unknown only.
  return refused === ''
    ? { type, status: 'Unknown', reason: 'Pending', message: waiting }
    : { type, status: 'False', reason: 'PortUnavailable', message: sentences([waiting, refused]) };
}

function unprogrammed(
  { reason }: Accepted,
  listeners: readonly ListenerResult[],
  findings: Findings,
): Programmed['reason'] {
  if (reason === 'NotAllowed') return 'NotAllowed';
  if (reason !== 'ListenersNotValid') return 'ParentNotProgrammed';
  const isCrowdedOut = listeners.every(({ name }) =>
    findings.ofListener(name).some(({ kind }) => kind === 'too-many-listeners' || kind === 'too-many-ingress-rules'),
  );
  return isCrowdedOut ? 'PortUnavailable' : 'ListenersNotValid';
}

/** Why nothing serves a good listener of the port. */
function unserved(ofPort: readonly WholeProblem[], { message }: Programmed): Serving {
  const refused = told(ofPort);
  return refused === ''
    ? { status: 'Unknown', reason: 'Pending', message }
    : { status: 'False', reason: 'PortUnavailable', message: refused };
}
