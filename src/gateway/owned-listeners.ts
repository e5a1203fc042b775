// The listeners of a Gateway and of its ListenerSets.
import type { Gateway, Listener, ListenerSet } from '../api/gateway-api.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { admits } from './allowed-namespaces.ts';
import type { GatewayInput } from './input.ts';
import { compareStrings } from './precedence.ts';
import type { Report } from './problem.ts';
import { namespaceOf } from './references.ts';

export interface OwnedListener {
  /** Unique in the Gateway: the listener's name, or `namespace/set/name` for a listener of a ListenerSet. */
  readonly id: string;
  readonly listener: Listener;
  readonly owner: Gateway | ListenerSet;
}

/**
 * The listeners by owner, in order of precedence: first the Gateway, then its allowed ListenerSets from the oldest to the newest.
 * The other ListenerSets are reported.
 */
export function ownedListeners(input: GatewayInput, report: Report): readonly (readonly OwnedListener[])[] {
  const { gateway } = input;
  const own = gateway.spec.listeners.map((listener) => ({ id: listener.name, listener, owner: gateway }));
  const sets = input.listenerSets.toSorted(byPrecedence).filter((set) => isAllowed(set, input, report));
  return [own, ...sets.map(listenersOf)];
}

/** A listener's id has its ListenerSet's key, so that it is unique in the Gateway. */
const listenersOf = (owner: ListenerSet): readonly OwnedListener[] =>
  owner.spec.listeners.map((listener) => ({ id: `${objectKey(owner.metadata)}/${listener.name}`, listener, owner }));

const byPrecedence = (a: ListenerSet, b: ListenerSet): number =>
  compareStrings(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
  compareStrings(objectKey(a.metadata), objectKey(b.metadata));

function isAllowed(set: ListenerSet, input: GatewayInput, report: Report): boolean {
  const allowed = { from: 'None' as const, ...input.gateway.spec.allowedListeners?.namespaces };
  const listenerSet = objectKey(set.metadata);
  if (!admits(allowed, namespaceOf(input.gateway), namespaceOf(set), input)) {
    report({ kind: 'listener-set-not-allowed', listenerSet });
    return false;
  }
  if (set.fault !== undefined) report({ kind: 'listener-set-unreadable', listenerSet, fault: set.fault });
  return true;
}

/** The ListenerSet of a listener. Undefined for the Gateway's own listeners. */
export const setOf = ({ owner }: Pick<OwnedListener, 'owner'>): ObjectKey | undefined =>
  owner.kind === 'ListenerSet' ? objectKey(owner.metadata) : undefined;
