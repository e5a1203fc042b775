import { setTimeout as sleep } from 'node:timers/promises';
import { waitMs } from './status.ts';

/** Checks until it no longer throws, and gives what it gave; throws what it threw last. */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = waitMs): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(50);
  }
}
