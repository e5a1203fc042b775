import { expect, test } from 'vitest';
import { WorkQueue } from './queue.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { silentLogger } from './testing/silent-logger.ts';
import { runWorkers } from './workers.ts';

test('a handler is called again after the time that it returned, without any change', async () => {
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

test('after a stop, a worker finishes its key and starts no other', async () => {
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

test('unfinished work is logged in one line with its key, and is retried later', async () => {
  const lines: (readonly [object, string])[] = [];
  const log = (fields: object, message: string) => void lines.push([fields, message]);
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, backoffBaseMs: 1000 });
  const stop = new AbortController();
  let times = 0;
  const handler = async () => {
    times += 1;
    return times === 1 ? { unfinished: 'AWS refuses it' } : undefined;
  };
  const running = runWorkers(queue, 1, handler, stop.signal, { ...silentLogger, warn: log });
  queue.add('shop/web');
  await clock.advance(999);
  expect([times, lines]).toEqual([1, [[{ key: 'shop/web', failures: 1 }, 'AWS refuses it']]]);
  await clock.advance(1);
  expect([times, queue.failures('shop/web')]).toEqual([2, 0]);
  stop.abort();
  await running;
});

test('a handler that ran out of time continues after the keys that have changed meanwhile', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const log: string[] = [];
  const stop = new AbortController();
  const handler = async (key: string) => {
    log.push(key);
    await clock.sleep(100);
    return log.filter((each) => each === key).length < 2 && key === 'big' ? { goesOn: true } : undefined;
  };
  const workers = runWorkers(queue, 1, handler, stop.signal, silentLogger);
  queue.add('big');
  await clock.advance(50);
  queue.add('small');
  await clock.advance(500);
  expect(log).toEqual(['big', 'small', 'big']);
  stop.abort();
  await workers;
});
