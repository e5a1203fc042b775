import { expect, test } from 'vitest';
import type { HttpRouteMatch } from '../../api/gateway-api.ts';
import { ruleConditions, ruleMatch } from './conditions.ts';
import { type AlbRequest, firstMatch } from './testing/reference-alb.ts';
import { entry } from './testing/sample.ts';

const request: AlbRequest = { method: 'GET', host: 'a.example.com', path: '/', headers: {}, query: [] };

function matches(match: HttpRouteMatch, given: Partial<AlbRequest>, hostname?: string): boolean {
  const { value, shortfalls } = ruleMatch(entry({ match, ...(hostname !== undefined && { hostname }) }));
  expect(shortfalls.filter(({ kind }) => kind !== 'match-ignores-case')).toEqual([]);
  if (value === undefined) throw new Error('not expressed');
  const conditions = ruleConditions(value);
  if (conditions === undefined) throw new Error('no conditions');
  return firstMatch([{ conditions }], { ...request, ...given }) !== undefined;
}

const conditionsOf = (match: HttpRouteMatch, hostname?: string) => {
  const { value } = ruleMatch(entry({ match, ...(hostname !== undefined && { hostname }) }));
  return value && ruleConditions(value);
};

const shortfallsOf = (match: HttpRouteMatch, hostname?: string) =>
  ruleMatch(entry({ match, ...(hostname !== undefined && { hostname }) })).shortfalls;

