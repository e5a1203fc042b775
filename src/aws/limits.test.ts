import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import policy from '../../iam/policy.json' with { type: 'json' };
import { Throttle } from '../../localstack/aws/throttle.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { type Errand, onErrand, RecalledError } from './errand.ts';
import { Limits } from './limits.ts';

/** One of the three tokens is never used. */
const rates = { account: [], actions: [{ service: 'acm', actions: /./, burst: 3, perSecond: 1 }] };

function setup() {
  const clock = new FakeClock();
  const limits = new Limits(clock, 1, rates);
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

const elb = { service: 'elasticloadbalancing', perSecond: 1 };
const nested = {
  account: [{ ...elb, burst: 4 }],
  actions: [
    { ...elb, actions: /^RegisterTargets$/, burst: 3 },
    { ...elb, actions: /^Create/, burst: 3 },
  ],
};

async function started(factor: number, wanted: readonly string[]): Promise<readonly string[]> {
  const clock = new FakeClock();
  const limits = new Limits(clock, factor, nested);
  const turns: string[] = [];
  const end = new AbortController();
  const all = wanted.map((action) =>
    limits.take('elasticloadbalancing', action, end.signal).then(() => turns.push(action)),
  );
  await clock.advance(0);
  end.abort(new Error('enough'));
  await Promise.allSettled(all);
  return turns;
}

test('a kind of calls that has used up its share leaves the others what the account has beside', async () => {
  const calls = ['CreateRule', 'CreateRule', 'CreateRule', 'RegisterTargets', 'RegisterTargets'];
  expect((await started(1, calls)).toSorted()).toEqual(['CreateRule', 'CreateRule', 'RegisterTargets']);
});

test('a factor leaves others in the account more room, or uses what AWS has raised', async () => {
  const calls = Array.from({ length: 10 }, () => 'CreateRule');
  expect(await started(0.5, calls)).toHaveLength(1);
  expect(await started(2, calls)).toHaveLength(5);
});

test('where AWS throttles one kind of calls, the others of the account go on', async () => {
  const clock = new FakeClock();
  const limits = new Limits(clock, 1, nested);
  limits.throttled('elasticloadbalancing', 'CreateRule');
  await expect(limits.take('elasticloadbalancing', 'RegisterTargets')).resolves.toBeUndefined();
});

test('services and actions without a limit never wait', async () => {
  const { limits } = setup();
  await expect(limits.take('sts', 'GetCallerIdentity')).resolves.toBeUndefined();
});

/** Each action that Gatehouse may ever call. */
const permitted = policy.Statement.flatMap(({ Action }) => Action).map((action) => action.replace('*', 'Rules'));

test('whatever Gatehouse has to call, as often as it likes, AWS never finds that it calls too fast', async () => {
  const clock = new FakeClock();
  const limits = new Limits(clock, 1);
  const throttle = new Throttle(clock);
  const refused: string[] = [];
  const calls = permitted.flatMap((permission) =>
    Array.from({ length: 60 }, async () => {
      const [prefix = '', action = ''] = permission.split(':');
      const service = prefix === 'tag' ? 'tagging' : prefix;
      await limits.take(service, action);
      if (!throttle.admits({ name: service }, action, {}, 'eu-central-1')) refused.push(permission);
    }),
  );
  const all = Promise.all(calls);
  // The slowest are the load balancers: five seconds each.
  for (let second = 0; second < 1000; second += 1) await clock.advance(1000);
  await all;
  expect(refused).toEqual([]);
});

/** Nineteen calls at once, three a second; four of the nineteen are kept for small changes. */
const shared = { account: [], actions: [{ service: 'elasticloadbalancing', actions: /./, burst: 20, perSecond: 3 }] };

function sharing() {
  const clock = new FakeClock();
  const limits = new Limits(clock, 1, shared);
  const turns: string[] = [];
  const call = (errand: Errand, name = errand.namespace) =>
    onErrand(errand, async () => {
      await limits.take('elasticloadbalancing', 'CreateRule');
      turns.push(name);
    });
  const calls = (namespace: string, count: number, object = namespace) =>
    Array.from({ length: count }, () => call({ namespace, object }, object));
  const countOf = (name: string) => turns.filter((turn) => turn === name).length;
  return { clock, call, calls, turns, countOf };
}

test("one tenant's single change does not wait behind another's sixty", async () => {
  const { clock, calls, turns, countOf } = sharing();
  const busy = calls('busy', 60);
  await clock.advance(2000);
  const before = turns.length;
  const quiet = calls('quiet', 4);
  await clock.advance(0);
  expect(turns.slice(before)).toEqual(['quiet', 'quiet', 'quiet', 'quiet']);
  await clock.advance(30_000);
  await Promise.all([...busy, ...quiet]);
  expect(countOf('busy')).toBe(60);
});

test('what the quiet tenants leave is all for the busy one: no call is lost to the reserve in the long run', async () => {
  const { clock, calls, countOf } = sharing();
  void Promise.allSettled(calls('busy', 1000));
  await clock.advance(100_000);
  expect(countOf('busy')).toBeGreaterThanOrEqual(300);
});

test('tenants who all have much to do get as much as each other, however many calls each has in the queue', async () => {
  const sizes = fc.array(fc.integer({ min: 200, max: 300 }), { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 3, max: 40 }), async (queues, seconds) => {
      const { clock, calls, countOf } = sharing();
      const all = queues.flatMap((count, index) => calls(`ns-${index}`, count));
      void Promise.allSettled(all);
      // What the bucket held goes to those who came first.
      await clock.advance(0);
      const first = queues.map((_, index) => countOf(`ns-${index}`));
      await clock.advance(seconds * 1000);
      const counts = first.map((before, index) => countOf(`ns-${index}`) - before);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(5);
    }),
    { numRuns: 20 },
  );
});

test('many tenants with small changes do not keep a busy one from its turn', async () => {
  const { clock, calls, countOf } = sharing();
  void Promise.allSettled(calls('busy', 1000));
  for (let second = 0; second < 60; second += 1) {
    for (let tenant = 0; tenant < 12; tenant += 1) void Promise.allSettled(calls(`small-${tenant}`, 1));
    await clock.advance(1000);
  }
  expect(countOf('busy')).toBeGreaterThanOrEqual(13);
});

test('Gateways of one namespace take turns as well', async () => {
  const { clock, calls, turns } = sharing();
  const all = [...calls('one', 40, 'one/a'), ...calls('one', 5, 'one/b')];
  await clock.advance(4000);
  expect(turns.filter((turn) => turn === 'one/b')).toHaveLength(5);
  await clock.advance(20_000);
  await Promise.all(all);
});

test('an errand that is cancelled before its first call makes none, and an errand that has begun is finished', async () => {
  const { clock, call, calls, countOf } = sharing();
  void Promise.allSettled(calls('busy', 100));
  await clock.advance(1000);
  const recall = new AbortController();
  const waiting = call({ namespace: 'busy', object: 'busy', recall: recall.signal }, 'late');
  const limits = new Limits(clock, 1, shared);
  const begun = onErrand({ namespace: 'x', object: 'x', recall: recall.signal }, async () => {
    await limits.take('elasticloadbalancing', 'ModifyRule');
    await clock.sleep(10);
    await limits.take('elasticloadbalancing', 'AddTags');
  });
  await clock.advance(0);
  recall.abort();
  await expect(waiting).rejects.toThrow(RecalledError);
  await clock.advance(1000);
  await expect(begun).resolves.toBeUndefined();
  expect(countOf('late')).toBe(0);
});
