// Decides which owned resources belong to deleted Gateways. The decision is cautious: if in doubt, nothing is removed.
import { sweepMs } from '../timings.ts';

/** One complete look at AWS and at the cluster. */
export interface Sighting {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The values of the gateway tag on resources with our cluster's UID, and how many resources have each. */
  readonly owned: ReadonlyMap<string, number>;
  /** The values of the gateway tag for all existing Gateways, from a complete list of the API server. */
  readonly living: ReadonlySet<string>;
}

export type SweepDecision =
  | { readonly kind: 'sweep'; readonly gateways: readonly string[] }
  | { readonly kind: 'wait' }
  /** Too much would be removed: it is more likely that we are wrong. */
  | { readonly kind: 'stopped'; readonly gateways: readonly string[]; readonly doomed: number; readonly owned: number };

/**
 * Orphans are resources whose Gateway is missing in both sightings. Never more than half of what we own is removed.
 * @param watched whether a tag's Gateway is in a namespace that this process serves
 */
export function decideSweep(
  previous: Sighting | undefined,
  current: Sighting,
  watched: (gateway: string) => boolean,
): SweepDecision {
  if (previous === undefined || current.at - previous.at < sweepMs) return { kind: 'wait' };
  const orphan = ({ owned, living }: Sighting, gateway: string) => owned.has(gateway) && !living.has(gateway);
  const gateways = [...current.owned.keys()].filter(
    (gateway) => watched(gateway) && orphan(previous, gateway) && orphan(current, gateway),
  );
  if (gateways.length === 0) return { kind: 'wait' };
  const count = (keys: Iterable<string>) => [...keys].reduce((sum, key) => sum + (current.owned.get(key) ?? 0), 0);
  const doomed = count(gateways);
  const owned = count(current.owned.keys());
  return doomed * 2 > owned ? { kind: 'stopped', gateways, doomed, owned } : { kind: 'sweep', gateways };
}
