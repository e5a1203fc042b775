// A ListenerSet's status, out of the pass over its Gateway.
import type { ListenerSet, ListenerStatus } from '../api/gateway-api.ts';
import type { Problem } from '../gateway/problem.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import { sentences, updated, type Verdict } from './condition.ts';
import { acceptedCondition, attachedRoutes, type GatewayOutcome, waitingFor } from './gateway-status.ts';
import { isValid, listenerConditions, problemsOfListener, type Serving } from './listener-status.ts';
import { explain } from './words.ts';

type ListenerSetStatus = NonNullable<ListenerSet['status']>;

type Accepted = Verdict<'Accepted', 'Accepted' | 'ListenersNotValid' | 'NotAllowed' | 'ParentNotAccepted' | 'Pending'>;
type Programmed = Verdict<
  'Programmed',
  'Programmed' | 'ListenersNotValid' | 'NotAllowed' | 'ParentNotProgrammed' | 'PortUnavailable' | 'Pending'
>;

type ListenerSetOutcome = Pick<GatewayOutcome, 'translation' | 'problems' | 'provisioned'>;

const listenersOf = (
  set: ObjectKey,
  { translation }: Pick<ListenerSetOutcome, 'translation'>,
): readonly ListenerResult[] => translation.listeners.filter(({ ofSet }) => ofSet?.listenerSet === set);

/** Whether it is one of the Gateway's: it may add listeners, and at least one of them is good. */
export const isAttached = (set: ObjectKey, outcome: ListenerSetOutcome): boolean =>
  listenerSetAccepted(set, outcome).status === 'True';

/**
 * @param generation of the ListenerSet that the pass was over
 * @param now in milliseconds since the epoch
 */
export function listenerSetStatus(
  existing: ListenerSet['status'],
  set: ObjectKey,
  outcome: ListenerSetOutcome,
  generation: number,
  now: number,
): ListenerSetStatus {
  const { problems, provisioned } = outcome;
  const listeners = listenersOf(set, outcome);
  const acceptance = listenerSetAccepted(set, outcome);
  const programmed = programmedVerdict(acceptance, listeners, outcome);
  const attached = attachedRoutes(outcome.translation, problems);
  return {
    ...existing,
    conditions: updated(existing?.conditions, [acceptance, programmed], generation, now),
    listeners: listeners.map((listener): ListenerStatus => {
      const { name: id, ofSet, supportedKinds, port } = listener;
      const name = ofSet?.section ?? id;
      const serving = provisioned?.ports.has(port) ?? false;
      const own = problemsOfListener(id, problems);
      const conditions = listenerConditions(listener, own, serving ? undefined : unserved(port, problems, programmed));
      const before = existing?.listeners?.find((status) => status.name === name)?.conditions;
      return {
        name,
        supportedKinds,
        attachedRoutes: attached.get(id) ?? 0,
        conditions: updated(before, conditions, generation, now),
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

export function listenerSetAccepted(
  set: ObjectKey,
  outcome: Pick<ListenerSetOutcome, 'translation' | 'problems'>,
): Accepted {
  const { translation, problems } = outcome;
  const refused = problems.filter(
    (problem) => problem.kind === 'listener-set-not-allowed' && problem.listenerSet === set,
  );
  if (refused.length > 0) {
    return { type: 'Accepted', status: 'False', reason: 'NotAllowed', message: sentences(refused.map(explain)) };
  }
  if (acceptedCondition(problems, translation.listeners).status !== 'True') {
    return { type: 'Accepted', status: 'False', reason: 'ParentNotAccepted', message: 'The Gateway is not accepted.' };
  }
  const listeners = listenersOf(set, outcome);
  const invalid = listeners.filter((listener) => !isValid(listener, problemsOfListener(listener.name, problems)));
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The ListenerSet is accepted.' };
  }
  const some = invalid.length < listeners.length;
  const names = invalid.map(({ name, ofSet }) => `"${ofSet?.section ?? name}"`).join(', ');
  const message = `${some ? 'Not all listeners are' : 'No listener is'} valid. See the conditions of ${names}.`;
  return { type: 'Accepted', status: some ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

/** True only when it is: every good listener of it is served. What else the load balancer lacks is the Gateway's to tell. */
function programmedVerdict(
  accepted: Accepted,
  listeners: readonly ListenerResult[],
  { problems, provisioned }: ListenerSetOutcome,
): Programmed {
  const type = 'Programmed';
  if (accepted.status !== 'True') {
    return { type, status: 'False', reason: unprogrammed(accepted, listeners, problems), message: accepted.message };
  }
  if (provisioned === undefined) {
    const message = 'What exists in AWS could not be read. See the conditions of the Gateway.';
    return { type, status: 'Unknown', reason: 'Pending', message };
  }
  if (provisioned.waiting !== '') {
    return { type, status: 'False', reason: 'ParentNotProgrammed', message: provisioned.waiting };
  }
  const waiting = waitingFor(listeners, problems, provisioned);
  if (waiting === '') return { type, status: 'True', reason: 'Programmed', message: 'The load balancer is active.' };
  const refused = told(problems.filter((problem) => listeners.some(({ port }) => isOfPort(problem, port))));
  // listenerset_types.go has Pending for what is Unknown only.
  return refused === ''
    ? { type, status: 'Unknown', reason: 'Pending', message: waiting }
    : { type, status: 'False', reason: 'PortUnavailable', message: sentences([waiting, refused]) };
}

function unprogrammed(
  { reason }: Accepted,
  listeners: readonly ListenerResult[],
  problems: readonly Problem[],
): Programmed['reason'] {
  if (reason === 'NotAllowed') return 'NotAllowed';
  if (reason !== 'ListenersNotValid') return 'ParentNotProgrammed';
  const isCrowdedOut = listeners.every(({ name }) =>
    problemsOfListener(name, problems).some(({ kind }) => kind === 'too-many-listeners'),
  );
  return isCrowdedOut ? 'PortUnavailable' : 'ListenersNotValid';
}

/** Why nothing serves a good listener of the port. */
function unserved(port: number, problems: readonly Problem[], { message }: Programmed): Serving {
  const refused = told(problems.filter((problem) => isOfPort(problem, port)));
  return refused === ''
    ? { status: 'Unknown', reason: 'Pending', message }
    : { status: 'False', reason: 'PortUnavailable', message: refused };
}

/** Whether AWS refused the listener of the port, `listener/internal/443`. */
const isOfPort = (problem: Problem, port: number): boolean =>
  'resource' in problem && problem.resource.startsWith('listener/') && problem.resource.endsWith(`/${port}`);

const told = (problems: readonly Problem[]): string => sentences(problems.map(explain));
