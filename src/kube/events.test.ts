import { expect, test } from 'vitest';
import { type EventNote, EventRecorder, events } from './events.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { MemoryClient, refusal } from './testing/memory-client.ts';
import { silentLogger } from './testing/silent-logger.ts';
import { widget } from './testing/widgets.ts';

const note: EventNote = { type: 'Warning', reason: 'Failed', action: 'Deploy', note: 'it failed' };

function start(limits = {}) {
  const clock = new FakeClock();
  const client = new MemoryClient();
  let next = 0;
  const random = () => {
    next += 1;
    return next / 1000;
  };
  const recorder = new EventRecorder({
    client,
    clock,
    random,
    logger: silentLogger,
    reportingController: 'example.io/test',
    reportingInstance: 'pod-1',
    limits,
  });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  return {
    clock,
    client,
    recorder,
    written: async () => (await client.list(events)).items,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

test('an event has its object, its controller and its reason', async () => {
  await using run = start();
  run.recorder.record(widget('a', '1'), note);
  await run.clock.advance(1);
  expect(await run.written()).toMatchObject([
    {
      metadata: { namespace: 'demo', name: expect.stringMatching(/^a\.[0-9a-f]{12}$/) },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.io/test',
      reportingInstance: 'pod-1',
      regarding: { apiVersion: 'example.io/v1', kind: 'Widget', namespace: 'demo', name: 'a', uid: 'uid-a' },
      ...note,
    },
  ]);
});

test('a repeated event becomes a series whose count grows in few writes', async () => {
  await using run = start();
  for (let second = 0; second < 60; second += 1) {
    run.recorder.record(widget('a', '1'), note);
    await run.clock.advance(1000);
  }
  await run.clock.advance(10_000);
  expect(await run.written()).toMatchObject([
    { series: { count: 60, lastObservedTime: '2026-01-01T00:00:59.000000Z' } },
  ]);
  expect(run.client.actions.length).toBeLessThan(10);
});

test('an equal event starts a new series after a long time, or for another object', async () => {
  await using run = start();
  run.recorder.record(widget('a', '1'), note);
  run.recorder.record(widget('b', '1'), note);
  await run.clock.advance(11 * 60_000);
  run.recorder.record(widget('a', '1'), note);
  await run.clock.advance(1);
  expect(await run.written()).toHaveLength(3);
});

test('an object with many events does not reduce the share of another object', async () => {
  await using run = start({ burst: 3, refillMs: 1000 });
  for (let count = 0; count < 10; count += 1) run.recorder.record(widget('loud', '1'), { ...note, note: `${count}` });
  run.recorder.record(widget('quiet', '1'), note);
  await run.clock.advance(1);
  expect((await run.written()).map(({ regarding }) => regarding.name)).toEqual(['loud', 'loud', 'loud', 'quiet']);
  await run.clock.advance(1000);
  run.recorder.record(widget('loud', '1'), { ...note, note: 'later' });
  await run.clock.advance(1);
  expect(await run.written()).toHaveLength(5);
});

test('a note that is too long is cut between characters', async () => {
  await using run = start();
  run.recorder.record(widget('a', '1'), { ...note, note: 'é'.repeat(2000) });
  await run.clock.advance(1);
  const [event] = await run.written();
  expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1024);
  expect(event?.note).toMatch(/^é{500,}…$/);
});

test('an event is retried a few times, then dropped, and later events are written', async () => {
  await using run = start();
  run.client.intercept = () => {
    throw refusal(500, 'InternalError');
  };
  run.recorder.record(widget('a', '1'), note);
  await run.clock.advance(60_000);
  expect(run.client.actions).toHaveLength(3);
  run.client.intercept = () => undefined;
  run.recorder.record(widget('a', '1'), note);
  await run.clock.advance(1);
  expect(await run.written()).toHaveLength(1);
});

test('an event that the server forbids is not retried', async () => {
  await using run = start();
  run.client.intercept = () => {
    throw refusal(403, 'Forbidden');
  };
  run.recorder.record(widget('a', '1'), note);
  await run.clock.advance(60_000);
  expect(run.client.actions).toHaveLength(1);
});

test('many events of one namespace do not delay those of another', async () => {
  await using run = start({ burst: 100 });
  for (let index = 0; index < 50; index += 1) run.recorder.record(widget('busy', '1'), { ...note, note: `${index}` });
  run.recorder.record(widget('quiet', '1', 'red', 'other'), note);
  await run.clock.advance(1);
  // The random part of the events' names grows.
  const inOrder = (await run.written())
    .map(({ metadata }) => metadata.name.split('.'))
    .toSorted(([, a = ''], [, b = '']) => (a < b ? -1 : 1));
  expect(inOrder).toHaveLength(51);
  expect(inOrder.findIndex(([name]) => name === 'quiet')).toBeLessThan(3);
});
