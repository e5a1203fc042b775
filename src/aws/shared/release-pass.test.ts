import { expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { silentLogger } from '../../kube/testing/silent-logger.ts';
import type { Problem } from '../problem.ts';
import { ReleasePass } from './release-pass.ts';
import type { Release } from './shared.ts';

const denied: Problem = { kind: 'access-denied', resource: 'certificate/shop/tls', action: 'acm:Delete', detail: 'no' };
const nothing: Release = { problems: [], held: [] };

/** @param answers AWS's answers, one per pass. After the last answer nothing is left to delete */
function start(...answers: Release[]) {
  const clock = new FakeClock();
  const stop = new AbortController();
  let looks = 0;
  let changes = 0;
  const release = async () => {
    looks += 1;
    return answers.shift() ?? nothing;
  };
  const onProblemsChanged = () => {
    changes += 1;
  };
  const pass = new ReleasePass({ shared: { release }, clock, logger: silentLogger, onProblemsChanged });
  const running = pass.run(stop.signal);
  const end = () => {
    stop.abort();
    return running;
  };
  return { clock, pass, end, looks: () => looks, changes: () => changes };
}

test('many Gateways that change together cost one look at what they share', async () => {
  const { clock, pass, end, looks } = start();
  for (let gateway = 0; gateway < 100; gateway += 1) pass.due();
  await clock.advance(60_000);
  expect(looks()).toBe(1);
  await end();
});

test('what is still in use is tried again when that is due', async () => {
  const { clock, pass, end, looks } = start({ ...nothing, retryAt: Date.parse('2026-01-01T00:00:05Z') });
  pass.due();
  await clock.advance(4000);
  expect(looks()).toBe(1);
  await clock.advance(2000);
  expect(looks()).toBe(2);
  await end();
});

test('what AWS refuses is tried again, and the Gateways say so until it is not refused any more', async () => {
  const { clock, pass, end, changes } = start({ ...nothing, problems: [denied] }, { ...nothing, problems: [denied] });
  pass.due();
  await clock.advance(500);
  expect([pass.problems, changes()]).toEqual([[denied], 1]);
  await clock.advance(1000);
  expect([pass.problems, changes()]).toEqual([[denied], 1]);
  await clock.advance(5000);
  expect([pass.problems, changes()]).toEqual([[], 2]);
  await end();
});
