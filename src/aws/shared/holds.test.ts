import { expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { Holds } from './holds.ts';

test('what something uses for good is tried ever more seldom, at last once a minute', async () => {
  const clock = new FakeClock();
  const holds = new Holds(clock);
  const pauses: number[] = [];
  for (let tries = 0; tries < 12; tries++) {
    expect(holds.isDue('certificate')).toBe(true);
    holds.hold('certificate');
    const pause = (holds.nextDue(['certificate', 'group']) ?? 0) - clock.now();
    pauses.push(pause);
    await clock.advance(pause - 1);
    expect(holds.isDue('certificate')).toBe(false);
    await clock.advance(1);
  }
  expect(pauses.slice(0, 3)).toEqual([3000, 4500, 6750]);
  expect(pauses.at(-1)).toBe(60_000);
  holds.free('certificate');
  expect(holds.nextDue(['certificate'])).toBeUndefined();
});
