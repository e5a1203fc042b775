import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WorkQueue } from './queue.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { silentLogger } from './testing/silent-logger.ts';
import { runWorkers } from './workers.ts';

const newQueue = () => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, backoffBaseMs: 10, backoffMaxMs: 50 }) };
};

test('a key that is added many times is taken once', async () => {
  const { queue } = newQueue();
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(queue.depth).toBe(2);
  expect([await queue.get(), await queue.get()]).toEqual(['a', 'b']);
  expect(queue.depth).toBe(0);
});

test('a key that is added while a worker has it is taken again after that', async () => {
  const { queue } = newQueue();
  queue.add('a');
  await queue.get();
  queue.add('a');
  expect(queue.depth).toBe(0);
  queue.done('a');
  expect(await queue.get()).toBe('a');
});

test('a change is handled before the objects of a first list, even if its key waits already', async () => {
  const { queue } = newQueue();
  for (const key of ['a', 'b', 'c']) queue.add(key, 'low');
  queue.add('x', 'high');
  queue.add('c', 'high');
  expect([await queue.get(), await queue.get(), await queue.get(), await queue.get()]).toEqual(['x', 'c', 'a', 'b']);
});

test('a key of a first list has its turn, however many changes come meanwhile', async () => {
  const { queue } = newQueue();
  queue.add('first', 'low');
  const taken: (string | undefined)[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    queue.add(`change-${turn}`);
    taken.push(await queue.get());
  }
  expect(taken).toContain('first');
});

test('many keys of one namespace do not delay those of another', async () => {
  const queue = new WorkQueue({ clock: new FakeClock(), groupOf: (name: string) => name.split('/')[0] ?? '' });
  for (let route = 0; route < 50; route += 1) queue.add(`busy/${route}`);
  queue.add('quiet/0');
  expect([await queue.get(), await queue.get()]).toEqual(['busy/0', 'quiet/0']);
});

test('a watcher of a key is called when it changes again, or when another key finds no free worker', async () => {
  const { queue } = newQueue();
  const called: string[] = [];
  queue.add('a');
  queue.add('b');
  await queue.get();
  queue.watch('a', () => called.push('a'));
  expect(called).toEqual(['a']);
  await queue.get();
  queue.watch('b', () => called.push('b'));
  queue.add('b');
  queue.add('c', 'low');
  expect(called).toEqual(['a', 'b']);
  queue.done('b');
  queue.add('d');
  expect(called).toEqual(['a', 'b', 'a', 'a']);
});

test('if a key has several delays, the earliest wins', async () => {
  const { queue, clock } = newQueue();
  queue.addAfter('a', 100);
  queue.addAfter('a', 30);
  queue.addAfter('a', 500);
  await clock.advance(29);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(await queue.get()).toBe('a');
  queue.done('a');
  await clock.advance(1000);
  expect(queue.depth).toBe(0);
});

test('a delay that is longer than a timer can be is kept', async () => {
  const sleeps: number[] = [];
  class RecordingClock extends FakeClock {
    override sleep(ms: number, signal?: AbortSignal): Promise<void> {
      sleeps.push(ms);
      return super.sleep(ms, signal);
    }
  }
  const clock = new RecordingClock();
  const queue = new WorkQueue({ clock });
  const month = 30 * 86_400_000;
  queue.addAfter('a', month);
  await clock.advance(month - 1);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(queue.depth).toBe(1);
  expect(Math.max(...sleeps)).toBeLessThan(2 ** 31);
});

test('a failed key is retried with a growing delay up to a limit, until it succeeds', async () => {
  const { queue, clock } = newQueue();
  for (const delay of [10, 20, 40, 50, 50]) {
    queue.addRateLimited('a');
    await clock.advance(delay - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
  }
  queue.forget('a');
  queue.addRateLimited('a');
  await clock.advance(10);
  expect(queue.depth).toBe(1);
});

test('a queue that is shut down gives no more keys, and is drained when the last worker is done', async () => {
  const { queue } = newQueue();
  queue.add('a');
  queue.add('b');
  await queue.get();
  queue.shutDown();
  expect(await queue.get()).toBeUndefined();
  const first = await Promise.race([queue.drained, Promise.resolve('still working')]);
  expect(first).toBe('still working');
  queue.done('a');
  expect(await queue.drained).toBeUndefined();
});

test('the metrics have the number of waiting keys, and how long keys waited', async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const queue = new WorkQueue({
    clock,
    metrics: {
      depth: (depth) => seen.push(`depth ${depth}`),
      added: () => seen.push('added'),
      waited: (ms) => seen.push(`waited ${ms}`),
      retried: () => seen.push('retried'),
    },
  });
  queue.add('a');
  await clock.advance(70);
  await queue.get();
  queue.addRateLimited('a');
  expect(seen).toEqual(['added', 'depth 1', 'waited 70', 'depth 0', 'retried']);
});

