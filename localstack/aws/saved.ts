// Saves an account's complete state as text, and restores it in another embedded AWS.
import { createPrivateKey, KeyObject } from 'node:crypto';
import type { Seed } from './seed.ts';
import type { Sessions } from './sessions.ts';
import type { RegionState } from './state.ts';

export interface Saved {
  readonly regions: ReadonlyMap<string, RegionState>;
  readonly sessions: Sessions;
  /** The objects of S3, by `BUCKET/KEY`. */
  readonly objects: ReadonlyMap<string, string>;
  readonly seeded: Seed | undefined;
}

/** JSON. Values that JSON does not have are objects with one key. */
export function writeSaved(saved: Saved): string {
  return JSON.stringify(
    saved,
    function (this: Readonly<Record<string, unknown>>, key, given: unknown) {
      // JSON.stringify passes a Date as text.
      const value = this[key];
      if (value instanceof Map) return { $map: [...value] };
      if (value instanceof Set) return { $set: [...value] };
      if (value instanceof Date) return { $date: value.toISOString() };
      if (value instanceof KeyObject) return { $privateKey: value.export({ type: 'pkcs8', format: 'pem' }) };
      return given;
    },
    1,
  );
}

export function readSaved(text: string): Saved {
  return JSON.parse(text, (_, value) => {
    if (Array.isArray(value?.$map)) return new Map(value.$map);
    if (Array.isArray(value?.$set)) return new Set(value.$set);
    if (typeof value?.$date === 'string') return new Date(value.$date);
    if (typeof value?.$privateKey === 'string') return createPrivateKey(value.$privateKey);
    return value;
  });
}
