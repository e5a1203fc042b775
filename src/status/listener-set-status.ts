// A ListenerSet's status, made from the pass of its Gateway.
import type { ListenerSet, ListenerStatus } from '../api/gateway-api.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import type { Condition, ObjectKey } from '../kube/object.ts';
import { sentences, updated, type Verdict } from './condition.ts';
import type { Findings } from './findings.ts';
import { acceptedCondition, type GatewayOutcome } from './gateway-status.ts';
import { hindrancesOf, isPassing, upToDate } from './hindrances.ts';
import { isValid, type ListenerServing, listenerConditions, servedAs } from './listener-status.ts';
import { quoted } from './phrases.ts';
import { isProgrammed, lacking, type Provisioned, type Serving, servingOf } from './serving.ts';
import { messageOf } from './words.ts';

type ListenerSetStatus = NonNullable<ListenerSet['status']>;

type Accepted = Verdict<
  'Accepted',
  'Accepted' | 'Invalid' | 'ListenersNotValid' | 'NotAllowed' | 'ParentNotAccepted' | 'Pending'
>;
type Programmed = Verdict<
  'Programmed',
  'Programmed' | 'ListenersNotValid' | 'NotAllowed' | 'ParentNotProgrammed' | 'PortUnavailable' | 'Pending'
>;

/** Whether the ListenerSet is attached: it may add listeners, and at least one of them is valid. */
export const isAttached = (set: ObjectKey, findings: Findings): boolean =>
  listenerSetAccepted(set, findings).status === 'True';

/** The listener's name in the ListenerSet. */
const sectionOf = ({ name, ofSet }: ListenerResult): string => ofSet?.section ?? name;

/**
 * @param generation of the ListenerSet that the pass read
 * @param now in milliseconds since the epoch
 */
export function listenerSetStatus(
  existing: ListenerSet['status'],
  set: ObjectKey,
  outcome: Omit<GatewayOutcome, 'generation' | 'attachedListenerSets'>,
  generation: number,
  now: number,
): ListenerSetStatus {
  const { findings, attachedRoutes, provisioned } = outcome;
  const listeners = findings.listenersOf(set);
  const serving = servingOf(findings, provisioned);
  const before = new Map(existing?.listeners?.map(({ name, conditions }) => [name, conditions]));
  const isServed = (listener: ListenerResult): boolean =>
    serving.isServed(listener.port, before.get(sectionOf(listener)));
  const wanted = listeners.filter((listener) => isValid(listener, findings.ofListener(listener.name)));
  const unserved = wanted.filter((listener) => !isServed(listener));
  const acceptance = listenerSetAccepted(set, findings);
  const serves = isProgrammed(existing?.conditions) && unserved.length < wanted.length;
  const programmed =
    acceptance.status === 'True'
      ? programmedVerdict(serves, unserved, serving, outcome)
      : unprogrammed(acceptance, listeners, findings);
  const verdicts = [acceptance, programmed, ...changeOf(listeners, outcome, existing?.conditions)];
  return {
    ...existing,
    conditions: updated(existing?.conditions, verdicts, generation, now),
    listeners: listeners.map((listener): ListenerStatus => {
      const name = sectionOf(listener);
      const { port } = listener;
      const how = isServed(listener)
        ? servedAs(serving.servedBy(port, before.get(name)))
        : whyUnserved(port, acceptance, serving);
      const conditions = listenerConditions(listener, findings.ofListener(listener.name), how);
      return {
        name,
        supportedKinds: listener.supportedKinds,
        attachedRoutes: attachedRoutes.get(listener.name) ?? 0,
        conditions: updated(before.get(name), conditions, generation, now),
      };
    }),
  };
}

/** Refused changes of the set's own ports. The Gateway's status reports the rest. Absent until the first refusal. */
function changeOf(
  listeners: readonly ListenerResult[],
  { findings, provisioned, overdue }: Pick<GatewayOutcome, 'findings' | 'provisioned' | 'overdue'>,
  existing: readonly Condition[] | undefined,
): readonly Verdict<string, string>[] {
  const ports = new Set(listeners.map(({ port }) => port));
  const hindrances = hindrancesOf([...new Set([...ports].flatMap((port) => findings.ofPort(port)))]);
  const complete = provisioned?.complete === true;
  const change = upToDate({ hindrances, overdue, complete, words: findings.words }, existing);
  const isNews = existing?.some(({ type }) => change.some((verdict) => verdict.type === type)) === true;
  return hindrances.length > 0 || isNews ? change : [];
}

