// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
import { expect, test } from 'vitest';
import type { RuleCondition } from '../elbv2/conditions.ts';
import { matchRule, type RequestFacts } from './match-rule.ts';

const plain: RequestFacts = {
  method: 'GET',
  host: 'www.example.com',
  path: '/img/cat.png',
  query: '',
  headers: new Map(),
  sourceIp: '203.0.113.7',
};

const host = (...Values: string[]): RuleCondition => ({ Field: 'host-header', Values, HostHeaderConfig: { Values } });
const hostRegex = (...RegexValues: string[]): RuleCondition => ({
  Field: 'host-header',
  RegexValues,
  HostHeaderConfig: { RegexValues },
});
const path = (...Values: string[]): RuleCondition => ({ Field: 'path-pattern', Values, PathPatternConfig: { Values } });
const pathRegex = (...RegexValues: string[]): RuleCondition => ({
  Field: 'path-pattern',
  RegexValues,
  PathPatternConfig: { RegexValues },
});
const header = (HttpHeaderName: string, ...Values: string[]): RuleCondition => ({
  Field: 'http-header',
  HttpHeaderConfig: { HttpHeaderName, Values },
});
const query = (...Values: { Key: string | undefined; Value: string }[]): RuleCondition => ({
  Field: 'query-string',
  QueryStringConfig: { Values },
});
const method = (...Values: string[]): RuleCondition => ({
  Field: 'http-request-method',
  HttpRequestMethodConfig: { Values },
});
const source = (...Values: string[]): RuleCondition => ({ Field: 'source-ip', SourceIpConfig: { Values } });
const headers = (...pairs: [string, string[]][]) => ({ headers: new Map(pairs) });

const holds = (condition: RuleCondition, request: Partial<RequestFacts>) =>
  matchRule([{ priority: 1, conditions: [condition] }], { ...plain, ...request }) !== undefined;

test.each<[string, RuleCondition, Partial<RequestFacts>]>([
  ['a host in other letters', host('WWW.example.COM'), {}],
  ['a wildcard host over several labels', host('*.example.com'), { host: 'a.b.example.com' }],
  ['a ? for one character', host('ww?.example.com'), {}],
  ['one of several hosts', host('example.com', 'www.example.com'), {}],
  ['a host by a regular expression that allows a port', hostRegex('^www\\.[a-z.]+(:[0-9]+)?$'), { host: 'www.a.b:81' }],
  ['a path by its prefix', path('/img/*'), {}],
  ['a path by a regular expression that is not anchored', pathRegex('c[a-z]t'), {}],
  ['a path with an escaped wildcard', path('/a\\*b'), { path: '/a*b' }],
  ['a header in other letters', header('X-Team', 'Blue'), headers(['x-team', ['BLUE']])],
  ['a header whose second value it is', header('x-team', 'blue'), headers(['x-team', ['red', 'blue']])],
  ['a header by a wildcard', header('User-Agent', '*Chrome*'), headers(['user-agent', ['a Chrome b']])],
  ['a query by key and value in other letters', query({ Key: 'Version', Value: 'V1' }), { query: 'a=b&version=v1' }],
  ['a query by value, whatever the key', query({ Key: undefined, Value: '*exam?le*' }), { query: 'k=an-example' }],
  ['a method', method('PUT', 'GET'), {}],
  ['the source address', source('10.0.0.0/8', '203.0.113.0/24'), {}],
  ['an IPv6 source address', source('2001:db8::/32'), { sourceIp: '2001:db8::1' }],
])('%s matches', (_, condition, request) => {
  expect(holds(condition, request)).toBe(true);
});

test.each<[string, RuleCondition, Partial<RequestFacts>]>([
  ['a host that only ends so', host('example.com'), {}],
  ['a host with a port by a plain value', host('www.example.com'), { host: 'www.example.com:8080' }],
  ['a dot for any character', host('www.example.com'), { host: 'wwwxexample.com' }],
  ['a host in other letters by a regular expression', hostRegex('^www'), { host: 'WWW.example.com' }],
  ['a path in other letters', path('/IMG/*'), {}],
  ['the bare prefix by a pattern with a slash', path('/img/*'), { path: '/img' }],
  ['a ? for no character', path('/img/cat.png?'), {}],
  ['a header that is not there', header('x-team', '*'), {}],
  ['a query whose key has another value', query({ Key: 'version', Value: 'v1' }), { query: 'version=v2&a=v1' }],
  ['a request without a query', query({ Key: undefined, Value: '*' }), {}],
  ['a method in other letters', method('GET'), { method: 'get' }],
  ['another source address', source('10.0.0.0/8'), {}],
  ['a source address of the other family', source('::/0'), {}],
])('%s does not match', (_, condition, request) => {
  expect(holds(condition, request)).toBe(false);
});

test('the first matching rule by priority wins, and the default rule if none matches', () => {
  const rules = [
    { priority: 'default', conditions: [] },
    { priority: 20, conditions: [path('/img/*')] },
    { priority: 3, conditions: [path('/img/*'), method('POST')] },
    { priority: 10, conditions: [path('/*')] },
  ] as const;
  expect(matchRule(rules, plain)?.priority).toBe(10);
  expect(matchRule(rules, { ...plain, method: 'POST' })?.priority).toBe(3);
  expect(matchRule(rules.slice(0, 2), { ...plain, path: '/' })?.priority).toBe('default');
});

test.each([
  ['a regular expression that explodes', pathRegex('^/(a+)+$')],
  ['a pattern of many wildcards', path(`/${'*a'.repeat(40)}b`)],
])('%s is answered at once', (_, condition) => {
  expect(holds(condition, { path: `/${'a'.repeat(15_000)}!` })).toBe(false);
});
