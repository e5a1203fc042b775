// A route entry's match as an ALB's conditions. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
// Plain values may have wildcards, and all except paths ignore case. A regular expression counts as one value, too. So everything that
// must match exactly becomes a regular expression.
import type { RouteEntry, ValueMatch } from '../../gateway/topology.ts';
import type { MatchUnsupported } from '../rule-problem.ts';
import { type AlbShortfall, type Expressed, refused } from './expressed.ts';
import { escapeRegex, MAX_CONDITION_VALUE, regexRefusal } from './regex.ts';
import type { RuleCondition } from './resources.ts';

export const MAX_CONDITION_VALUES = 5;
const MAX_HEADER_NAME = 40;

/**
 * Which requests a rule matches: one of the hosts, one of the paths, one of the methods, and all other conditions. An empty list
 * matches every host, path or method.
 */
export interface RuleMatch {
  /** In lower case: exact or `*.suffix`. */
  readonly hosts: readonly string[];
  readonly paths: readonly PathMatch[];
  readonly methods: readonly string[];
  /** Conditions on headers and query strings. */
  readonly others: readonly RuleCondition[];
}

export interface PathMatch {
  readonly type: 'exact' | 'prefix' | 'regex';
  /** For a prefix, without the slash at its end. */
  readonly value: string;
}

/** Two forms of the same condition. It has either plain values or regular expressions. */
interface Patterns {
  readonly values?: readonly string[];
  readonly regex?: string;
}

/**
 * gRPC over HTTP/2: Content-Type is "application/grpc" [("+proto" / "+json" / {custom})]. A target group of gRPC answers everything
 * else 464, for example gRPC-Web. So HTTPRoutes get such requests.
 */
const GRPC_CONTENT: RuleCondition = {
  field: 'http-header',
  name: 'content-type',
  regexValues: ['^(?i:application/grpc)([+;].*)?$'],
};

export function ruleMatch(entry: RouteEntry): Expressed<RuleMatch> {
  const index = entry.source.kind === 'rule' ? entry.source.match : 0;
  const at = (field: string) => `matches[${index}].${field}`;
  const { match } = entry;
  const shortfalls: AlbShortfall[] = [];
  const others: RuleCondition[] = match.grpc === undefined ? [] : [GRPC_CONTENT];
  const paths = pathMatches(match.path);
  for (const path of paths)
    shortfalls.push(...pathShortfalls(path, at(match.grpc === undefined ? 'path.value' : 'method')));
  if (entry.hostname !== undefined && !canMatchHost(entry.hostname)) {
    const why = { kind: 'hostname-too-long', hostname: entry.hostname } as const;
    shortfalls.push({ kind: 'match-unsupported', field: '', why });
  }
  for (const [i, header] of match.headers.entries()) {
    const condition = headerCondition(header, at(`headers[${i}]`));
    shortfalls.push(...condition.shortfalls);
    if (condition.value !== undefined) others.push(condition.value);
  }
  for (const [i, query] of match.queryParams.entries()) {
    const condition = queryCondition(query, at(`queryParams[${i}]`));
    shortfalls.push(...condition.shortfalls);
    if (condition.value !== undefined) others.push(condition.value);
  }
  const value: RuleMatch = {
    hosts: entry.hostname === undefined ? [] : [entry.hostname],
    paths,
    methods: match.method === undefined ? [] : [match.method],
    others,
  };
  if (shortfalls.some(refused)) return { shortfalls };
  const values = conditionValues(ruleConditions(value) ?? []);
  if (values > MAX_CONDITION_VALUES) {
    const shortfall: AlbShortfall = {
      kind: 'match-too-large',
      field: `matches[${index}]`,
      values,
      limit: MAX_CONDITION_VALUES,
    };
    return { shortfalls: [...shortfalls, shortfall] };
  }
  return { value, shortfalls };
}

/** Undefined if one condition cannot hold all hosts, or all paths. */
export function ruleConditions(match: RuleMatch): readonly RuleCondition[] | undefined {
  const hosts = patternCondition('host-header', match.hosts.map(hostPatterns));
  const paths = patternCondition('path-pattern', match.paths.map(pathPatterns));
  if (hosts === undefined || paths === undefined) return undefined;
  const methods: RuleCondition[] =
    match.methods.length === 0 ? [] : [{ field: 'http-request-method', values: match.methods }];
  const conditions = [...hosts, ...paths, ...methods, ...match.others];
  // AWS requires at least one condition.
  return conditions.length > 0 ? conditions : [{ field: 'path-pattern', values: ['/*'] }];
}

export function conditionValues(conditions: readonly RuleCondition[]): number {
  return conditions
    .map((condition) => ('values' in condition ? condition.values.length : condition.regexValues.length))
    .reduce((sum, count) => sum + count, 0);
}

/** The shorter of the two forms. Undefined if neither form has all values. */
function patternCondition(
  field: 'host-header' | 'path-pattern',
  patterns: readonly Patterns[],
): readonly RuleCondition[] | undefined {
  if (patterns.length === 0) return [];
  const values = patterns.flatMap((pattern) => pattern.values ?? []);
  const regexValues = patterns.flatMap((pattern) => pattern.regex ?? []);
  const plain = patterns.every((pattern) => pattern.values !== undefined);
  const regular = patterns.every((pattern) => pattern.regex !== undefined);
  if (plain && (!regular || values.length <= regexValues.length)) {
    return field === 'host-header' ? [{ field, values }] : [{ field, values }];
  }
  if (!regular) return undefined;
  return field === 'host-header' ? [{ field, regexValues }] : [{ field, regexValues }];
}

