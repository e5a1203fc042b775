import { expect, test } from 'vitest';
import { WorkQueue } from './queue.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { silentLogger } from './testing/silent-logger.ts';
import { runWorkers } from './workers.ts';

test('a handler that asks for it is called again later, without any change', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const calls: number[] = [];
  const stop = new AbortController();
  const handler = async () => {
    calls.push(clock.monotonic());
    return { requeueAfterMs: 100 };
  };
  const workers = runWorkers(queue, 2, handler, stop.signal, silentLogger);
  queue.add('a');
  await clock.advance(250);
  expect(calls).toEqual([0, 100, 200]);
  stop.abort();
  await workers;
});

test('a stop lets the key in work finish, and starts no other', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const log: string[] = [];
  const stop = new AbortController();
  const handler = async (key: string) => {
    log.push(`begin ${key}`);
    await clock.sleep(100);
    log.push(`end ${key}`);
    return undefined;
  };
  const workers = runWorkers(queue, 1, handler, stop.signal, silentLogger);
  queue.add('a');
  queue.add('b');
  await clock.advance(10);
  stop.abort();
  await clock.advance(100);
  await workers;
  expect(log).toEqual(['begin a', 'end a']);
});
