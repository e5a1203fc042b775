import { expect, test } from 'vitest';
import { Elector } from './elector.ts';
import { leases } from './leases.ts';
import { objectKey } from './object.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { MemoryClient, refusal } from './testing/memory-client.ts';
import { silentLogger } from './testing/silent-logger.ts';

const { signal: never } = new AbortController();
const key = objectKey({ namespace: 'system', name: 'leader' });

const newElector = (client: MemoryClient, clock: FakeClock, identity: string) =>
  new Elector({
    client,
    namespace: 'system',
    name: 'leader',
    identity,
    clock,
    random: () => 0,
    logger: silentLogger,
  });

/** The time at the end of a line of a log. */
const time = (line: string | undefined) => Number(line?.split(' ').at(-1));

const failing = async () => {
  throw new Error('bug');
};

/** Work that ends `drainMs` after its signal aborts. */
function working(clock: FakeClock, drainMs = 0) {
  const log: string[] = [];
  const onStarted = async (signal: AbortSignal) => {
    log.push(`started ${clock.monotonic()}`);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    log.push(`aborted ${clock.monotonic()}`);
    if (drainMs > 0) await clock.sleep(drainMs);
    log.push(`ended ${clock.monotonic()}`);
  };
  return { log, onStarted };
}

/** A candidate without rivals whose work never ends by itself. */
function running() {
  const clock = new FakeClock();
  const client = new MemoryClient();
  const elector = newElector(client, clock, 'first');
  const work = working(clock);
  return { clock, client, elector, work, run: elector.run(work, never) };
}

test('one of two candidates leads, and the other takes over at once when the first stops', async () => {
  const clock = new FakeClock();
  const client = new MemoryClient();
  const [first, second] = [newElector(client, clock, 'first'), newElector(client, clock, 'second')];
  const [firstWork, secondWork] = [working(clock), working(clock)];
  const [stopFirst, stopSecond] = [new AbortController(), new AbortController()];
  const firstRun = first.run(firstWork, stopFirst.signal);
  await clock.advance(1);
  const secondRun = second.run(secondWork, stopSecond.signal);
  await clock.advance(60_000);
  expect([first.isLeader(), second.isLeader()]).toEqual([true, false]);
  expect(second.leader).toBe('first');
  stopFirst.abort();
  await clock.advance(2_000);
  expect(await firstRun).toBe('stopped');
  expect([first.isLeader(), second.isLeader()]).toEqual([false, true]);
  stopSecond.abort();
  await clock.advance(1);
  expect(await secondRun).toBe('stopped');
  const { spec } = await client.get(leases, key, never);
  expect(spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 1 });
});

test('a leader that cannot renew stops its work before another process may take the lease', async () => {
  const clock = new FakeClock();
  const client = new MemoryClient();
  const first = newElector(client, clock, 'first');
  const second = newElector(client, clock, 'second');
  const firstWork = working(clock, 4_000);
  const secondWork = working(clock);
  const stop = new AbortController();
  const firstRun = first.run(firstWork, stop.signal);
  await clock.advance(1);
  const secondRun = second.run(secondWork, stop.signal);
  await clock.advance(5_000);
  let cutOff = true;
  client.intercept = (action) => {
    // From here on the first candidate's writes fail: only its writes are PUTs before it loses the lease.
    if (cutOff && action.startsWith('PUT') && first.isLeader()) throw refusal(500, 'InternalError');
  };
  await clock.advance(30_000);
  cutOff = false;
  expect(await firstRun).toBe('lost');
  expect(time(firstWork.log[1])).toBeLessThanOrEqual(4_000 + 10_000);
  expect(time(firstWork.log[2])).toBeLessThan(time(secondWork.log[0]));
  expect(second.isLeader()).toBe(true);
  stop.abort();
  await clock.advance(1);
  await secondRun;
});

test('a process that was frozen knows at once that it is no longer the leader, and stops even if nobody took over', async () => {
  const { clock, elector, work, run } = running();
  await clock.advance(5_000);
  expect(elector.isLeader()).toBe(true);
  clock.freeze(20_000);
  expect(elector.isLeader()).toBe(false);
  await clock.advance(1);
  expect(await run).toBe('lost');
  expect(work.log.at(-1)).toMatch(/ended/);
});

test('the lease is renewed until the work has ended, and only then released', async () => {
  const clock = new FakeClock();
  const client = new MemoryClient();
  const elector = newElector(client, clock, 'first');
  const work = working(clock, 25_000);
  const stop = new AbortController();
  const run = elector.run(work, stop.signal);
  await clock.advance(1_000);
  stop.abort();
  await clock.advance(24_000);
  expect(elector.isLeader()).toBe(true);
  expect((await client.get(leases, key, never)).spec?.holderIdentity).toBe('first');
  await clock.advance(2_000);
  expect(await run).toBe('stopped');
  expect((await client.get(leases, key, never)).spec?.holderIdentity).toBe('');
});

test("a lease expires when we have seen no renewal for its duration, whatever the holder's clock says", async () => {
  const clock = new FakeClock();
  const client = new MemoryClient();
  const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '2099-01-01T00:00:00.000000Z' };
  const metadata = { namespace: 'system', name: 'leader' };
  await client.create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }, never);
  const elector = newElector(client, clock, 'second');
  const stop = new AbortController();
  const work = working(clock);
  const leaders: string[] = [];
  const run = elector.run({ ...work, onNewLeader: (identity) => leaders.push(identity) }, stop.signal);
  await clock.advance(14_900);
  expect(elector.isLeader()).toBe(false);
  await clock.advance(2_500);
  expect(elector.isLeader()).toBe(true);
  expect(leaders).toEqual(['gone', 'second']);
  stop.abort();
  await clock.advance(1);
  await run;
});

test('a leader stops at its next renewal if another process took the lease by force', async () => {
  const { clock, client, elector, run } = running();
  await clock.advance(1_000);
  const lease = await client.get(leases, key, never);
  await client.update(leases, { ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } }, never);
  await clock.advance(2_000);
  expect(elector.isLeader()).toBe(false);
  expect(await run).toBe('lost');
  expect((await client.get(leases, key, never)).spec?.holderIdentity).toBe('thief');
});

test('a request that hangs does not keep the leader from stopping in time', async () => {
  const { clock, client, work, run } = running();
  await clock.advance(1_000);
  client.intercept = (_action, signal) => clock.sleep(3_600_000, signal);
  await clock.advance(12_000);
  expect(work.log.at(1)).toBe('aborted 10000');
  expect(await run).toBe('lost');
});

test('the duration of a lease starts when the renewal was sent, however late the answer comes', async () => {
  const clock = new FakeClock();
  const client = new MemoryClient();
  const elector = newElector(client, clock, 'first');
  client.intercept = async (action) => {
    if (action.startsWith('POST')) await clock.sleep(6_000);
    else if (action.startsWith('PUT')) throw refusal(500, 'InternalError');
  };
  const run = elector.run(working(clock, 60_000), never);
  await clock.advance(14_999);
  expect(elector.isLeader()).toBe(true);
  await clock.advance(1);
  expect(elector.isLeader()).toBe(false);
  await clock.advance(60_000);
  expect(await run).toBe('lost');
});

test('work that fails ends the run with its error, and the lease is released', async () => {
  const clock = new FakeClock();
  const client = new MemoryClient();
  const elector = newElector(client, clock, 'first');
  await expect(elector.run({ onStarted: failing }, never)).rejects.toThrow('bug');
  expect((await client.get(leases, key, never)).spec?.holderIdentity).toBe('');
});
