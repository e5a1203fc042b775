// HTTPS listeners on one port whose hostnames overlap. A client may reuse its connection to one for requests to the other. Equal
// hostnames are a conflict instead.
import { type Hostname, toHostname, widerThan } from './hostnames.ts';
import { othersOf } from './other-listeners.ts';
import type { OwnedListener } from './owned-listeners.ts';
import type { Others } from './problem-place.ts';
import type { Steps } from './steps.ts';

/** The listeners of one hostname, and the groups that overlap with it. */
interface Group {
  readonly hostname: Hostname;
  readonly members: OwnedListener[];
  readonly related: Group[];
}

/** @returns only listeners that overlap with others */
export function* listenerOverlaps(listeners: readonly OwnedListener[]): Steps<ReadonlyMap<OwnedListener, Others>> {
  const https = listeners.filter(({ listener }) => listener.protocol === 'HTTPS');
  const found = new Map<OwnedListener, Others>();
  for (const onPort of Map.groupBy(https, ({ listener }) => listener.port).values()) {
    for (const { members, related } of hostnameGroups(onPort)) {
      if (related.length === 0) continue;
      const others = othersOf(related.map((group) => group.members));
      for (const member of members) found.set(member, others);
      yield;
    }
  }
  return found;
}

function hostnameGroups(onPort: readonly OwnedListener[]): readonly Group[] {
  const groups = new Map<Hostname, Group>();
  for (const each of onPort) {
    const hostname = toHostname(each.listener.hostname);
    const group = groups.get(hostname);
    if (group === undefined) groups.set(hostname, { hostname, members: [each], related: [] });
    else group.members.push(each);
  }
  for (const group of groups.values()) {
    for (const wider of widerThan(group.hostname)) {
      const other = wider === group.hostname ? undefined : groups.get(wider);
      if (other === undefined) continue;
      group.related.push(other);
      other.related.push(group);
    }
  }
  return [...groups.values()];
}
