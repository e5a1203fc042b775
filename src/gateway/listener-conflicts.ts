// Which listeners conflict: no request can distinguish them.
import type { Hostname } from './hostnames.ts';
import { listenerHostname, networkPort, sharingOf } from './listener-protocols.ts';
import { othersOf } from './other-listeners.ts';
import type { OwnedListener } from './owned-listeners.ts';
import type { Others } from './problem-place.ts';
import type { Steps } from './steps.ts';

export interface Conflict {
  /** Listeners of the same port whose protocol cannot share the port. */
  readonly protocol: Others;
  /** Listeners whose protocol can share the port, but that have the same hostname. */
  readonly hostname: Others;
}

/**
 * Between owners, the first one wins, and the later listener is in conflict: "the first Listener in the precedence list MUST be
 * accepted" (GEP-1713). Within one owner, all of them are in conflict: "ALL indistinct Listeners must not be accepted"
 * (gateway_types.go).
 *
 * A listener that loses to an earlier owner blocks no other listener. A listener that conflicts only with a sibling is not served,
 * but still blocks later owners. So a mistake in the Gateway does not give its hostname to another team, and correcting the mistake
 * takes nothing away from that team.
 * @param owners in order of precedence
 * @param isSupported an unsupported listener blocks no other listener
 * @returns only listeners in conflict
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

/** Listeners of a port whose protocols can share it. HTTPS and TLS share a port by server name. */
interface Sharing {
  readonly all: OwnedListener[];
  readonly byHostname: Map<Hostname, OwnedListener[]>;
}

/** Listeners by port and hostname, so that each is compared only with its rivals. A Gateway may have twenty thousand. */
class Claims {
  readonly #members = new Set<OwnedListener>();
  /** By network port, and by what distinguishes the port's listeners. */
  readonly #ports = new Map<string, Map<string, Sharing>>();

  constructor(listeners: readonly OwnedListener[] = []) {
    for (const each of listeners) this.add(each);
  }

  add(claim: OwnedListener): void {
    this.#members.add(claim);
    const { port, protocol } = claim.listener;
    const hostname = listenerHostname(claim.listener);
    const key = networkPort(protocol, port);
    const onPort = this.#ports.get(key) ?? new Map<string, Sharing>();
    this.#ports.set(key, onPort);
    const sharing = onPort.get(sharingOf(protocol)) ?? { all: [], byHostname: new Map<Hostname, OwnedListener[]>() };
    onPort.set(sharingOf(protocol), sharing);
    sharing.all.push(claim);
    const alike = sharing.byHostname.get(hostname);
    if (alike === undefined) sharing.byHostname.set(hostname, [claim]);
    else alike.push(claim);
  }

  conflictOf(each: OwnedListener): Conflict | undefined {
    const { port, protocol } = each.listener;
    const onPort = this.#ports.get(networkPort(protocol, port));
    if (onPort === undefined) return undefined;
    const otherwise = [...onPort].flatMap(([name, { all }]) => (name === sharingOf(protocol) ? [] : [all]));
    const alike = onPort.get(sharingOf(protocol))?.byHostname.get(listenerHostname(each.listener)) ?? [];
    const self = this.#members.has(each) ? each : undefined;
    const conflict: Conflict = { protocol: othersOf(otherwise), hostname: othersOf([alike], self) };
    return conflict.protocol.others.length + conflict.hostname.others.length === 0 ? undefined : conflict;
  }
}
