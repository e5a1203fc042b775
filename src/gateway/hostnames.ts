// Hostnames of listeners and routes: exact, or `*.suffix`, where the star stands for one or more labels. `undefined` means any
// host. If two hostnames overlap, one covers the other: there is no partial overlap.

/** In lower case: exact or `*.suffix`. `undefined` means any host. */
export type Hostname = string | undefined;

const isWildcard = (hostname: string): boolean => hostname.startsWith('*.');

/** Whether it covers more than one host. */
export const isWide = (hostname: Hostname): boolean => hostname === undefined || isWildcard(hostname);

export const toHostname = (written: string | undefined): Hostname =>
  written === undefined || written === '' ? undefined : written.toLowerCase();

/** Whether `outer` matches every host that `inner` matches. */
export function covers(outer: Hostname, inner: Hostname): boolean {
  if (outer === undefined) return true;
  if (inner === undefined) return false;
  return inner === outer || (isWildcard(outer) && inner.endsWith(outer.slice(1)));
}

/** All hostnames that cover this one, from itself to the least specific. */
export function widerThan(hostname: Hostname): readonly Hostname[] {
  if (hostname === undefined) return [undefined];
  const labels = (isWildcard(hostname) ? hostname.slice(2) : hostname).split('.');
  const first = isWildcard(hostname) ? 0 : 1;
  const wider = labels.slice(first).map((_, index) => `*.${labels.slice(first + index).join('.')}`);
  return isWildcard(hostname) ? [...wider, undefined] : [hostname, ...wider, undefined];
}

export const overlaps = (a: Hostname, b: Hostname): boolean => covers(a, b) || covers(b, a);

/** The hosts that two overlapping hostnames both match. */
export const intersection = (a: Hostname, b: Hostname): Hostname => (covers(a, b) ? b : a);

/**
 * Negative if `a` is more specific. Exact comes before wildcard, wildcard before any host, and longer before shorter.
 * Two different hostnames that compare as equal have no host in common.
 */
export function compareSpecificity(a: Hostname, b: Hostname): number {
  return kindRank(a) - kindRank(b) || (b?.length ?? 0) - (a?.length ?? 0);
}

function kindRank(hostname: Hostname): number {
  if (hostname === undefined) return 2;
  return isWildcard(hostname) ? 1 : 0;
}
