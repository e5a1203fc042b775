// Common to all Describe actions: ids, filters, pages.

import { AwsError, type Input, type Output } from '../service.ts';
import { invalidCombination, invalidValue } from './errors.ts';
import { type FilterTable, filtered } from './filters.ts';
import { find, type IdKind } from './ids.ts';
import { integer, text, texts } from './parameters.ts';

export interface Describable<T> {
  readonly kind: IdKind;
  /** The wire name of the list of ids, `VpcId`. */
  readonly idParameter: string;
  readonly records: ReadonlyMap<string, T>;
  readonly filters: FilterTable<T>;
}

export interface Page<T> {
  readonly records: readonly T[];
  readonly nextToken: string | undefined;
}

interface Identified {
  readonly id: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** The requested records. @throws AWS's errors for ids, filters and page sizes. */
export function select<T extends Identified>(input: Input, what: Describable<T>): Page<T> {
  const ids = [...new Set(texts(input, what.idParameter))];
  if (ids.length > 0 && input['MaxResults'] !== undefined) {
    throw invalidCombination(`The parameter ${what.idParameter}s cannot be used with the parameter maxResults`);
  }
  const chosen = ids.length > 0 ? ids.map((id) => find(what.kind, what.records, id)) : what.records.values();
  return page(
    input,
    filtered(input, what.filters, (record) => record.tags, chosen),
    (record) => record.id,
  );
}

const minResults = 5;
const maxResults = 1000;

/**
 * Pages are sorted by key, so a creation or deletion between two pages never hides another record.
 * Without MaxResults everything is on one page, in order of creation.
 */
export function page<T>(input: Input, all: readonly T[], keyOf: (record: T) => string): Page<T> {
  const token = text(input, 'NextToken');
  const size = pageSize(input);
  const after = token === undefined || token === '' ? undefined : decodeToken(token);
  if (size === undefined && after === undefined) return { records: all, nextToken: undefined };

  const rest = all
    .filter((record) => after === undefined || keyOf(record) > after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const records = rest.slice(0, size ?? maxResults);
  const last = records.at(-1);
  return {
    records,
    nextToken: last !== undefined && rest.length > records.length ? encodeToken(keyOf(last)) : undefined,
  };
}

function pageSize(input: Input): number | undefined {
  const size = integer(input, 'MaxResults');
  if (size === undefined) return undefined;
  if (size < minResults) {
    throw invalidValue(
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value greater than or equal to ${minResults}.`,
    );
  }
  return Math.min(size, maxResults);
}

function encodeToken(key: string): string {
  return Buffer.from(`after:${key}`).toString('base64');
}

function decodeToken(token: string): string {
  const decoded = Buffer.from(token, 'base64').toString();
  if (!decoded.startsWith('after:')) throw new AwsError('InvalidNextToken', 'The token is not valid.');
  return decoded.slice('after:'.length);
}

/** The answer of a Describe action. */
export function answer<T>(set: string, found: Page<T>, view: (record: T) => Output): Output {
  return { [set]: found.records.map(view), nextToken: found.nextToken };
}
