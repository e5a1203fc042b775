import { createHash } from 'node:crypto';

/** JSON with sorted keys and without undefined fields. Equal values have equal text. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${stableJson(field)}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** SHA-256 of a JSON value, in hex. */
export function hash(value: unknown): string {
  return createHash('sha256').update(stableJson(value)).digest('hex');
}

/** The first `length` characters, at most 40, of a JSON value's hash in base 36. */
export function shortHash(value: unknown, length: number): string {
  return BigInt(`0x${hash(value)}`)
    .toString(36)
    .padStart(50, '0')
    .slice(-length);
}
