// A provider that can't be opened at the first attempt.
import { expect, test } from 'vitest';
import { ConfigError } from '../config.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { gatewayClass, startCluster } from './testing/cluster.ts';
import { MemoryWorld, memoryProvider } from './testing/memory-provider.ts';
import { openOrUnavailable } from './unavailable.ts';

test('a provider that cannot work here is opened again after growing waits of at most a minute', async () => {
  const stop = new AbortController();
  const { context } = await startCluster(new MemoryClient(), { controllerName: 'example.com/memory' }, stop.signal);
  const provider = { ...memoryProvider({ world: new MemoryWorld(), context }), run: async () => undefined };
  const waits: number[] = [];
  const clock = { ...context.clock, sleep: async (ms: number) => void waits.push(ms) };
  const open = async () => {
    if (waits.length < 6) throw new ConfigError('--region is required');
    return provider;
  };
  let toldOpen = 0;
  const kind = { ...provider, open };
  const standIn = await openOrUnavailable(kind, { ...context, clock }, stop.signal, () => void (toldOpen += 1));
  const ours = gatewayClass('example.com/memory');
  expect(standIn.checkClass(ours)).toMatchObject([{ problem: 'provider-unavailable' }]);
  await standIn.run(stop.signal);
  expect([waits, toldOpen]).toEqual([[5000, 10_000, 20_000, 40_000, 60_000, 60_000], 1]);
  expect(standIn.checkClass(ours)).toEqual([]);
  stop.abort();
});

test('the attempt to open a provider stops when the term ends', async () => {
  const stop = new AbortController();
  const { context } = await startCluster(new MemoryClient(), { controllerName: 'example.com/memory' }, stop.signal);
  const provider = memoryProvider({ world: new MemoryWorld(), context });
  const clock = { ...context.clock, sleep: async () => undefined };
  let opens = 0;
  const open = async () => {
    opens += 1;
    if (opens === 1) throw new ConfigError('--region is required');
    stop.abort(new Error('the lease is lost'));
    throw stop.signal.reason;
  };
  const standIn = await openOrUnavailable({ ...provider, open }, { ...context, clock }, stop.signal, () => undefined);
  await expect(standIn.run(stop.signal)).resolves.toBeUndefined();
});
