import { expect, test } from 'vitest';
import type { AllowedNamespaces, Gateway } from '../api/gateway-api.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
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
const caches = openCaches({
  client: new MemoryClient(),
  clock: new FakeClock(),
  random: () => 0,
  logger: silentLogger,
});

test.each([
  [undefined, false],
  ['None', false],
  ['Same', true],
] as const)('while ListenerSets were never listed, a Gateway that allows them from %s waits: %s', (from, waits) => {
  const [missing] = kindsMissing({ caches }, allowing(from));
  expect(missing?.kind === 'kinds-missing' && missing.kinds.includes('ListenerSet')).toBe(waits);
});
