// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
import {
  DescribeRulesCommand,
  type RuleCondition,
  type RuleTransform,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { Embedded, path } from '../testing/embedded.ts';

let aws: Embedded;
let listener: string;
let priority = 0;

beforeAll(async () => {
  aws = await Embedded.start({ quotas: { 'rules-per-application-load-balancer': 1000 } });
  listener = await aws.listener(await aws.loadBalancer());
});

afterAll(() => aws[Symbol.asyncDispose]());

const create = (Conditions: RuleCondition[], Transforms: RuleTransform[] = []) => {
  priority += 1;
  return aws.rule(listener, priority, { Conditions, Transforms });
};

const host = (...Values: string[]): RuleCondition => ({ Field: 'host-header', HostHeaderConfig: { Values } });
const header = (HttpHeaderName: string, ...Values: string[]): RuleCondition => ({
  Field: 'http-header',
  HttpHeaderConfig: { HttpHeaderName, Values },
});
const method = (...Values: string[]): RuleCondition => ({
  Field: 'http-request-method',
  HttpRequestMethodConfig: { Values },
});
const source = (...Values: string[]): RuleCondition => ({ Field: 'source-ip', SourceIpConfig: { Values } });
const query = (...Values: { Key?: string; Value: string }[]): RuleCondition => ({
  Field: 'query-string',
  QueryStringConfig: { Values },
});
const pathRegex = (...RegexValues: string[]): RuleCondition => ({
  Field: 'path-pattern',
  PathPatternConfig: { RegexValues },
});

test.each<[string, RuleCondition[]]>([
  ['a wildcard host', [host('*.example.test')]],
  ['the older form of a path', [{ Field: 'path-pattern', Values: ['/img/*'] }]],
  ['five values over two conditions', [host('a.test', 'b.test'), path('/1', '/2', '/3')[0] ?? {}]],
  ['two header conditions', [header('x-a', '1'), header('x-b', '2')]],
  ['an escaped wildcard that does not count', [header('x', '\\*\\*\\*\\*\\*\\*\\*')]],
  ['a method of one’s own', [method('PURGE_ALL')]],
  ['IPv4 and IPv6 blocks', [source('10.0.0.0/8', '2001:db8::/32')]],
  ['a query value without key', [query({ Value: 'x' })]],
  ['a regular expression', [pathRegex('^/v[0-9]+/(a|b)$')]],
  ['a regular expression with an escaped backslash before a digit', [pathRegex('^/a\\\\1$')]],
])('a rule may have %s', async (_, conditions) => {
  await expect(create(conditions)).resolves.toMatch(/^arn:/);
});

test.each<[string, RuleCondition[]]>([
  ['no conditions', []],
  ['six values', [path('/1', '/2', '/3', '/4', '/5', '/6')[0] ?? {}]],
  ['six values over two conditions', [host('a.test', 'b.test', 'c.test'), method('GET', 'HEAD', 'PUT')]],
  ['seven wildcards', [path('/*/*/*', '/*/*', '/?*')[0] ?? {}]],
  ['two path conditions', [...path('/a'), ...path('/b')]],
  ['two source-ip conditions', [source('10.0.0.0/8'), source('192.168.0.0/16')]],
  ['a host without a dot', [host('localhost')]],
  ['a host that ends in a number', [host('10.0.0.1')]],
  ['a host with a slash', [host('a.test/b')]],
  ['a path that begins with neither slash nor wildcard', path('a')],
  ['a path with a space', path('/a b')],
  ['a path of 129 characters', path(`/${'x'.repeat(128)}`)],
  ['the Host header', [header('hOsT', 'a.test')]],
  ['a header name of 41 characters', [header('x'.repeat(41), 'a')]],
  ['a header name with a space', [header('x y', 'a')]],
  ['a header value of 129 characters', [header('x', 'y'.repeat(129))]],
  ['a method in small letters', [method('get')]],
  ['a method of 41 characters', [method('A'.repeat(41))]],
  ['an address without its prefix length', [source('10.0.0.1')]],
  ['a query value of 129 characters', [query({ Key: 'k', Value: 'v'.repeat(129) })]],
  [
    'both values and regular expressions',
    [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/a'], RegexValues: ['b'] } }],
  ],
  ['a regular expression of 129 characters', [pathRegex('x'.repeat(129))]],
  ['a regular expression that is none', [pathRegex('(')]],
  ['a look-ahead', [pathRegex('^/(?!admin)')]],
  ['a look-behind', [pathRegex('(?<=a)b')]],
  ['a backreference', [pathRegex('(a)\\1')]],
  ['a named backreference', [pathRegex('(?<x>a)\\k<x>')]],
  ['a possessive quantifier', [pathRegex('a++')]],
  ['a Unicode class', [pathRegex('\\p{L}')]],
  ['an unknown field', [{ Field: 'cookie', Values: ['a'] }]],
])('a rule with %s is refused', async (_, conditions) => {
  expect(await refusal(create(conditions))).toBe('ValidationError');
});

test('host and path conditions are described in both forms', async () => {
  const arn = await create([host('A.example.test'), { Field: 'path-pattern', Values: ['/x'] }]);
  const { Rules } = await aws.elb.send(new DescribeRulesCommand({ RuleArns: [arn] }));
  expect(Rules?.[0]?.Conditions).toEqual([
    { Field: 'host-header', Values: ['A.example.test'], HostHeaderConfig: { Values: ['A.example.test'] } },
    { Field: 'path-pattern', Values: ['/x'], PathPatternConfig: { Values: ['/x'] } },
  ]);
});

// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
const rewrite = (Regex: string): RuleTransform => ({
  Type: 'url-rewrite',
  UrlRewriteConfig: { Rewrites: [{ Regex, Replace: '/$1' }] },
});

test.each<[string, RuleTransform[]]>([
  ['two transforms of one type', [rewrite('^/a/(.*)$'), rewrite('^/b/(.*)$')]],
  ['a transform without rewrites', [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [] } }]],
  ['a look-ahead in a transform', [rewrite('^/(?=x)')]],
  ['a transform of 1025 characters', [rewrite('x'.repeat(1025))]],
])('a rule with %s is refused', async (_, transforms) => {
  expect(await refusal(create(path('/t'), transforms))).toBe('ValidationError');
});
