// Filters of the Describe actions. Several filters are joined by AND, several values of one by OR; values are case-sensitive
// and may hold the wildcards * and ?. docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html

import { AwsError, type Input } from '../service.ts';
import { invalidValue } from './errors.ts';
import { records, text, texts } from './parameters.ts';

/** By a filter's name, what a record has to show it. */
export type FilterTable<T> = Readonly<Record<string, (record: T) => FilterValue>>;

type FilterValue = string | number | boolean | undefined | readonly (string | undefined)[];

type Predicate<T> = (record: T) => boolean;

const maxFilterValues = 200;

/** @throws InvalidParameterValue for a name that the action does not know. */
export function filtered<T>(
  input: Input,
  table: FilterTable<T>,
  tagsOf: ((record: T) => ReadonlyMap<string, string>) | undefined,
  all: Iterable<T>,
): T[] {
  const predicates = records(input, 'Filter').map((filter) => predicate(filter, table, tagsOf));
  return [...all].filter((record) => predicates.every((holds) => holds(record)));
}

function predicate<T>(
  filter: Input,
  table: FilterTable<T>,
  tagsOf: ((record: T) => ReadonlyMap<string, string>) | undefined,
): Predicate<T> {
  const name = text(filter, 'Name') ?? 'null';
  const values = texts(filter, 'Value');
  if (values.length > maxFilterValues) {
    throw new AwsError(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${maxFilterValues}`,
    );
  }
  const patterns = values.map(pattern);
  const isMatch = (value: string | undefined): boolean =>
    value !== undefined && patterns.some((accepts) => accepts(value));

  if (tagsOf !== undefined && name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (record) => isMatch(tagsOf(record).get(key));
  }
  if (tagsOf !== undefined && name === 'tag-key') return (record) => [...tagsOf(record).keys()].some(isMatch);
  if (tagsOf !== undefined && name === 'tag-value') return (record) => [...tagsOf(record).values()].some(isMatch);

  const read = Object.hasOwn(table, name) ? table[name] : undefined;
  if (read === undefined) throw invalidValue(`The filter '${name}' is invalid`);
  return (record) => {
    const value = read(record);
    if (value === undefined) return false;
    return typeof value === 'object' ? value.some(isMatch) : isMatch(String(value));
  };
}

type Token = { readonly kind: 'run' } | { readonly kind: 'any' } | { readonly kind: 'literal'; readonly value: string };

/** `*` is any run of characters, `?` any one; a backslash takes the next character literally. */
export function pattern(value: string): (candidate: string) => boolean {
  if (!/[*?\\]/.test(value)) return (candidate) => candidate === value;
  const tokens = tokensOf(value);
  return (candidate) => matches(tokens, candidate);
}

function tokensOf(value: string): readonly Token[] {
  return (value.match(/\\?[^]/g) ?? []).map((part): Token => {
    if (part === '*') return { kind: 'run' };
    if (part === '?') return { kind: 'any' };
    return { kind: 'literal', value: part.at(-1) ?? '' };
  });
}

/** Only the last run is ever taken longer: so no pattern takes more steps than its length times the candidate's. */
function matches(tokens: readonly Token[], candidate: string): boolean {
  let [at, token] = [0, 0];
  let [runAt, runToken] = [0, -1];
  while (at < candidate.length) {
    const next = tokens[token];
    if (next?.kind === 'run') {
      runToken = token;
      runAt = at;
      token += 1;
    } else if (next?.kind === 'any' || next?.value === candidate[at]) {
      at += 1;
      token += 1;
    } else if (runToken >= 0) {
      runAt += 1;
      at = runAt;
      token = runToken + 1;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every(({ kind }) => kind === 'run');
}
