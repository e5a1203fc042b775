// Envoys of one Gateway have different endpoints, if a Service prefers pods that are near.
import type { Location, Snapshot } from './snapshot.ts';

export const nowhere: Location = { node: undefined, zone: undefined };

/** The snapshot for an Envoy at the location. */
export function seenFrom(snapshot: Snapshot, location: Location): Snapshot {
  const { endpoints } = snapshot;
  if (![...endpoints.values()].some(({ nearby }) => nearby !== undefined)) return snapshot;
  return {
    ...snapshot,
    endpoints: new Map([...endpoints].map(([name, each]) => [name, each.nearby?.at(location) ?? each])),
  };
}
