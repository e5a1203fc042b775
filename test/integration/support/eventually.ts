import { vi } from 'vitest';
import { waitMs } from './status.ts';

/** Checks until it no longer throws, and gives what it gave. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: waitMs, interval: 50 });
