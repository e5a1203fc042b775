// The ports on which Envoy listens in its pod. It runs without privileges, so these are above 1023. The Service in front of it maps
// the listeners' ports to these.

/** For the administration on loopback, and for readiness and metrics. */
export const ADMIN_PORT = 19_000;
export const READY_PORT = 19_001;

const FIRST = 1_024;
const LAST = 65_535;
const STEP = 10_000;

/** From a listener's port to Envoy's. */
export type PortMapping = readonly [port: number, target: number];

/**
 * No two listeners' ports have the same port in the pod. Usually 80 has 10080, and 8080 has 8080.
 * @param ports of listeners
 * @param standing how the Services map ports now; the first mapping of a port counts. A port that has a place keeps it, whatever
 * comes beside it. No other port gets that place, because an old Service may still lead to it
 */
export function proxyPorts(ports: Iterable<number>, standing: Iterable<PortMapping> = []): ReadonlyMap<number, number> {
  const wanted = [...new Set(ports)].toSorted((a, b) => a - b);
  const mapping = new Map<number, number>();
  const pairs = [...standing];
  const places = new Map(pairs.toReversed());
  const portsAt = Map.groupBy(pairs, ([, target]) => target);
  const isLedTo = (at: number, from: number): boolean => portsAt.get(at)?.some(([other]) => other !== from) === true;
  const taken = new Set([ADMIN_PORT, READY_PORT]);
  const take = (port: number, at: number | undefined): void => {
    if (at === undefined || at < FIRST || at > LAST || taken.has(at)) return;
    if (places.get(port) !== at && isLedTo(at, port)) return;
    taken.add(at);
    mapping.set(port, at);
  };
  for (const port of wanted) take(port, places.get(port));
  const rest = wanted.filter((port) => !mapping.has(port));
  // First those that need no mapping.
  for (const port of rest) take(port, port);
  for (const port of rest) {
    for (let at = port + STEP; !mapping.has(port) && at <= LAST; at += STEP) take(port, at);
    for (let at = FIRST; !mapping.has(port) && at <= LAST; at += 1) take(port, at);
  }
  return mapping;
}
