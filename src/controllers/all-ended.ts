import { Turns } from '../kube/turns.ts';

/** Resolves when all have ended, so that none goes on behind the caller's back. @throws what the first of them was refused with */
export async function allEnded(works: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(works);
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** How many statuses are written at a time. */
const concurrency = 16;

/**
 * Does the work for each of thousands: some at a time, and in turns with all else. One that is refused keeps none of the others
 * from theirs. @throws what one of them was refused with
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
