// The conditions of rules. They are stored in the API's output format.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
import ipaddr from 'ipaddr.js';
import type { Input } from '../service.ts';
import type { World } from '../world.ts';
import { validationError } from './errors.ts';
import { nonEmpty, oneOf, record, records, requiredText, text, texts } from './input.ts';
import { checkRegex } from './regex.ts';

/** Either wildcard patterns, or regular expressions. */
interface Patterns {
  readonly Values?: readonly string[];
  readonly RegexValues?: readonly string[];
}

export type RuleCondition =
  | ({ readonly Field: 'host-header'; readonly HostHeaderConfig: Patterns } & Patterns)
  | ({ readonly Field: 'path-pattern'; readonly PathPatternConfig: Patterns } & Patterns)
  | {
      readonly Field: 'http-header';
      readonly HttpHeaderConfig: Patterns & { readonly HttpHeaderName: string };
      readonly RegexValues?: readonly string[];
    }
  | {
      readonly Field: 'query-string';
      readonly QueryStringConfig: {
        readonly Values: readonly { readonly Key: string | undefined; readonly Value: string }[];
      };
    }
  | { readonly Field: 'http-request-method'; readonly HttpRequestMethodConfig: { readonly Values: readonly string[] } }
  | {
      readonly Field: 'source-ip';
      /** Blocks for an Application Load Balancer, the family of addresses for a Network Load Balancer. */
      readonly SourceIpConfig: { readonly Values?: readonly string[]; readonly IpAddressType?: 'ipv4' | 'ipv6' };
    };

const fields = [
  'host-header',
  'path-pattern',
  'http-header',
  'query-string',
  'http-request-method',
  'source-ip',
] as const;

const maxLength = 128;

function checkLength(value: string, what: string): void {
  if (value.length === 0 || value.length > maxLength) {
    throw validationError(`The ${what} value '${value}' must be 1 to ${maxLength} characters long`);
  }
}

/** "You must include at least one '.'. You can include only alphabetical characters after the final '.'." */
function checkHost(host: string): void {
  checkLength(host, 'host-header');
  if (!/^[A-Za-z0-9.*?-]+$/.test(host))
    throw validationError(`The host-header value '${host}' has characters that are not allowed`);
  if (!/\.[A-Za-z]+$/.test(host)) {
    throw validationError(`The host-header value '${host}' must have a '.', and only letters after the last one`);
  }
}

