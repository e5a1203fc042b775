// News are the changes of a status that are worth an Event.
import type { Gateway, ListenerStatus } from '../api/gateway-api.ts';
import type { Condition } from '../kube/object.ts';
import { isAdverse } from './condition.ts';
import { beingReplaced } from './gateway-status.ts';

type Conditions = readonly Condition[] | undefined;

/** An Event without its object. */
export interface News {
  readonly type: 'Normal' | 'Warning';
  /** In CamelCase. */
  readonly reason: string;
  readonly note: string;
}

/**
 * Good news becomes an Event once. A problem becomes a Warning when it appears or gets worse. A message that is already in the
 * status had its Event before. So no Event repeats, not even after a restart.
 * @param leaving the object is being deleted, so losing its load balancer is no problem
 */
export function newsOf(before: Conditions, after: Conditions, leaving = false): readonly News[] {
  const accepted = after?.find(({ type }) => type === 'Accepted');
  return (after ?? []).flatMap((condition) => {
    // An object that is not accepted is never programmed, so this needs no Event of its own.
    if (condition.type === 'Programmed' && accepted?.status === 'False') return [];
    // Each invalid listener gets its own Event.
    if (condition.status === 'True' && condition.reason === 'ListenersNotValid') return [];
    return changed(before?.find(isKnown(condition.type)), condition, leaving);
  });
}

/** News about the listeners' own faults. Whether they are served is news of their Gateway or ListenerSet. */
export function newsOfListeners(
  before: readonly ListenerStatus[] = [],
  after: readonly ListenerStatus[] = [],
): readonly News[] {
  const known = new Map(before.map(({ name, conditions }) => [name, conditions]));
  return after.flatMap(({ name, conditions }) =>
    conditions
      .filter(({ type }) => ofListeners.has(type))
      .flatMap((condition) => changed(known.get(name)?.find(isKnown(condition.type)), condition, false))
      .map((news) => (news.type === 'Warning' ? news : { ...news, note: `Listener "${name}": ${news.note}` })),
  );
}

/** Not Conflicted, because Accepted says the same. Not OverlappingTLSConfig, because hostnames may overlap. */
const ofListeners: ReadonlySet<string> = new Set(['Accepted', 'ResolvedRefs']);

/** Unknown is the CRDs' default: no controller has written the condition yet. */
const isKnown =
  (type: string) =>
  (condition: Condition): boolean =>
    condition.type === type && condition.status !== 'Unknown';

function changed(old: Condition | undefined, now: Condition, leaving: boolean): readonly News[] {
  const { reason, message: note } = now;
  if (now.status === 'Unknown') return [];
  const isNew = old === undefined || old.status !== now.status || old.reason !== reason;
  if (isAdverse(now)) {
    // Pending is normal while something is being created, but not if it served before.
    if (now.type === 'Programmed' && reason === 'Pending') {
      if (!isNew) return [];
      const lost = old?.status === 'True' && !leaving;
      return [{ type: lost ? 'Warning' : 'Normal', reason, note }];
    }
    return isNew || !old.message.includes(note) ? [{ type: 'Warning', reason, note }] : [];
  }
  const better = old === undefined ? now.type === 'Programmed' : isAdverse(old);
  return better ? [{ type: 'Normal', reason, note }] : [];
}

/** Events before and after another load balancer becomes the Gateway's address. */
export function newsOfAddress(before: Gateway['status'], after: Gateway['status']): readonly News[] {
  const [old = '', now = ''] = [before, after].map((status) =>
    (status?.addresses ?? []).map(({ value }) => value).join(', '),
  );
  if (old === '' || now === '') return [];
  const begins = isBeingReplaced(after) && !isBeingReplaced(before);
  return [
    ...(begins ? [normal('AddressChanging', `Another load balancer will replace the address ${old}.`)] : []),
    ...(old === now ? [] : [normal('AddressChanged', `The address is ${now} now, and no longer ${old}.`)]),
  ];
}

const normal = (reason: string, note: string): News => ({ type: 'Normal', reason, note });

const isBeingReplaced = (status: Gateway['status']): boolean =>
  status?.conditions?.some(({ type, message }) => type === 'Programmed' && message.startsWith(beingReplaced)) === true;

/** Each message once, even if several conditions or parents have it. */
export const eachOnce = (news: readonly News[]): readonly News[] => [
  ...new Map(news.map((each) => [`${each.type} ${each.note}`, each])).values(),
];
