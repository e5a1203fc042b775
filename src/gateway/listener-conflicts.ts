// Which listeners no request could be told apart by.
import { type Hostname, toHostname } from './hostnames.ts';
import { networkPort, sharingOf } from './listener-protocols.ts';
import { othersOf } from './other-listeners.ts';
import type { OwnedListener } from './owned-listeners.ts';
import type { Others } from './problem-place.ts';
import type { Steps } from './steps.ts';

export interface Conflict {
  /** The listeners of its port whose protocol can't share it. */
  readonly protocol: Others;
  /** Those whose protocol can, and that have its hostname too. */
  readonly hostname: Others;
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
export function* listenerConflicts(
  owners: readonly (readonly OwnedListener[])[],
  isSupported: (listener: OwnedListener) => boolean,
): Steps<ReadonlyMap<OwnedListener, Conflict>> {
  const conflicts = new Map<OwnedListener, Conflict>();
  const look = (listeners: readonly OwnedListener[], rivals: Claims): void => {
    for (const each of listeners) {
      const conflict = rivals.conflictOf(each);
      if (conflict !== undefined) conflicts.set(each, conflict);
    }
  };
  const taken = new Claims();
  for (const listeners of owners) {
    look(listeners, taken);
    const claims = listeners.filter((each) => isSupported(each) && !conflicts.has(each));
    look(claims, new Claims(claims));
    for (const claim of claims) taken.add(claim);
    yield;
  }
  return conflicts;
}

/** Those of a port whose protocols can share it: HTTPS and TLS do, by server name. */
interface Sharing {
  readonly all: OwnedListener[];
  readonly byHostname: Map<Hostname, OwnedListener[]>;
}

/** Listeners by what they claim, so that each is held against its rivals alone: a Gateway may have twenty thousand. */
class Claims {
  readonly #members = new Set<OwnedListener>();
  /** By port of the network, and by what the listeners of one are told apart by. */
  readonly #ports = new Map<string, Map<string, Sharing>>();

  constructor(listeners: readonly OwnedListener[] = []) {
    for (const each of listeners) this.add(each);
  }

  add(claim: OwnedListener): void {
    this.#members.add(claim);
    const { port, protocol, hostname } = claim.listener;
    const key = networkPort(protocol, port);
    const onPort = this.#ports.get(key) ?? new Map<string, Sharing>();
    this.#ports.set(key, onPort);
    const sharing = onPort.get(sharingOf(protocol)) ?? { all: [], byHostname: new Map<Hostname, OwnedListener[]>() };
    onPort.set(sharingOf(protocol), sharing);
    sharing.all.push(claim);
    const alike = sharing.byHostname.get(toHostname(hostname));
    if (alike === undefined) sharing.byHostname.set(toHostname(hostname), [claim]);
    else alike.push(claim);
  }

  conflictOf(each: OwnedListener): Conflict | undefined {
    const { port, protocol, hostname } = each.listener;
    const onPort = this.#ports.get(networkPort(protocol, port));
    if (onPort === undefined) return undefined;
    const otherwise = [...onPort].flatMap(([name, { all }]) => (name === sharingOf(protocol) ? [] : [all]));
    const alike = onPort.get(sharingOf(protocol))?.byHostname.get(toHostname(hostname)) ?? [];
    const self = this.#members.has(each) ? each : undefined;
    const conflict: Conflict = { protocol: othersOf(otherwise), hostname: othersOf([alike], self) };
    return conflict.protocol.others.length + conflict.hostname.others.length === 0 ? undefined : conflict;
  }
}
