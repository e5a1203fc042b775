import { Turns } from '../kube/turns.ts';

/** Waits until all works have ended, also after an error, so that none continues unseen. @throws the first error */
export async function allEnded(works: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(works);
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** How many statuses are written at the same time. */
const concurrency = 16;

/**
 * Runs the work for each item, a few at a time, and yields to other passes: there may be thousands of items. An error does not stop
 * the work for other items. @throws the first error, when all have ended
 */
export async function eachEnded<T>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items[Symbol.iterator]();
  const turns = new Turns();
  const refused: unknown[] = [];
  const go = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) {
      await work(next.value).catch((error: unknown) => refused.push(error));
      await turns.yield();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, go));
  if (refused.length > 0) throw refused[0];
}
