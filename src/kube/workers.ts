import type { Logger } from '../telemetry/logger.ts';
import type { WorkQueue } from './queue.ts';

/** The result of a handler that did not throw. */
export interface WorkResult {
  /** Handle the key again after this time, even if nothing changes. */
  readonly requeueAfterMs?: number;
  /** Why the work could not be finished, for the log. The key is retried, with a delay that grows with each failure in a row. */
  readonly unfinished?: string;
  /** Whether the handler ran out of time. It is called again, after the keys that change meanwhile. */
  readonly goesOn?: boolean;
}

/** Registers a callback for when others wait for this worker. Long work may then pause, and continue later. */
export type WhenWanted = (wanted: () => void) => void;

/** Does the work of one key. If it throws, the key is retried, with a delay that grows with each failure in a row. */
export type WorkHandler<K extends string> = (
  key: K,
  signal: AbortSignal,
  whenWanted: WhenWanted,
) => Promise<WorkResult | undefined>;

/**
 * Runs `count` workers on the queue until the signal aborts. Then it shuts the queue down, and resolves when the workers
 * have finished their keys.
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
