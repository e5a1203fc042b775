// The ports on which Envoy listens in its pod. It runs without privileges, so these are above 1023. The Service in front of it maps
// the listeners' ports to these.

/** For the administration on loopback, and for readiness and metrics. */
export const ADMIN_PORT = 19_000;
export const READY_PORT = 19_001;

const FIRST = 1_024;
const LAST = 65_535;
const STEP = 10_000;

/**
 * No two listeners' ports have the same port in the pod. Usually 80 has 10080, and 8080 has 8080.
 * @param ports of listeners
 * @param standing the mapping now. A port that has a place keeps it, whatever comes beside it
 */
export function proxyPorts(
  ports: Iterable<number>,
  standing: ReadonlyMap<number, number> = new Map(),
): ReadonlyMap<number, number> {
  const wanted = [...new Set(ports)].toSorted((a, b) => a - b);
  const mapping = new Map<number, number>();
  const taken = new Set([ADMIN_PORT, READY_PORT]);
  const take = (port: number, at: number | undefined): void => {
    if (at === undefined || at < FIRST || at > LAST || taken.has(at)) return;
    taken.add(at);
    mapping.set(port, at);
  };
  for (const port of wanted) take(port, standing.get(port));
  const rest = wanted.filter((port) => !mapping.has(port));
  // First those that need no mapping.
  for (const port of rest) take(port, port);
  for (const port of rest) {
    for (let at = port + STEP; !mapping.has(port) && at <= LAST; at += STEP) take(port, at);
    for (let at = FIRST; !mapping.has(port) && at <= LAST; at += 1) take(port, at);
  }
  return mapping;
}
