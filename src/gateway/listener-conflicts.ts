// Which listeners no request could be told apart by.
import { toHostname } from './hostnames.ts';
import type { OwnedListener } from './owned-listeners.ts';

export interface Conflict {
  /** The listeners of its port that have another protocol. */
  readonly protocol: readonly OwnedListener[];
  /** Those that have its protocol and its hostname too. */
  readonly hostname: readonly OwnedListener[];
}

/**
 * Between owners the first one wins, and the other's listener is the conflicted one: "the first Listener in the precedence list
 * MUST be accepted" (GEP-1713). Within one owner nobody comes first: "ALL indistinct Listeners must not be accepted"
 * (gateway_types.go).
 *
 * What has lost to an earlier owner takes nothing from anyone: neither from its siblings nor from a later ListenerSet. What
 * conflicts with a sibling only is not served, and still is its owner's before that of any later one: a mistake in the Gateway
 * must not hand its hostname over to another team, nor its correction take it away again.
 * @param owners in their order of precedence
 * @param isSupported an unsupported listener takes nothing from another one: as if it were not there
 * @returns only those that conflict
 */
export function listenerConflicts(
  owners: readonly (readonly OwnedListener[])[],
  isSupported: (listener: OwnedListener) => boolean,
): ReadonlyMap<OwnedListener, Conflict> {
  const conflicts = new Map<OwnedListener, Conflict>();
  const look = (listeners: readonly OwnedListener[], rivals: readonly OwnedListener[]): void => {
    for (const each of listeners) {
      const conflict = conflictOf(each, rivals);
      if (conflict !== undefined) conflicts.set(each, conflict);
    }
  };
  const taken: OwnedListener[] = [];
  for (const listeners of owners) {
    look(listeners, taken);
    const claims = listeners.filter((each) => isSupported(each) && !conflicts.has(each));
    look(claims, claims);
    taken.push(...claims);
  }
  return conflicts;
}

function conflictOf({ id, listener }: OwnedListener, rivals: readonly OwnedListener[]): Conflict | undefined {
  const { port, protocol } = listener;
  const hostname = toHostname(listener.hostname);
  const onPort = rivals.filter((other) => other.listener.port === port && other.id !== id);
  const conflict: Conflict = {
    protocol: onPort.filter((other) => other.listener.protocol !== protocol),
    hostname: onPort.filter(
      (other) => other.listener.protocol === protocol && toHostname(other.listener.hostname) === hostname,
    ),
  };
  return conflict.protocol.length + conflict.hostname.length === 0 ? undefined : conflict;
}
