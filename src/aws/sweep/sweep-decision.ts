// Which owned things belong to Gateways that are gone: the sweeper's decision, which is built to fear itself.
import { sweepMs } from '../timings.ts';

/** One complete look at both sides. */
export interface Sighting {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Values of the gateway tag of all that exists in AWS under our cluster's UID, with how many things carry each. */
  readonly owned: ReadonlyMap<string, number>;
  /** Values of the gateway tag that existing Gateways would have, out of a complete list of the API server's. */
  readonly living: ReadonlySet<string>;
}

export type SweepDecision =
  | { readonly kind: 'sweep'; readonly gateways: readonly string[] }
  | { readonly kind: 'wait' }
  /** Too much would go: more likely we are wrong than they are. */
  | { readonly kind: 'stopped'; readonly gateways: readonly string[]; readonly doomed: number; readonly owned: number };

/**
 * Orphans are what both sightings miss a Gateway for. Never more than half of what we own.
 * @param watched whether a tag's Gateway lies in a namespace that this process serves
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
