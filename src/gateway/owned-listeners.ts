// A Gateway's listeners: its own, and those that ListenerSets add.
import type { Gateway, Listener, ListenerSet } from '../api/gateway-api.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { admits } from './allowed-namespaces.ts';
import type { GatewayInput } from './input.ts';
import { compareStrings } from './precedence.ts';
import type { Report } from './problem.ts';
import { namespaceOf } from './references.ts';

export interface OwnedListener {
  /** No other listener of the Gateway has it: the listener's name, or `namespace/set/name` where a ListenerSet has it. */
  readonly id: string;
  readonly listener: Listener;
  readonly owner: Gateway | ListenerSet;
}

/**
 * By owner, in their order of precedence: the Gateway, then the ListenerSets that it allows, the oldest one first. The
 * others are reported.
 */
export function ownedListeners(input: GatewayInput, report: Report): readonly (readonly OwnedListener[])[] {
  const { gateway } = input;
  const own = gateway.spec.listeners.map((listener) => ({ id: listener.name, listener, owner: gateway }));
  const sets = input.listenerSets.toSorted(byPrecedence).filter((set) => isAllowed(set, input, report));
  return [own, ...sets.map(listenersOf)];
}

/** How the listener of a ListenerSet is told from all others of its Gateway. */
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

/** The ListenerSet that has a listener; undefined for the Gateway's own. */
export const setOf = ({ owner }: Pick<OwnedListener, 'owner'>): ObjectKey | undefined =>
  owner.kind === 'ListenerSet' ? objectKey(owner.metadata) : undefined;
