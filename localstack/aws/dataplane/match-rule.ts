// Chooses the rule of a request. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
import ipaddr from 'ipaddr.js';
import type { RuleCondition } from '../elbv2/conditions.ts';
import { compileRegex } from '../elbv2/regex.ts';
import type { Rule } from '../elbv2/state.ts';
import { pattern } from '../pattern.ts';

/** The parts of a request that conditions compare. */
export interface RequestFacts {
  readonly method: string;
  /** The Host header or `:authority`, with its port unless it is the listener's own. */
  readonly host: string;
  readonly path: string;
  /** The unchanged query without `?`; empty if there is none. */
  readonly query: string;
  /** All values of each header, by lower-case name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The connection's own address: X-Forwarded-For does not count. */
  readonly sourceIp: string;
}

/** The first rule, by priority, whose conditions all match. The default rule has no conditions and is last. */
export function matchRule<Each extends Pick<Rule, 'priority' | 'conditions'>>(
  rules: readonly Each[],
  request: RequestFacts,
): Each | undefined {
  return rules
    .filter(({ conditions }) => conditions.every((condition) => holds(condition, request)))
    .reduce<Each | undefined>((first, rule) => (first && order(first) <= order(rule) ? first : rule), undefined);
}

const order = ({ priority }: Pick<Rule, 'priority'>): number => (priority === 'default' ? Infinity : priority);

function holds(condition: RuleCondition, request: RequestFacts): boolean {
  switch (condition.Field) {
    case 'host-header':
      return matches(condition.HostHeaderConfig, request.host, 'ignore case');
    case 'path-pattern':
      return matches(condition.PathPatternConfig, request.path, 'heed case');
    case 'http-header': {
      const values = request.headers.get(condition.HttpHeaderConfig.HttpHeaderName.toLowerCase()) ?? [];
      return values.some((value) => matches(condition.HttpHeaderConfig, value, 'ignore case'));
    }
    case 'query-string':
      return matchesQuery(condition.QueryStringConfig.Values, request.query);
    case 'http-request-method':
      return condition.HttpRequestMethodConfig.Values.includes(request.method);
    case 'source-ip':
      return condition.SourceIpConfig.Values?.some((block) => isWithin(request.sourceIp, block)) ?? false;
  }
  return condition satisfies never;
}

type Case = 'ignore case' | 'heed case';

interface Patterns {
  readonly Values?: readonly string[];
  readonly RegexValues?: readonly string[];
}

/** A value must match the whole subject, a regular expression any part of it. */
function matches({ Values = [], RegexValues = [] }: Patterns, subject: string, heed: Case): boolean {
  return (
    Values.some((value) => isLike(value, subject, heed)) ||
    RegexValues.some((regex) => compileRegex(regex).test(subject))
  );
}

function isLike(value: string, subject: string, heed: Case): boolean {
  if (heed === 'heed case') return pattern(value, 'wildcards')(subject);
  return pattern(value.toLowerCase(), 'wildcards')(subject.toLowerCase());
}

interface QueryPattern {
  readonly Key: string | undefined;
  readonly Value: string;
}

/** "The match evaluation is not case-sensitive." A pattern without a key matches any key with that value. */
function matchesQuery(patterns: readonly QueryPattern[], query: string): boolean {
  const pairs = query === '' ? [] : query.split('&').map(pairOf);
  return patterns.some(({ Key, Value }) =>
    pairs.some(
      ([key, value]) => (Key === undefined || isLike(Key, key, 'ignore case')) && isLike(Value, value, 'ignore case'),
    ),
  );
}

/** Unchanged from the URL, with percent-encoding. */
function pairOf(text: string): readonly [key: string, value: string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

function isWithin(address: string, block: string): boolean {
  const parsed = ipaddr.process(address);
  const range = ipaddr.parseCIDR(block);
  return parsed.kind() === range[0].kind() && parsed.match(range);
}