function checkPath(path: string): void {
  checkLength(path, 'path-pattern');
  if (!/^[/*?]/.test(path)) throw validationError(`The path-pattern value '${path}' must begin with '/' or a wildcard`);
  if (!/^[A-Za-z0-9_.$/~"'@:+&*?-]+$/.test(path)) {
    throw validationError(`The path-pattern value '${path}' has characters that are not allowed`);
  }
}

function checkHeaderValue(value: string): void {
  checkLength(value, 'http-header');
  if (!/^[\u0020-\u007e]+$/.test(value))
    throw validationError(`The http-header value '${value}' has characters that are not allowed`);
}

/** Reads `Values` or `RegexValues` from a field's config, or, in the older form, from the condition itself. */
function readPatterns(
  condition: Input,
  config: Input | undefined,
  what: string,
  check: (value: string) => void,
): Patterns {
  const read = (name: string): readonly string[] => {
    const inner = (config && texts(config, name)) ?? [];
    const outer = texts(condition, name) ?? [];
    if (inner.length > 0 && outer.length > 0 && inner.join('\n') !== outer.join('\n')) {
      throw validationError(`The ${what} condition has its ${name} twice`);
    }
    return inner.length > 0 ? inner : outer;
  };
  const values = read('Values');
  const regexValues = read('RegexValues');
  if ((values.length === 0) === (regexValues.length === 0)) {
    throw validationError(`A ${what} condition has either values or regular expressions`);
  }
  for (const value of values) check(value);
  for (const regex of regexValues) checkRegex(regex, maxLength);
  return values.length > 0 ? { Values: values } : { RegexValues: regexValues };
}

function readHeader(condition: Input): RuleCondition {
  const config = record(condition, 'HttpHeaderConfig');
  if (!config) throw validationError('An http-header condition needs an HttpHeaderConfig');
  const name = requiredText(config, 'HttpHeaderName');
  if (name.length > 40 || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw validationError(`The header name '${name}' is not 1 to 40 characters of a header name`);
  }
  if (name.toLowerCase() === 'host') throw validationError('Use a host-header condition for the Host header');
  const patterns = readPatterns({}, config, 'http-header', checkHeaderValue);
  return { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: name, ...patterns } };
}

function readQueryString(condition: Input): RuleCondition {
  const config = record(condition, 'QueryStringConfig');
  const pairs = nonEmpty(config && records(config, 'Values'), 'QueryStringConfig.Values').map((pair) => {
    const key = text(pair, 'Key');
    const value = requiredText(pair, 'Value');
    if (key !== undefined) checkLength(key, 'query-string key');
    checkLength(value, 'query-string');
    return { Key: key, Value: value };
  });
  return { Field: 'query-string', QueryStringConfig: { Values: pairs } };
}

function readMethods(condition: Input): RuleCondition {
  const config = record(condition, 'HttpRequestMethodConfig');
  const methods = nonEmpty(config && texts(config, 'Values'), 'HttpRequestMethodConfig.Values');
  for (const method of methods) {
    if (!/^[A-Z_-]{1,40}$/.test(method)) {
      throw validationError(`The request method '${method}' must be 1 to 40 of A-Z, '-' and '_'`);
    }
  }
  return { Field: 'http-request-method', HttpRequestMethodConfig: { Values: methods } };
}

function readSourceIp(condition: Input): RuleCondition {
  const config = record(condition, 'SourceIpConfig');
  if (config && text(config, 'IpAddressType') !== undefined) {
    throw validationError('The source-ip condition of an Application Load Balancer has CIDR blocks');
  }
  const blocks = nonEmpty(config && texts(config, 'Values'), 'SourceIpConfig.Values');
  for (const block of blocks) {
    if (!ipaddr.isValidCIDR(block)) throw validationError(`The source-ip value '${block}' is not a CIDR block`);
  }
  return { Field: 'source-ip', SourceIpConfig: { Values: blocks } };
}

function readCondition(input: Input): RuleCondition {
  const field = oneOf(input, 'Field', fields);
  switch (field) {
    case undefined:
      throw validationError('A condition field must be specified');
    case 'host-header': {
      const patterns = readPatterns(input, record(input, 'HostHeaderConfig'), field, checkHost);
      return { Field: field, ...patterns, HostHeaderConfig: patterns };
    }
    case 'path-pattern': {
      const patterns = readPatterns(input, record(input, 'PathPatternConfig'), field, checkPath);
      return { Field: field, ...patterns, PathPatternConfig: patterns };
    }
    case 'http-header':
      return readHeader(input);
    case 'query-string':
      return readQueryString(input);
    case 'http-request-method':
      return readMethods(input);
    case 'source-ip':
      return readSourceIp(input);
  }
  return field satisfies never;
}

/** Counts unescaped wildcards: after a backslash, a wildcard is a plain character. */
const countWildcards = (patterns: readonly string[] = []) =>
  patterns
    .join('\n')
    .replaceAll(/\\[\\*?]/g, '')
    .replaceAll(/[^*?]/g, '').length;

interface Comparisons {
  readonly values: number;
  readonly wildcards: number;
}

const countPatterns = (patterns: Patterns): Comparisons => ({
  values: (patterns.Values ?? patterns.RegexValues ?? []).length,
  wildcards: countWildcards(patterns.Values),
});

function countComparisons(condition: RuleCondition): Comparisons {
  switch (condition.Field) {
    case 'host-header':
      return countPatterns(condition.HostHeaderConfig);
    case 'path-pattern':
      return countPatterns(condition.PathPatternConfig);
    case 'http-header':
      return countPatterns(condition.HttpHeaderConfig);
    case 'query-string': {
      const pairs = condition.QueryStringConfig.Values;
      return { values: pairs.length, wildcards: countWildcards(pairs.flatMap(({ Key = '', Value }) => [Key, Value])) };
    }
    case 'http-request-method':
      return { values: condition.HttpRequestMethodConfig.Values.length, wildcards: 0 };
    case 'source-ip':
      return { values: condition.SourceIpConfig.Values?.length ?? 0, wildcards: 0 };
  }
  return condition satisfies never;
}

/**
 * Reads a rule's conditions. host-header, path-pattern, http-request-method and source-ip may occur once, the others any number
 * of times. The values and wildcards of the rule are limited.
 */
export function readConditions(world: World, input: Input): readonly RuleCondition[] {
  const conditions = nonEmpty(records(input, 'Conditions'), 'Conditions').map(readCondition);
  for (const field of ['host-header', 'path-pattern', 'http-request-method', 'source-ip']) {
    if (conditions.filter(({ Field }) => Field === field).length > 1) {
      throw validationError(`A rule can have one '${field}' condition`);
    }
  }
  const counts = conditions.map(countComparisons);
  const { 'condition-values-per-alb-rule': maxValues, 'condition-wildcards-per-alb-rule': maxWildcards } =
    world.options.quotas;
  if (counts.reduce((sum, { values }) => sum + values, 0) > maxValues) {
    throw validationError(`A rule can only have '${maxValues}' condition values`);
  }
  if (counts.reduce((sum, { wildcards }) => sum + wildcards, 0) > maxWildcards) {
    throw validationError(`A rule can only have '${maxWildcards}' condition wildcards`);
  }
  return conditions;
}

/**
 * Reads the conditions of a Network Load Balancer's rule: "the only supported condition is source-ip" (API_RuleCondition),
 * with the family of the clients' addresses.
 */
export function readNetworkConditions(input: Input): readonly RuleCondition[] {
  const [condition, second] = nonEmpty(records(input, 'Conditions'), 'Conditions');
  const config = condition && record(condition, 'SourceIpConfig');
  if (!condition || text(condition, 'Field') !== 'source-ip' || !config || (texts(config, 'Values') ?? []).length > 0) {
    throw validationError('A rule of a Network Load Balancer has a source-ip condition with an IpAddressType');
  }
  if (second) throw validationError("A rule can have one 'source-ip' condition");
  const family = oneOf(config, 'IpAddressType', ['ipv4', 'ipv6']);
  if (!family) throw validationError('Parameter SourceIpConfig.IpAddressType must be specified');
  return [{ Field: 'source-ip', SourceIpConfig: { IpAddressType: family } }];
}
