// When a Gateway's pass must check certificates again: they expire without a change in the cluster.
import type { Translation } from '../gateway/topology.ts';

/** The longest wait in milliseconds, because timers cannot wait longer than 24 days. */
const longestMs = 86_400_000;

/** @returns the milliseconds until the first certificate expires, or undefined if there is no certificate */
export function untilExpiry({ topology }: Pick<Translation, 'topology'>, now: number): number | undefined {
  const certificates = topology?.ports.flatMap(({ listeners }) => listeners.flatMap((each) => each.certificates)) ?? [];
  const ends = certificates.flatMap((each) => (each.kind === 'secret' ? Date.parse(each.certificate.notAfter) : []));
  if (ends.length === 0) return undefined;
  // One second later it has certainly expired.
  const next = ends.reduce((a, b) => Math.min(a, b)) - now + 1000;
  return Math.min(Math.max(next, 1000), longestMs);
}
