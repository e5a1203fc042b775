// Which rule a request meets. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
import ipaddr from 'ipaddr.js';
import type { RuleCondition } from '../elbv2/conditions.ts';
import { compileRegex } from '../elbv2/regex.ts';
import type { Rule } from '../elbv2/state.ts';
import { pattern } from '../pattern.ts';

/** What conditions look at. */
export interface RequestFacts {
  readonly method: string;
  /** The Host header or `:authority`, with its port as long as that is not the listener's own. */
  readonly host: string;
  readonly path: string;
  /** Without the `?`, as it came; empty when there is none. */
  readonly query: string;
  /** By lower-case name, all values of a header that came more than once. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Of the connection: X-Forwarded-For says nothing here. */
  readonly sourceIp: string;
}

/** The rule of lowest priority whose conditions all hold; the default rule, which has none, comes last. */
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

/** A value has to match all of the subject; a regular expression any part of it, as it is written. */
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

/** "The match evaluation is not case-sensitive." A pattern without a key is met by any key with that value. */
function matchesQuery(patterns: readonly QueryPattern[], query: string): boolean {
  const pairs = query === '' ? [] : query.split('&').map(pairOf);
  return patterns.some(({ Key, Value }) =>
    pairs.some(
      ([key, value]) => (Key === undefined || isLike(Key, key, 'ignore case')) && isLike(Value, value, 'ignore case'),
    ),
  );
}

/** As they stand in the URL, percent-encoding included. */
function pairOf(text: string): readonly [key: string, value: string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

function isWithin(address: string, block: string): boolean {
  const parsed = ipaddr.process(address);
  const range = ipaddr.parseCIDR(block);
  return parsed.kind() === range[0].kind() && parsed.match(range);
}
