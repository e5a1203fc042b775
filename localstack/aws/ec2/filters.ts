// Filters of the Describe actions. Filters are joined by AND, the values of a filter by OR. Values are case-sensitive and
// may have the wildcards * and ?; a backslash escapes the next character.
// docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html

import { pattern } from '../pattern.ts';
import { AwsError, type Input } from '../service.ts';
import { invalidValue } from './errors.ts';
import { records, text, texts } from './parameters.ts';

/** The values of a record, by the filter's name. */
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
  const patterns = values.map((value) => pattern(value, 'any'));
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
