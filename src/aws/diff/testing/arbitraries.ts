// Random Gateways, and random orders of steps.
import * as fc from 'fast-check';
import type { NetworkSketch } from './network-models.ts';
import type { RuleSketch, Sketch } from './resources.ts';

export const hosts = ['a', 'b', 'c', 'd'];

export function rulesOf(to: fc.Arbitrary<RuleSketch['to']>): fc.Arbitrary<readonly RuleSketch[]> {
  const sketch = fc.record({
    name: fc.constantFrom('0', '1', '2', '3', '4', '5'),
    hosts: fc.subarray(hosts, { minLength: 1 }),
    to,
  });
  return fc.uniqueArray(sketch, { maxLength: 6, selector: ({ name }) => name });
}

export const fixed = fc.constantFrom('x', 'y', 'z');
const forward = fc.subarray(['api', 'cart', 'shop'], { minLength: 1 });

export function sketches(to: fc.Arbitrary<RuleSketch['to']>): fc.Arbitrary<Sketch> {
  return fc.record({
    scheme: fc.constantFrom('internal' as const, 'internal' as const, 'internal' as const, 'internet-facing' as const),
    listeners: fc.dictionary(fc.constantFrom('80', '443', '8080'), rulesOf(to), { minKeys: 1 }),
    tags: fc.dictionary(fc.constantFrom('team', 'cost', 'stage'), fc.constantFrom('1', '2')),
    attributes: fc.dictionary(fc.constantFrom('idle_timeout.timeout_seconds'), fc.constantFrom('60', '61')),
    healthPath: fc.constantFrom('/', '/live'),
  });
}

export const anyRequests: fc.Arbitrary<Sketch> = sketches(fc.oneof(fixed, forward));

const networkListener = fc.record({
  protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'TCP_UDP' as const, 'TLS' as const),
  // With more backends, old and new groups would not fit into one action.
  to: fc.subarray(['api', 'cart', 'shop'], { minLength: 1, maxLength: 2 }),
});

export const anyConnections: fc.Arbitrary<NetworkSketch> = fc
  .record({
    scheme: fc.constantFrom('internal' as const, 'internal' as const, 'internet-facing' as const),
    listeners: fc.dictionary(fc.constantFrom('53', '5432'), networkListener),
    http: fc.subarray([80, 443]),
    family: fc.constantFrom('ipv4' as const, 'ipv4' as const, 'ipv6' as const),
    unchecked: fc.boolean(),
  })
  .filter(({ listeners, http }) => Object.keys(listeners).length + http.length > 0);

/** Endless choices of the next step. */
export const choices = fc.infiniteStream(fc.nat()).map((stream) => (count: number) => {
  const next = stream.next().value;
  return count === 0 ? 0 : next % count;
});