type Command =
  | { readonly kind: 'add'; readonly key: string; readonly priority: 'low' | 'high' }
  | { readonly kind: 'later'; readonly key: string; readonly ms: number }
  | { readonly kind: 'take' }
  | { readonly kind: 'done'; readonly key: string }
  | { readonly kind: 'wait'; readonly ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('add'), key, priority: fc.constantFrom('low', 'high') }),
  fc.record({ kind: fc.constant('later'), key, ms: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('take') }),
  fc.record({ kind: fc.constant('done'), key }),
  fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 1, max: 20 }) }),
);

/** The simplest model of a queue: keys that need work, keys in work, and due times. */
class Model {
  readonly dirty = new Map<string, 'low' | 'high'>();
  readonly working = new Set<string>();
  readonly due = new Map<string, number>();
  now = 0;

  add(added: string, priority: 'low' | 'high'): void {
    if (this.dirty.get(added) !== 'high') this.dirty.set(added, priority);
  }

  wait(ms: number): void {
    this.now += ms;
    for (const [later, at] of this.due) {
      if (at > this.now) continue;
      this.due.delete(later);
      this.add(later, 'high');
    }
  }

  ready(): string[] {
    const free = [...this.dirty].filter(([dirty]) => !this.working.has(dirty));
    const high = free.filter(([, priority]) => priority === 'high');
    return (high.length > 0 ? high : free).map(([dirty]) => dirty);
  }
}

async function apply(step: Command, queue: WorkQueue, clock: FakeClock, model: Model): Promise<void> {
  switch (step.kind) {
    case 'add':
      queue.add(step.key, step.priority);
      model.add(step.key, step.priority);
      break;
    case 'later':
      queue.addAfter(step.key, step.ms);
      model.due.set(step.key, Math.min(model.due.get(step.key) ?? Number.POSITIVE_INFINITY, model.now + step.ms));
      break;
    case 'take': {
      const ready = model.ready();
      if (ready.length === 0) break;
      const taken = (await queue.get()) ?? '';
      if (!ready.includes(taken)) throw new Error(`Took ${taken}, expected one of ${ready.join(' ')}`);
      model.dirty.delete(taken);
      model.working.add(taken);
      break;
    }
    case 'done':
      if (!model.working.delete(step.key)) break;
      queue.done(step.key);
      break;
    case 'wait':
      await clock.advance(step.ms);
      model.wait(step.ms);
      break;
    default:
      step satisfies never;
  }
  expect(queue.depth).toBe([...model.dirty.keys()].filter((dirty) => !model.working.has(dirty)).length);
}

test('no sequence of actions loses a key, gives it twice, or gives it out of turn', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (steps) => {
      const { queue, clock } = newQueue();
      const model = new Model();
      for (const step of steps) await apply(step, queue, clock, model);
      // Nothing is lost: all remaining keys come out.
      await apply({ kind: 'wait', ms: 20 }, queue, clock, model);
      for (const working of model.working) await apply({ kind: 'done', key: working }, queue, clock, model);
      for (let left = model.dirty.size; left > 0; left -= 1) await apply({ kind: 'take' }, queue, clock, model);
      expect(queue.depth).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('two workers never have the same key, and every change is handled after it happened', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(key, fc.nat({ max: 5 }), fc.boolean()), { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (changes, count) => {
        const { queue, clock } = newQueue();
        const working = new Set<string>();
        const doubled: string[] = [];
        const version = new Map<string, number>();
        const seen = new Map<string, number>();
        const failOnce = new Set<string>();
        const stop = new AbortController();
        const workers = runWorkers(
          queue,
          count,
          async (taken) => {
            if (working.has(taken)) doubled.push(taken);
            working.add(taken);
            const current = version.get(taken) ?? 0;
            await clock.sleep(3);
            working.delete(taken);
            if (failOnce.delete(taken)) throw new Error('fails once');
            seen.set(taken, current);
            return undefined;
          },
          stop.signal,
          silentLogger,
        );
        for (const [changed, wait, fails] of changes) {
          version.set(changed, (version.get(changed) ?? 0) + 1);
          if (fails) failOnce.add(changed);
          queue.add(changed);
          await clock.advance(wait);
        }
        await clock.advance(1000);
        expect(seen).toEqual(version);
        expect(doubled).toEqual([]);
        stop.abort();
        await workers;
      },
    ),
    { numRuns: 50 },
  );
});
