// Listeners while the provider cannot be asked. Only the provider knows the owners of its certificates, and what was imported from a
// Secret that is now unusable.
import type { Gateway, ListenerSet, ListenerStatus } from '../api/gateway-api.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Finding, ListenerFinding } from '../provider/finding.ts';
import { isProgrammed } from './serving.ts';

type Owner = Gateway | ListenerSet;

/** A serving listener counts as valid if only the provider's knowledge of its certificates is missing. */
export function asBefore<
  T extends { readonly listeners: readonly ListenerResult[]; readonly found: readonly Finding[] },
>(said: T, gateway: Gateway, listenerSets: readonly ListenerSet[]): T {
  const { listeners, found } = said;
  const sets = new Map(listenerSets.map((set) => [objectKey(set.metadata), statusesOf(set)]));
  const own = statusesOf(gateway);
  const wanting = new Map<string, boolean>();
  for (const finding of found) {
    if (finding.kind !== 'listener') continue;
    const onlySo = isOfCertificate(finding) && wanting.get(finding.listener) !== false;
    wanting.set(finding.listener, onlySo);
  }
  const kept = new Set(
    listeners.filter((each) => wanting.get(each.name) === true && isStanding(each, own, sets)).map(({ name }) => name),
  );
  if (kept.size === 0) return said;
  return {
    ...said,
    listeners: listeners.map((listener) => (kept.has(listener.name) ? { ...listener, valid: true } : listener)),
    found: found.filter((finding) => finding.kind !== 'listener' || !isUnknown(finding) || !kept.has(finding.listener)),
  };
}

const isOfCertificate = ({ effect }: ListenerFinding): boolean =>
  effect.kind === 'unresolved' && effect.reason !== 'InvalidRouteKinds';

const isUnknown = ({ effect }: ListenerFinding): boolean =>
  effect.kind === 'unresolved' && effect.passing === 'unknown';

type Statuses = ReadonlyMap<string, ListenerStatus>;

const statusesOf = ({ status }: Owner): Statuses => new Map(status?.listeners?.map((each) => [each.name, each]));

function isStanding({ name, ofSet }: ListenerResult, own: Statuses, sets: ReadonlyMap<ObjectKey, Statuses>): boolean {
  const before = ofSet === undefined ? own.get(name) : sets.get(ofSet.listenerSet)?.get(ofSet.section);
  return isProgrammed(before?.conditions);
}
