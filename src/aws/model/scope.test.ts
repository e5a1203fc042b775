import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RuleMatch, ruleConditions } from './conditions.ts';
import type { RuleCondition } from './resources.ts';
import { overlap, scopeOf } from './scope.ts';

const hostnames = ['a.example.com', 'b.example.com', '*.example.com', '*.a.example.com', 'x.a.example.com'] as const;
const values = ['/a', '/a/b', '/ab', '/A', '/b(c)', '/b.c'] as const;

const match: fc.Arbitrary<RuleMatch> = fc.record({
  hosts: fc.subarray([...hostnames], { maxLength: 2 }),
  paths: fc.array(fc.record({ type: fc.constantFrom('exact', 'prefix', 'regex'), value: fc.constantFrom(...values) }), {
    maxLength: 2,
  }),
  methods: fc.constant([]),
  others: fc.constant([]),
});

const scopeOfMatch = (each: RuleMatch) => scopeOf(ruleConditions(each) ?? []);

const requests = ['a.example.com', 'b.example.com', 'x.a.example.com', 'other.org'].flatMap((host) =>
  ['/', '/a', '/a/b', '/a/b/c', '/ab', '/A', '/b(c)', '/b(c)/d', '/b.c', '/bxc'].map((path) => ({ host, path })),
);

function takesRequest({ hosts, paths }: RuleMatch, { host, path }: (typeof requests)[number]): boolean {
  const hostFits =
    hosts.length === 0 || hosts.some((each) => each === host || (each[0] === '*' && host.endsWith(each.slice(1))));
  const pathFits =
    paths.length === 0 ||
    paths.some(({ type, value }) => {
      if (type === 'regex') return new RegExp(value).test(path);
      return path === value || (type === 'prefix' && path.startsWith(`${value}/`));
    });
  return hostFits && pathFits;
}

test('rules that are said never to take the same request never do', () => {
  fc.assert(
    fc.property(match, match, (a, b) => {
      fc.pre(!overlap(scopeOfMatch(a), scopeOfMatch(b)));
      for (const request of requests) expect(takesRequest(a, request) && takesRequest(b, request)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

const scope = (hosts: readonly string[], paths: readonly string[]) =>
  scopeOfMatch({ hosts, paths: paths.map((value) => ({ type: 'prefix', value })), methods: [], others: [] });

test('tenants with a hostname or a path of their own never meet', () => {
  expect(overlap(scope(['a.example.com'], []), scope(['b.example.com'], []))).toBe(false);
  expect(overlap(scope([], ['/shop']), scope([], ['/shopping']))).toBe(false);
  expect(overlap(scope(['*.a.example.com'], ['/x']), scope(['*.b.example.com'], ['/x']))).toBe(false);
});

test('a wider host or path meets all that is below it, and a rule without host and path meets everything', () => {
  expect(overlap(scope(['*.example.com'], []), scope(['a.example.com'], []))).toBe(true);
  expect(overlap(scope([], ['/shop']), scope([], ['/shop/cart']))).toBe(true);
  const header: readonly RuleCondition[] = [{ field: 'http-header', name: 'x', values: ['1'] }];
  expect(overlap(scopeOf(header), scope(['a.example.com'], ['/x']))).toBe(true);
});