/** The status of a ListenerSet whose Gateway is gone. */
export function orphanStatus({ status, metadata }: ListenerSet, now: number): ListenerSetStatus {
  const message = 'The Gateway is gone.';
  const verdicts: readonly (Accepted | Programmed)[] = [
    { type: 'Accepted', status: 'False', reason: 'ParentNotAccepted', message },
    { type: 'Programmed', status: 'False', reason: 'ParentNotProgrammed', message },
  ];
  return { ...status, conditions: updated(status?.conditions, verdicts, metadata.generation ?? 0, now), listeners: [] };
}

/** The status of a ListenerSet that no controller has read: the CRD's default. */
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
  if (refused[0]) {
    const { reason } = refused[0];
    return { type: 'Accepted', status: 'False', reason, message: messageOf(refused) };
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
  const names = quoted(invalid.map(sectionOf));
  const message = `${some ? 'Not all listeners are' : 'No listener is'} valid. See the conditions of ${names}.`;
  return { type: 'Accepted', status: some ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

/** It becomes True when clients can reach all valid listeners of the set, and stays True while they can reach one. */
function programmedVerdict(
  serves: boolean,
  unserved: readonly ListenerResult[],
  serving: Serving,
  { findings, provisioned }: Pick<GatewayOutcome, 'findings' | 'provisioned'>,
): Programmed {
  const type = 'Programmed';
  const named = unserved.map((listener) => ({ name: sectionOf(listener), port: listener.port }));
  const lack = named.length === 0 ? '' : lacking(named, provisioned, findings.words);
  if (lack === '' || serves) {
    return { type, status: 'True', reason: 'Programmed', message: sentences(['The load balancer is active.', lack]) };
  }
  if (provisioned !== undefined && provisioned.ports.size === 0 && provisioned.waiting !== '') {
    return { type, status: 'False', reason: 'ParentNotProgrammed', message: lack };
  }
  const refused = refusedOf(unserved, serving);
  // listenerset_types.go has Pending only for status Unknown.
  return refused === ''
    ? { type, status: 'Unknown', reason: 'Pending', message: sentences([lack, seeGateway(provisioned)]) }
    : { type, status: 'False', reason: 'PortUnavailable', message: sentences([lack, refused]) };
}

const seeGateway = (provisioned: Provisioned | undefined): string =>
  provisioned === undefined ? 'See the conditions of the Gateway.' : '';

/** A message about the refusals of these ports. */
const refusedOf = (listeners: readonly { readonly port: PortKey }[], serving: Serving): string => {
  const ports = new Set(listeners.map(({ port }) => port));
  return messageOf([...ports].flatMap((port) => serving.hindrances(port)).filter((finding) => !isPassing(finding)));
};

function unprogrammed(
  { reason, message }: Accepted,
  listeners: readonly ListenerResult[],
  findings: Findings,
): Programmed {
  const verdict = { type: 'Programmed', status: 'False', message } as const;
  if (reason === 'NotAllowed') return { ...verdict, reason };
  if (reason === 'Invalid') return { ...verdict, reason: 'ListenersNotValid' };
  if (reason !== 'ListenersNotValid') return { ...verdict, reason: 'ParentNotProgrammed' };
  const isCrowdedOut = listeners.every(({ name }) =>
    findings.ofListener(name).some(({ effect }) => effect.kind === 'no-room'),
  );
  return { ...verdict, reason: isCrowdedOut ? 'PortUnavailable' : 'ListenersNotValid' };
}

/** Why clients do not reach a valid listener of the port. */
function whyUnserved(port: PortKey, { status, message }: Accepted, serving: Serving): ListenerServing {
  if (status !== 'True') return { status: 'Unknown', reason: 'Pending', message };
  const refused = refusedOf([{ port }], serving);
  return refused === ''
    ? { status: 'Unknown', reason: 'Pending', message: serving.lackOf(port) }
    : { status: 'False', reason: 'PortUnavailable', message: sentences([serving.lackOf(port), refused]) };
}
