import type { Input } from '../service.ts';
import { validationError } from './errors.ts';
import { integer, text } from './input.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextMarker: string | undefined;
}

/**
 * A page of `items`, with unique keys from `keyOf`. The marker has the last key, so that a creation or deletion between two
 * pages neither repeats nor hides other items. PageSize is 1 to 400, by default 400.
 */
export function page<Item>(input: Input, items: Iterable<Item>, keyOf: (item: Item) => string): Page<Item> {
  const size = integer(input, 'PageSize', { min: 1, max: 400 }) ?? 400;
  const marker = text(input, 'Marker');
  const after = marker === undefined || marker === '' ? '' : decodeMarker(marker);
  const rest = [...items]
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => key > after)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const taken = rest.slice(0, size);
  const last = taken.at(-1);
  const nextMarker = rest.length > size && last ? encodeMarker(last.key) : undefined;
  return { items: taken.map(({ item }) => item), nextMarker };
}

const encodeMarker = (key: string) => Buffer.from(`after ${key}`).toString('base64url');

function decodeMarker(marker: string): string {
  const decoded = Buffer.from(marker, 'base64url').toString('utf8');
  if (!decoded.startsWith('after ')) throw validationError(`Marker '${marker}' is not valid`);
  return decoded.slice('after '.length);
}
