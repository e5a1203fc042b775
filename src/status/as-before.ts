// What is to be said of listeners while AWS can't be asked: whose a certificate of ACM is, and what was imported from a Secret that
// went bad, only AWS knows.
import type { Gateway, ListenerSet, ListenerStatus } from '../api/gateway-api.ts';
import type { ListenerResult, Results } from '../gateway/topology.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Problem } from './problem.ts';
import { isProgrammed } from './serving.ts';

type Owner = Gateway | ListenerSet;

/** A listener that is served, and lacks nothing but what AWS knows of its certificates, counts as good. */
export function asBefore(
  results: Results<Problem>,
  gateway: Gateway,
  listenerSets: readonly ListenerSet[],
): Results<Problem> {
  const { listeners, problems } = results;
  const sets = new Map(listenerSets.map((set) => [objectKey(set.metadata), statusesOf(set)]));
  const own = statusesOf(gateway);
  const wanting = new Map<string, boolean>();
  for (const problem of problems) {
    if (!('listener' in problem)) continue;
    const onlySo = problem.kind.startsWith('certificate-') && wanting.get(problem.listener) !== false;
    wanting.set(problem.listener, onlySo);
  }
  const kept = new Set(
    listeners.filter((each) => wanting.get(each.name) === true && isStanding(each, own, sets)).map(({ name }) => name),
  );
  if (kept.size === 0) return results;
  return {
    ...results,
    listeners: listeners.map((listener) => (kept.has(listener.name) ? { ...listener, valid: true } : listener)),
    problems: problems.filter((problem) => problem.kind !== 'certificate-arn-unknown' || !kept.has(problem.listener)),
  };
}

type Statuses = ReadonlyMap<string, ListenerStatus>;

const statusesOf = ({ status }: Owner): Statuses => new Map(status?.listeners?.map((each) => [each.name, each]));

function isStanding({ name, ofSet }: ListenerResult, own: Statuses, sets: ReadonlyMap<ObjectKey, Statuses>): boolean {
  const before = ofSet === undefined ? own.get(name) : sets.get(ofSet.listenerSet)?.get(ofSet.section);
  return isProgrammed(before?.conditions);
}
