import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { conditionValues, type PathMatch, type RuleMatch, ruleConditions } from './conditions.ts';
import { type Packable, packRules } from './packing.ts';
import { type AlbRequest, firstMatch } from './testing/reference-alb.ts';

const rule = (behaviour: string, match: Partial<RuleMatch>): Packable => ({
  behaviour,
  sources: [],
  match: { hosts: [], paths: [], methods: [], others: [], ...match },
});

const exact = (value: string): PathMatch => ({ type: 'exact', value });
const prefix = (value: string): PathMatch => ({ type: 'prefix', value });

const withConditions = (rules: readonly Packable[]) =>
  rules.map(({ behaviour, match }) => {
    const conditions = ruleConditions(match);
    if (conditions === undefined) throw new Error('a rule without conditions');
    return { behaviour, conditions };
  });

test('rules that differ only in hosts become one', () => {
  const rules = ['a.com', 'b.com', 'c.com'].map((host) => rule('A', { hosts: [host], paths: [exact('/x')] }));
  expect(packRules(rules)).toEqual([rule('A', { hosts: ['a.com', 'b.com', 'c.com'], paths: [exact('/x')] })]);
});

test('two hosts with two paths each become one', () => {
  const rules = ['a.com', 'b.com'].flatMap((host) =>
    ['/x', '/y'].map((path) => rule('A', { hosts: [host], paths: [exact(path)] })),
  );
  expect(packRules(rules)).toEqual([rule('A', { hosts: ['a.com', 'b.com'], paths: [exact('/x'), exact('/y')] })]);
});

test('methods are packed beyond a rule that can not match the same request', () => {
  const rules = [
    rule('A', { methods: ['GET'], paths: [prefix('/a')] }),
    rule('B', { methods: ['GET'], paths: [prefix('/b')] }),
    rule('A', { methods: ['POST'], paths: [prefix('/a')] }),
  ];
  expect(packRules(rules)).toEqual([rule('A', { methods: ['GET', 'POST'], paths: [prefix('/a')] }), rules[1]]);
});

test('a rule is not moved before another one that could answer its requests', () => {
  const rules = [
    rule('A', { hosts: ['a.com'] }),
    rule('B', { paths: [prefix('/b')] }),
    rule('A', { hosts: ['b.com'] }),
  ];
  expect(packRules(rules)).toEqual(rules);
});

test.each([
  ['a shorter prefix', rule('B', { paths: [prefix('/a')] }), { paths: [prefix('/a/b')] }, { paths: [prefix('/c')] }],
  ['a longer prefix', rule('B', { paths: [prefix('/a/b')] }), { paths: [prefix('/a')] }, { paths: [prefix('/c')] }],
  ['an exact path below', rule('B', { paths: [exact('/a/b')] }), { paths: [prefix('/a')] }, { paths: [prefix('/c')] }],
  ['a wildcard', rule('B', { hosts: ['*.com'] }), { hosts: ['a.com'] }, { hosts: ['a.org'] }],
  ['a wildcard below', rule('B', { hosts: ['*.b.com'] }), { hosts: ['*.com'] }, { hosts: ['a.org'] }],
  [
    'an expression',
    rule('B', { paths: [{ type: 'regex', value: 'b' }] }),
    { paths: [exact('/b')] },
    { paths: [exact('/c')] },
  ],
])('a rule is not moved before %s', (_, between, last, first) => {
  const rules = [rule('A', first), between, rule('A', last)];
  expect(packRules(rules)).toEqual(rules);
});

test('no more is packed into a rule than five values', () => {
  const rules = Array.from({ length: 12 }, (_, n) => rule('A', { paths: [exact(`/${n}`)] }));
  expect(packRules(rules).map(({ match }) => match.paths.length)).toEqual([5, 5, 2]);
});

// Few of each, so that many rules have to do with each other.
const hosts = ['a.com', 'x.a.com', '*.a.com', 'b.org'];
const paths: PathMatch[] = [
  exact('/a'),
  exact('/a/b'),
  prefix('/a'),
  prefix('/a/b'),
  prefix('/c'),
  { type: 'regex', value: '^/a/[bc]$' },
];
const headerCondition = { field: 'http-header', name: 'x', values: ['1'] } as const;

const single = <T>(items: readonly T[]) => fc.option(fc.constantFrom(...items), { nil: undefined, freq: 3 });

const arbitraryRule = fc
  .record({
    behaviour: fc.constantFrom('A', 'B'),
    host: single(hosts),
    path: single(paths),
    method: single(['GET', 'POST']),
    header: fc.boolean(),
  })
  .map(({ behaviour, host, path, method, header }) =>
    rule(behaviour, {
      hosts: host === undefined ? [] : [host],
      paths: path === undefined ? [] : [path],
      methods: method === undefined ? [] : [method],
      others: header ? [headerCondition] : [],
    }),
  );

const arbitraryRequest: fc.Arbitrary<AlbRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  host: fc.constantFrom('a.com', 'x.a.com', 'A.com:8080', 'b.org', 'c.net'),
  path: fc.constantFrom('/', '/a', '/a/b', '/a/c', '/a/b/c', '/c'),
  headers: fc.constantFrom<Record<string, string>>({}, { x: '1' }),
  query: fc.constant([]),
});

test('packed rules answer every request as the rules before packing', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryRule, { minLength: 6, maxLength: 14 }),
      fc.array(arbitraryRequest, { minLength: 30, maxLength: 40 }),
      (rules, requests) => {
        const before = withConditions(rules);
        const after = withConditions(packRules(rules));
        for (const { conditions } of after) expect(conditionValues(conditions)).toBeLessThanOrEqual(5);
        for (const request of requests) {
          expect(firstMatch(after, request)?.behaviour).toBe(firstMatch(before, request)?.behaviour);
        }
      },
    ),
    { numRuns: 500 },
  );
});