/** Whether a condition can hold a listener's or a route's hostname. */
export const canMatchHost = (hostname: string): boolean => !isEmpty(hostPatterns(hostname));

const isEmpty = ({ values, regex }: Patterns): boolean => values === undefined && regex === undefined;

/**
 * The Gateway API ignores the port in the Host header, but an ALB compares it, and plain values cannot have a port. Hosts ignore case,
 * so the expression has a group with a flag: AWS does not list such groups among the unsupported syntax.
 */
function hostPatterns(hostname: string): Patterns {
  const name = hostname.startsWith('*.') ? `.+${escapeRegex(hostname.slice(1))}` : escapeRegex(hostname);
  const regex = `^(?i:${name})(:[0-9]+)?$`;
  if (regex.length <= MAX_CONDITION_VALUE) return { regex };
  // A plain value has no port: clients send one only if it is not the default of the scheme.
  return hostname.length <= MAX_CONDITION_VALUE && /\.[a-z]+$/.test(hostname) ? { values: [hostname] } : {};
}

/** The characters of a plain path value, without wildcards. `&` is missing, because AWS needs it as `&amp;`. */
const PLAIN_PATH = /^[A-Za-z0-9_.$/~'@:+-]+$/;

function pathPatterns(path: PathMatch): Patterns {
  // The user's expression is not changed. An ALB searches for it anywhere in the path, so users anchor it themselves.
  if (path.type === 'regex') return { regex: path.value };
  const exact = path.type === 'exact';
  const regex = exact ? `^${escapeRegex(path.value)}$` : `^${escapeRegex(path.value)}(/.*)?$`;
  const values = exact ? [path.value] : [path.value, `${path.value}/*`];
  const plain = PLAIN_PATH.test(path.value) && values.every((value) => value.length <= MAX_CONDITION_VALUE);
  return { ...(plain && { values }), ...(regex.length <= MAX_CONDITION_VALUE && { regex }) };
}

function pathMatches({ type, value }: RouteEntry['match']['path']): readonly PathMatch[] {
  switch (type) {
    case 'Exact':
      return [{ type: 'exact', value }];
    case 'RegularExpression':
      return [{ type: 'regex', value }];
    case 'PathPrefix': {
      const prefix = value.replace(/\/+$/, '');
      return prefix === '' ? [] : [{ type: 'prefix', value: prefix }];
    }
    default:
      return type satisfies never;
  }
}

function pathShortfalls(path: PathMatch, field: string): readonly AlbShortfall[] {
  if (path.type === 'regex') return regexShortfalls(path.value, field);
  if (!isEmpty(pathPatterns(path))) return [];
  return [{ kind: 'match-unsupported', field, why: { kind: 'path-too-long', limit: MAX_CONDITION_VALUE } }];
}

function regexShortfalls(regex: string, field: string): readonly AlbShortfall[] {
  const why = regexRefusal(regex);
  return why === undefined ? [] : [{ kind: 'regex-unsupported', field, regex, why }];
}

function unsupported(field: string, why: MatchUnsupported['why']): Expressed<RuleCondition> {
  return { shortfalls: [{ kind: 'match-unsupported', field, why }] };
}

function headerCondition(header: ValueMatch, field: string): Expressed<RuleCondition> {
  const { name, value } = header;
  if (name.toLowerCase() === 'host') return unsupported(field, { kind: 'host-header' });
  if (name.length > MAX_HEADER_NAME)
    return unsupported(field, { kind: 'header-name-too-long', limit: MAX_HEADER_NAME });
  if (header.type === 'RegularExpression') {
    const shortfalls = regexShortfalls(value, `${field}.value`);
    return shortfalls.length > 0
      ? { shortfalls }
      : { value: { field: 'http-header', name, regexValues: [value] }, shortfalls };
  }
  if (/^[0-9 ._:/-]+$/.test(value) && value.length <= MAX_CONDITION_VALUE) {
    return { value: { field: 'http-header', name, values: [value] }, shortfalls: [] };
  }
  const regex = `^${escapeRegex(value)}$`;
  if (regex.length > MAX_CONDITION_VALUE)
    return unsupported(field, { kind: 'header-value-too-long', limit: MAX_CONDITION_VALUE });
  return { value: { field: 'http-header', name, regexValues: [regex] }, shortfalls: [] };
}

/** QueryStringConditionConfig: "To search for a literal '*' or '?' character, you must escape these using '\\'." */
const escapeWildcards = (text: string): string => text.replaceAll(/[*?]/g, '\\$&');

/** The characters of a query condition: add-rule.html. */
const QUERY_TEXT = /^[A-Za-z0-9_.$/~"'@:+&()!,;=*?-]*$/;

/** Conditions on query strings support no regular expressions, and ignore case. */
function queryCondition(query: ValueMatch, field: string): Expressed<RuleCondition> {
  if (query.type === 'RegularExpression') return unsupported(field, { kind: 'query-regex' });
  const key = escapeWildcards(query.name);
  const value = escapeWildcards(query.value);
  if (value === '') return unsupported(field, { kind: 'query-value-empty' });
  if (!QUERY_TEXT.test(query.name) || !QUERY_TEXT.test(query.value)) {
    return unsupported(field, { kind: 'query-characters' });
  }
  if (key.length > MAX_CONDITION_VALUE || value.length > MAX_CONDITION_VALUE) {
    return unsupported(field, { kind: 'query-too-long', limit: MAX_CONDITION_VALUE });
  }
  const shortfalls: readonly AlbShortfall[] = /[A-Za-z]/.test(value)
    ? [{ kind: 'match-ignores-case', field: `${field}.value`, value: query.value }]
    : [];
  return { value: { field: 'query-string', values: [{ key, value }] }, shortfalls };
}
