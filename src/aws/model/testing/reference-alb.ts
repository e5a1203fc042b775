// Evaluates rules as AWS documents it for ALBs. Tests compare with it. It is slow and simple.
import type { RuleCondition, RuleTransform } from '../resources.ts';

export interface AlbRequest {
  readonly method: string;
  /** The Host header as the client sent it. */
  readonly host: string;
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [key: string, value: string])[];
}

/** The first rule whose conditions all match. */
export function firstMatch<T extends { readonly conditions: readonly RuleCondition[] }>(
  rules: readonly T[],
  request: AlbRequest,
): T | undefined {
  return rules.find(({ conditions }) => conditions.every((condition) => holds(condition, request)));
}

function holds(condition: RuleCondition, request: AlbRequest): boolean {
  switch (condition.field) {
    case 'host-header':
      return matchesPatterns(condition, request.host, 'i');
    case 'path-pattern':
      return matchesPatterns(condition, request.path, '');
    case 'http-header': {
      const value = request.headers[condition.name.toLowerCase()];
      return value !== undefined && matchesPatterns(condition, value, 'i');
    }
    case 'http-request-method':
      return condition.values.includes(request.method);
    case 'query-string':
      return condition.values.some(({ key, value }) =>
        request.query.some(
          ([k, v]) => (key === undefined || wildcard(key, 'i').test(k)) && wildcard(value, 'i').test(v),
        ),
      );
    default:
      return condition satisfies never;
  }
}

/** A transform replaces the first match of its expression. Without a match the subject stays. */
export function transformed(transform: RuleTransform, subject: string): string {
  return subject.replace(new RegExp(transform.regex), transform.replace);
}

type Patterns = { readonly values: readonly string[] } | { readonly regexValues: readonly string[] };

function matchesPatterns(patterns: Patterns, subject: string, flags: string): boolean {
  return 'values' in patterns
    ? patterns.values.some((value) => wildcard(value, flags).test(subject))
    : patterns.regexValues.some((regex) => new RegExp(regex).test(subject));
}

/** `*` matches any number of characters, `?` exactly one. A backslash escapes them. */
function wildcard(pattern: string, flags: string): RegExp {
  const regex = pattern.replaceAll(/\\[\\*?]|[\s\S]/g, (part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    return part.slice(-1).replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
  });
  return new RegExp(`^${regex}$`, flags);
}
