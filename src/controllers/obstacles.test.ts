import { expect, test } from 'vitest';
import type { AllowedNamespaces, Gateway } from '../api/gateway-api.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { MemoryClient, refusal } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { openCaches } from './caches.ts';
import { kindsMissing } from './obstacles.ts';

const allowing = (from: AllowedNamespaces['from']): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    gatewayClassName: 'aws',
    listeners: [],
    ...(from !== undefined && { allowedListeners: { namespaces: { from } } }),
  },
});

/** None of which was listed so far. */
const clock = new FakeClock();
const caches = openCaches({ client: new MemoryClient(), clock, random: () => 0, logger: silentLogger });

const missing = (from: AllowedNamespaces['from'], absent: readonly string[] = []): readonly string[] => {
  const [problem] = kindsMissing({ ...caches, absent: () => absent }, allowing(from));
  return problem?.kind === 'kinds-missing' ? problem.kinds : [];
};

test.each([
  [undefined, false],
  ['None', false],
  ['Same', true],
] as const)('while ListenerSets were never listed, a Gateway that allows them from %s waits: %s', (from, waits) => {
  expect(missing(from).includes('ListenerSet')).toBe(waits);
});

test('a Gateway waits for no optional kind that is surely not installed, and for each kind that it needs', () => {
  const absent = ['ReferenceGrant', 'ListenerSet', 'LoadBalancerConfiguration', 'HTTPRoute'];
  const kinds = missing('Same', absent);
  expect(kinds).toContain('HTTPRoute');
  expect(kinds).not.toContain('ReferenceGrant');
  expect(kinds).not.toContain('ListenerSet');
});

test('a kind is surely not installed when the API server has said so for half a minute', async () => {
  const client = new MemoryClient();
  client.list = () => Promise.reject(refusal(404, 'NotFound'));
  const waiting = openCaches({ client, clock, random: () => 0, logger: silentLogger });
  const stop = new AbortController();
  const running = waiting.run(stop.signal);
  await waiting.settled;
  expect([waiting.missing().includes('Gateway'), waiting.absent()]).toEqual([true, []]);
  await clock.advance(30_000);
  expect(waiting.absent()).toContain('Gateway');
  stop.abort();
  await running;
});
