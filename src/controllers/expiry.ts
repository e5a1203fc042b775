// When a Gateway's pass has to look at certificates again: they expire without a change in the cluster.
import type { Translation } from '../gateway/topology.ts';

/** What is further away is looked at again after this long, in milliseconds: timers hold no more than 24 days. */
const longestMs = 86_400_000;

/** @returns how long the first certificate to expire still holds, in milliseconds; undefined where none expires */
export function untilExpiry({ topology }: Pick<Translation, 'topology'>, now: number): number | undefined {
  const certificates = topology?.ports.flatMap(({ listeners }) => listeners.flatMap((each) => each.certificates)) ?? [];
  const ends = certificates.flatMap((each) => (each.kind === 'secret' ? Date.parse(each.certificate.notAfter) : []));
  if (ends.length === 0) return undefined;
  // One second later it has expired for sure.
  const next = ends.reduce((a, b) => Math.min(a, b)) - now + 1000;
  return Math.min(Math.max(next, 1000), longestMs);
}
