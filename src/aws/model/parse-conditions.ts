// Turns the conditions of our rules back into the match that they were made from.
import { type PathMatch, type RuleMatch, ruleConditions } from './conditions.ts';
import { stableJson } from './hash.ts';
import { escapeRegex } from './regex.ts';
import type { RuleCondition } from './resources.ts';

/** Undefined for conditions that we never make. */
export function parseConditions(conditions: readonly RuleCondition[]): RuleMatch | undefined {
  const hosts: string[] = [];
  const paths: PathMatch[] = [];
  const methods: string[] = [];
  const others: RuleCondition[] = [];
  for (const condition of conditions) {
    switch (condition.field) {
      case 'host-header':
        hosts.push(...('values' in condition ? condition.values : condition.regexValues.map(parseHost)));
        break;
      case 'path-pattern':
        paths.push(...('values' in condition ? parsePaths(condition.values) : condition.regexValues.map(parsePath)));
        break;
      case 'http-request-method':
        methods.push(...condition.values);
        break;
      case 'http-header':
      case 'query-string':
        others.push(condition);
        break;
      default:
        condition satisfies never;
    }
  }
  const match = { hosts, paths, methods, others };
  return sameConditions(ruleConditions(match) ?? [], conditions) ? match : undefined;
}

/** Whether both are equal in any order: AWS keeps neither the order of conditions nor of values. */
export function sameConditions(a: readonly RuleCondition[], b: readonly RuleCondition[]): boolean {
  return canonicalConditions(a) === canonicalConditions(b);
}

function canonicalConditions(conditions: readonly RuleCondition[]): string {
  return stableJson(conditions.map((condition) => stableJson(sorted(condition))).toSorted());
}

const sorted = (condition: RuleCondition): unknown =>
  Object.fromEntries(
    Object.entries(condition).map(([key, value]: [string, unknown]) => [
      key,
      Array.isArray(value) ? value.map(stableJson).toSorted() : value,
    ]),
  );

function parseHost(regex: string): string {
  const name = /^\^\(\?i:(.*)\)\(:\[0-9\]\+\)\?\$$/.exec(regex)?.[1] ?? '';
  return name.startsWith('.+') ? `*${unescaped(name.slice(2)) ?? ''}` : (unescaped(name) ?? '');
}

/** A prefix has two plain values: the prefix itself, and everything below it. */
function parsePaths(values: readonly string[]): readonly PathMatch[] {
  const all = new Set(values);
  return values.flatMap((value, index): readonly PathMatch[] => {
    if (value === '/*') return [];
    if (value.endsWith('/*') && all.has(value.slice(0, -2))) return [];
    const isPrefix = all.has(`${value}/*`) && values.indexOf(value) === index;
    return [{ type: isPrefix ? 'prefix' : 'exact', value }];
  });
}

function parsePath(regex: string): PathMatch {
  const prefix = unescaped(/^\^(.*)\(\/\.\*\)\?\$$/.exec(regex)?.[1]);
  if (prefix !== undefined) return { type: 'prefix', value: prefix };
  const exact = unescaped(/^\^(.*)\$$/.exec(regex)?.[1]);
  return exact === undefined ? { type: 'regex', value: regex } : { type: 'exact', value: exact };
}

/** The text that a regular expression was made from. Undefined if it matches more than one text. */
function unescaped(regex: string | undefined): string | undefined {
  const text = regex?.replaceAll(/\\([\\^$.*+?()[\]{}|])/g, '$1');
  return text !== undefined && escapeRegex(text) === regex ? text : undefined;
}
