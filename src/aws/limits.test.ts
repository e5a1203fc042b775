import { expect, test } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { Limits } from './limits.ts';

const rates = [{ service: 'acm', actions: /./, burst: 2, perSecond: 1 }];

function setup() {
  const clock = new FakeClock();
  const limits = new Limits(clock, rates);
  const turns: number[] = [];
  const take = (turn: number, signal?: AbortSignal) =>
    limits.take('acm', 'ImportCertificate', signal).then(() => turns.push(turn));
  return { clock, limits, turns, take };
}

test('calls beyond the burst wait for their turn, in the order in which they came', async () => {
  const { clock, turns, take } = setup();
  const all = [1, 2, 3, 4].map((turn) => take(turn));
  await clock.advance(0);
  expect(turns).toEqual([1, 2]);
  await clock.advance(1000);
  expect(turns).toEqual([1, 2, 3]);
  await clock.advance(1000);
  expect(turns).toEqual([1, 2, 3, 4]);
  await Promise.all(all);
});

test('who gives up waiting loses no one else a turn', async () => {
  const { clock, turns, take } = setup();
  const giveUp = new AbortController();
  await Promise.all([take(1), take(2)]);
  const given = take(3, giveUp.signal);
  const last = take(4);
  await clock.advance(0);
  giveUp.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  await clock.advance(1000);
  await last;
  expect(turns).toEqual([1, 2, 4]);
});

test('after AWS has throttled, calls rest, each time longer, until one succeeds', async () => {
  const { clock, limits, turns, take } = setup();
  limits.throttled('acm', 'ImportCertificate');
  // Those that were under way with it say nothing new.
  limits.throttled('acm', 'ImportCertificate');
  const first = take(1);
  await clock.advance(1499);
  expect(turns).toEqual([]);
  await clock.advance(1);
  expect(turns).toEqual([1]);
  limits.throttled('acm', 'ImportCertificate');
  const second = take(2);
  await clock.advance(1999);
  expect(turns).toEqual([1]);
  await clock.advance(1);
  expect(turns).toEqual([1, 2]);
  await Promise.all([first, second]);
});

test('services and actions without a limit never wait', async () => {
  const { limits } = setup();
  await expect(limits.take('sts', 'GetCallerIdentity')).resolves.toBeUndefined();
});