test.each([
  ['a.example.com', 'a.example.com', true],
  ['a.example.com', 'a.example.com:8080', true],
  ['a.example.com', 'A.Example.COM', true],
  ['a.example.com', 'b.example.com', false],
  ['a.example.com', 'aXexample.com', false],
  ['a.example.com', 'x.a.example.com', false],
  ['a.example.com', 'a.example.com.evil', false],
  ['*.example.com', 'a.example.com', true],
  ['*.example.com', 'a.b.example.com:443', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', '.example.com', false],
  ['localhost', 'localhost:80', true],
])('the hostname %s and the Host header %s: %s', (hostname, host, expected) => {
  expect(matches({}, { host }, hostname)).toBe(expected);
});

test('a hostname too long for an expression is compared without the port', () => {
  const hostname = `${'a'.repeat(60)}.${'b'.repeat(50)}.com`;
  expect(conditionsOf({}, hostname)).toEqual([{ field: 'host-header', values: [hostname] }]);
});

test('a hostname too long for any condition is refused', () => {
  const hostname = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.com`;
  expect(shortfallsOf({}, hostname)).toMatchObject([{ kind: 'match-unsupported', field: '' }]);
});

test.each([
  ['Exact', '/foo', '/foo', true],
  ['Exact', '/foo', '/foo/', false],
  ['Exact', '/foo', '/Foo', false],
  ['Exact', '/a*b?', '/a*b?', true],
  ['Exact', '/a*b?', '/axbx', false],
  ['Exact', '/a.b', '/axb', false],
  ['Exact', '/a+(b)', '/a+(b)', true],
  ['PathPrefix', '/foo', '/foo', true],
  ['PathPrefix', '/foo', '/foo/bar', true],
  ['PathPrefix', '/foo', '/foobar', false],
  ['PathPrefix', '/foo', '/FOO', false],
  ['PathPrefix', '/foo/', '/foo', true],
  ['PathPrefix', '/', '/anything', true],
  ['PathPrefix', '/a*', '/ab', false],
  ['RegularExpression', '^/v[0-9]+/', '/v12/x', true],
  ['RegularExpression', '^/v[0-9]+/', '/vx/x', false],
] as const)('%s path %s and the request %s: %s', (type, value, path, expected) => {
  expect(matches({ path: { type, value } }, { path })).toBe(expected);
});

test('a long prefix is two plain values, and a longer one is refused', () => {
  const value = `/${'a'.repeat(124)}`;
  expect(conditionsOf({ path: { type: 'PathPrefix', value } })).toEqual([
    { field: 'path-pattern', values: [value, `${value}/*`] },
  ]);
  expect(shortfallsOf({ path: { type: 'PathPrefix', value: `${value}aaa` } })).toMatchObject([
    { kind: 'match-unsupported', field: 'matches[0].path.value' },
  ]);
});

test('a rule that matches everything still has a condition', () => {
  expect(conditionsOf({})).toEqual([{ field: 'path-pattern', values: ['/*'] }]);
});

test.each([
  ['Exact', 'Green', 'Green', true],
  ['Exact', 'Green', 'green', false],
  ['Exact', 'a*', 'ab', false],
  ['Exact', 'a,b', 'a,b', true],
  ['Exact', 'a,b', 'a', false],
  ['Exact', '42', '42', true],
  ['RegularExpression', '^v[12]$', 'v2', true],
  ['RegularExpression', '^v[12]$', 'V2', false],
] as const)('%s header match %s and the value %s: %s', (type, value, given, expected) => {
  expect(matches({ headers: [{ type, name: 'x-color', value }] }, { headers: { 'x-color': given } })).toBe(expected);
});

test('a header that is not sent does not match', () => {
  expect(matches({ headers: [{ name: 'x-color', value: '1' }] }, {})).toBe(false);
});

test.each([
  ['host', 'a.com', { kind: 'host-header' }],
  ['x'.repeat(41), 'a', { kind: 'header-name-too-long', limit: 40 }],
  ['x', 'a'.repeat(130), { kind: 'header-value-too-long', limit: 128 }],
])('a match on header %s is refused with the reason', (name, value, why) => {
  expect(shortfallsOf({ headers: [{ name, value }] })).toEqual([
    { kind: 'match-unsupported', field: 'matches[0].headers[0]', why },
  ]);
});

test.each([
  ['1', '1', true],
  ['1', '12', false],
  ['*', 'x', false],
  ['*', '*', true],
  ['?', '?', true],
  ['?', '1', false],
])('query value %s and the request %s: %s', (value, given, expected) => {
  expect(matches({ queryParams: [{ name: 'q', value }] }, { query: [['q', given]] })).toBe(expected);
});

test('two query parameters must both be there', () => {
  const match = {
    queryParams: [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
  };
  expect(
    matches(match, {
      query: [
        ['a', '1'],
        ['b', '2'],
      ],
    }),
  ).toBe(true);
  expect(matches(match, { query: [['a', '1']] })).toBe(false);
});

test('a query value with letters is served, and the Route says that case does not count', () => {
  expect(shortfallsOf({ queryParams: [{ name: 'q', value: 'Red' }] })).toEqual([
    { kind: 'match-ignores-case', field: 'matches[0].queryParams[0].value', value: 'Red' },
  ]);
  expect(matches({ queryParams: [{ name: 'q', value: 'Red' }] }, { query: [['q', 'red']] })).toBe(true);
});

test.each([
  [{ type: 'RegularExpression', name: 'q', value: '.*' }, { kind: 'query-regex' }],
  [{ name: 'q', value: '' }, { kind: 'query-value-empty' }],
  [{ name: 'q', value: 'a b' }, { kind: 'query-characters' }],
  [
    { name: 'q', value: '1'.repeat(129) },
    { kind: 'query-too-long', limit: 128 },
  ],
] as const)('query match %o is refused with the reason', (query, why) => {
  expect(shortfallsOf({ queryParams: [query] })).toEqual([
    { kind: 'match-unsupported', field: 'matches[0].queryParams[0]', why },
  ]);
});

test('methods are compared as they are', () => {
  expect(matches({ method: 'POST' }, { method: 'POST' })).toBe(true);
  expect(matches({ method: 'POST' }, { method: 'GET' })).toBe(false);
});

test.each([
  ['(?=x)', { kind: 'syntax', has: 'look-around' }],
  ['(?<!x)y', { kind: 'syntax', has: 'look-around' }],
  ['(a)\\1', { kind: 'syntax', has: 'backreference' }],
  ['(?>a)', { kind: 'syntax', has: 'atomic-group' }],
  ['a++', { kind: 'syntax', has: 'possessive-quantifier' }],
  ['\\p{L}', { kind: 'syntax', has: 'unicode-class' }],
  ['(?R)', { kind: 'syntax', has: 'recursion' }],
  ['(', { kind: 'malformed' }],
  ['a'.repeat(129), { kind: 'too-long', limit: 128 }],
])('the regular expression %s is refused with the reason', (regex, why) => {
  expect(shortfallsOf({ path: { type: 'RegularExpression', value: regex } })).toEqual([
    { kind: 'regex-unsupported', field: 'matches[0].path.value', regex, why },
  ]);
  expect(shortfallsOf({ headers: [{ type: 'RegularExpression', name: 'x', value: regex }] })).toMatchObject([
    { kind: 'regex-unsupported', field: 'matches[0].headers[0].value' },
  ]);
});

test.each(['^/(?:a|b)/.*$', '\\(?=', '[(?=]', '(?P<name>x)', 'a\\\\1', '(?i)abc', '[a+]+'])(
  'the regular expression %s is taken',
  (regex) => {
    expect(shortfallsOf({ path: { type: 'RegularExpression', value: regex } })).toEqual([]);
  },
);

test('a match of more than five values is refused', () => {
  const headers = [1, 2, 3, 4].map((n) => ({ name: `x-${n}`, value: '1' }));
  expect(shortfallsOf({ headers, method: 'GET', path: { type: 'Exact', value: '/' } })).toEqual([
    { kind: 'match-too-large', field: 'matches[0]', values: 6, limit: 5 },
  ]);
  expect(shortfallsOf({ headers, method: 'GET' })).toEqual([]);
});
