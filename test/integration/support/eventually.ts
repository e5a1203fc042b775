import { setTimeout as sleep } from 'node:timers/promises';
import { waitMs } from './status.ts';

/** Repeats the check until it does not throw, and returns its result. After the timeout it throws the last error. */
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
