import type { Logger } from '../telemetry/logger.ts';
import type { WorkQueue } from './queue.ts';

/** What a handler asks for besides having succeeded. */
export interface WorkResult {
  /** Do the key again after this long, even if nothing changes. */
  readonly requeueAfterMs?: number;
  /** Why the work could not be finished, for the log. Do the key again, after a delay that grows with each time in a row. */
  readonly unfinished?: string;
  /** Whether it goes on with what it had no time for: what happens meanwhile goes first. */
  readonly goesOn?: boolean;
}

/** Has `wanted` called when others wait for what a worker is at: work that takes long may then end early, and go on later. */
export type WhenWanted = (wanted: () => void) => void;

/** Does one key's work. Throwing means: again, after a delay that grows with each failure in a row. */
export type WorkHandler<K extends string> = (
  key: K,
  signal: AbortSignal,
  whenWanted: WhenWanted,
) => Promise<WorkResult | undefined>;

/**
 * Runs `count` workers on the queue until the signal aborts; then shuts the queue down and resolves when the keys in
 * work are finished.
 */
export async function runWorkers<K extends string>(
  queue: WorkQueue<K>,
  count: number,
  handler: WorkHandler<K>,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  const stop = () => queue.shutDown();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.all(Array.from({ length: count }, () => work(queue, handler, signal, logger)));
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function work<K extends string>(
  queue: WorkQueue<K>,
  handler: WorkHandler<K>,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    try {
      const result = await handler(key, signal, (wanted) => queue.watch(key, wanted));
      if (result?.goesOn === true) queue.add(key, 'low');
      else if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
      if (result?.unfinished === undefined) queue.forget(key);
      else {
        queue.addRateLimited(key);
        if (!signal.aborted) logger.warn({ key, failures: queue.failures(key) }, result.unfinished);
      }
    } catch (error) {
      queue.addRateLimited(key);
      if (!signal.aborted) logger.error({ err: error, key, failures: queue.failures(key) }, 'a pass failed');
    } finally {
      queue.done(key);
    }
  }
}
