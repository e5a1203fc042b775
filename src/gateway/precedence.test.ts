import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { type Candidate, compareMatches, comparePrecedence } from './precedence.ts';
import type { RequestMatch } from './topology.ts';

const condition = fc.record({
  type: fc.constant('Exact' as const),
  name: fc.constantFrom('a', 'b', 'c'),
  value: fc.constant('1'),
});
const httpMatch = fc.record(
  {
    path: fc.record({
      type: fc.constantFrom('Exact', 'PathPrefix', 'RegularExpression'),
      value: fc.constantFrom('/', '/a', '/b', '/a/b'),
    }),
    method: fc.constantFrom('GET', 'POST'),
    headers: fc.array(condition, { maxLength: 2 }),
    queryParams: fc.array(condition, { maxLength: 2 }),
  },
  { requiredKeys: ['path', 'headers', 'queryParams'] },
);
const grpcMatch = fc.record({
  path: fc.constant({ type: 'PathPrefix' as const, value: '/' }),
  headers: fc.array(condition, { maxLength: 2 }),
  queryParams: fc.constant([]),
  grpc: fc.record(
    {
      type: fc.constantFrom('Exact', 'RegularExpression'),
      service: fc.constantFrom('a', 'a.b'),
      method: fc.constantFrom('A', 'AB'),
    },
    { requiredKeys: ['type'] },
  ),
});
const candidate: fc.Arbitrary<Candidate> = fc.record({
  routeHostname: fc.constantFrom(undefined, '*.com', '*.example.com', 'a.example.com', 'b.example.com'),
  match: fc.oneof(httpMatch, grpcMatch),
  creationTimestamp: fc.constantFrom(undefined, '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
  route: fc.record({
    kind: fc.constantFrom('HTTPRoute', 'GRPCRoute'),
    key: fc.constantFrom('shop/a', 'shop/b', 'team/a').map((name) => objectKey({ name })),
  }),
  ruleIndex: fc.nat(2),
  matchIndex: fc.nat(2),
});

/** What makes two candidates the same one. */
const identity = ({ routeHostname, route, ruleIndex, matchIndex }: Candidate): string =>
  JSON.stringify([routeHostname, route, ruleIndex, matchIndex]);

const grpc = (service?: string, method?: string, headers = 0): RequestMatch => ({
  path: { type: 'PathPrefix', value: '/' },
  headers: Array.from({ length: headers }, (_, index) => ({ type: 'Exact', name: String(index), value: '' })),
  queryParams: [],
  grpc: { type: 'Exact', ...(service !== undefined && { service }), ...(method !== undefined && { method }) },
});

test('of gRPC matches the longest service comes first, then the longest method, then the most headers', () => {
  const ordered = [grpc('a.b', 'A'), grpc('a.b'), grpc('a', 'AB', 1), grpc('a', 'AB'), grpc('a', 'A', 9), grpc('a')];
  const all = [...ordered, grpc(undefined, 'AB'), grpc(undefined, 'A'), grpc(undefined, undefined, 1), grpc()];
  expect(all.toReversed().toSorted(compareMatches)).toEqual(all);
});

test('of two matches exactly one wins, whichever is asked about first', () => {
  fc.assert(
    fc.property(candidate, candidate, (a, b) => {
      fc.pre(identity(a) !== identity(b));
      expect(comparePrecedence(a, b)).not.toBe(0);
      expect(Math.sign(comparePrecedence(a, b))).toBe(-Math.sign(comparePrecedence(b, a)));
    }),
  );
});

test('what wins over a winner wins over the loser', () => {
  fc.assert(
    fc.property(candidate, candidate, candidate, (a, b, c) => {
      fc.pre(comparePrecedence(a, b) < 0 && comparePrecedence(b, c) < 0);
      expect(comparePrecedence(a, c)).toBeLessThan(0);
    }),
    { numRuns: 2000 },
  );
});

test('the order that routes are listed in never changes which match wins', () => {
  const several = fc.uniqueArray(candidate, { selector: identity, minLength: 2, maxLength: 8 });
  const withShuffled = several.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(
    fc.property(withShuffled, ([listed, shuffled]) => {
      expect(shuffled.toSorted(comparePrecedence)).toEqual(listed.toSorted(comparePrecedence));
    }),
  );
});
