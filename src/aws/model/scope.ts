// The requests that a rule may match, by its hosts and paths. Rules that never match the same request can be created and deleted in any
// order.
import type { RuleCondition } from './resources.ts';

type Pattern =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'suffix'; readonly value: string };

export interface Scope {
  /** Undefined for any host, or if the hosts are not known. */
  readonly hosts?: readonly Pattern[];
  readonly paths?: readonly Pattern[];
}

export function scopeOf(conditions: readonly RuleCondition[]): Scope {
  const hosts = conditions.find(({ field }) => field === 'host-header');
  const paths = conditions.find(({ field }) => field === 'path-pattern');
  const hostPatterns = hosts?.field === 'host-header' ? patternsOf(hosts, hostPattern) : undefined;
  const pathPatterns = paths?.field === 'path-pattern' ? patternsOf(paths, pathPattern) : undefined;
  return { ...(hostPatterns && { hosts: hostPatterns }), ...(pathPatterns && { paths: pathPatterns }) };
}

/** Whether both may match the same request. */
export const overlap = (a: Scope, b: Scope): boolean => meet(a.hosts, b.hosts) && meet(a.paths, b.paths);

const meet = (a: readonly Pattern[] | undefined, b: readonly Pattern[] | undefined): boolean =>
  a === undefined || b === undefined || a.some((one) => b.some((other) => meets(one, other)));

function meets(a: Pattern, b: Pattern): boolean {
  if (a.kind === 'exact') return takes(b, a.value);
  if (b.kind === 'exact') return takes(a, b.value);
  // Some host always has both the prefix and the suffix.
  if (a.kind !== b.kind) return true;
  return takes(a, b.value) || takes(b, a.value);
}

function takes({ kind, value }: Pattern, text: string): boolean {
  switch (kind) {
    case 'exact':
      return text === value;
    case 'prefix':
      return text.startsWith(value);
    case 'suffix':
      return text.endsWith(value);
    default:
      return kind satisfies never;
  }
}

type Values = { readonly values: readonly string[] } | { readonly regexValues: readonly string[] };

/** Undefined if one of the values may match anything. */
function patternsOf(
  condition: Values,
  ofRegex: (regex: string) => readonly Pattern[] | undefined,
): readonly Pattern[] | undefined {
  const regular = 'regexValues' in condition;
  const values = regular ? condition.regexValues : condition.values;
  const patterns = values.map(regular ? ofRegex : ofValue);
  return patterns.some((each) => each === undefined) ? undefined : patterns.flatMap((each) => each ?? []);
}

/** AWS ignores the case of hosts. Ignoring it for paths, too, only makes the scope wider. */
const ofValue = (value: string): readonly Pattern[] | undefined => {
  const text = value.toLowerCase();
  if (!/[*?]/.test(text)) return [{ kind: 'exact', value: text }];
  const [before = '', after = '', ...rest] = text.split('*');
  if (rest.length > 0 || text.includes('?')) return undefined;
  if (after === '') return [{ kind: 'prefix', value: before }];
  return before === '' ? [{ kind: 'suffix', value: after }] : undefined;
};

/** The regular expressions that conditions.ts makes of hosts: `^(?i:NAME)(:[0-9]+)?$`. */
function hostPattern(regex: string): readonly Pattern[] | undefined {
  const name = /^\^\(\?i:(.+)\)\(:\[0-9\]\+\)\?\$$/.exec(regex)?.[1];
  if (name === undefined) return undefined;
  const wildcard = name.startsWith('.+');
  const value = literal(wildcard ? name.slice(2) : name);
  return value === undefined ? undefined : [{ kind: wildcard ? 'suffix' : 'exact', value }];
}

/** The same for paths: `^PATH$`, and for prefixes: `^PATH(/.*)?$`. */
function pathPattern(regex: string): readonly Pattern[] | undefined {
  const [, path = '', below] = /^\^(.+?)(\(\/\.\*\)\?)?\$$/.exec(regex) ?? [];
  const value = literal(path);
  if (value === undefined) return undefined;
  const exact = { kind: 'exact', value } as const;
  return below === undefined ? [exact] : [exact, { kind: 'prefix', value: `${value}/` }];
}

/** The text that an escaped regular expression matches. Undefined if it matches more than one text. */
function literal(regex: string): string | undefined {
  const rest = regex.replaceAll(/\\[\\^$.*+?()[\]{}|]/g, '');
  if (regex === '' || /[\\^$.*+?()[\]{}|]/.test(rest)) return undefined;
  return regex.replaceAll(/\\(.)/g, '$1').toLowerCase();
}
