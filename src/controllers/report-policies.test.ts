import { expect, test } from 'vitest';
import type { BackendTlsPolicy, PolicyAncestorStatus } from '../api/gateway-api.ts';
import * as kinds from '../api/kinds.ts';
import { MAX_ANCESTORS } from '../gateway/policy-problem.ts';
import { objectKey } from '../kube/object.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { inventedWords } from '../provider/testing/invented.ts';
import { findingsOf, noFindings } from '../status/findings.ts';
import { openCaches } from './caches.ts';
import { reportPolicies } from './report-policies.ts';

const controllerName = 'gatehouse.dev/metallb';
const web = objectKey({ namespace: 'shop', name: 'web' });
const key = objectKey({ namespace: 'shop', name: 'api' });
const { signal } = new AbortController();

const entry = (name: string, more: Partial<PolicyAncestorStatus> = {}): PolicyAncestorStatus => ({
  ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'shop', name },
  controllerName: 'example.com/other',
  conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Yes.', lastTransitionTime: '' }],
  ...more,
});

const uses = findingsOf(
  { listeners: [], attachments: [], policies: [{ policy: key, generation: 2 }] },
  [
    {
      kind: 'policy',
      problem: 'policy-conflicted',
      policy: key,
      words: 'Another one is older.',
      effect: { kind: 'refused', reason: 'Conflicted' },
    },
  ],
  inventedWords,
);

async function start(ancestors: readonly PolicyAncestorStatus[]) {
  const client = new MemoryClient();
  const policy: BackendTlsPolicy = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { namespace: 'shop', name: 'api', generation: 2 },
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
      validation: { wellKnownCACertificates: 'System', hostname: 'api.example.com' },
    },
    status: { ancestors },
  };
  await client.create(kinds.backendTlsPolicies, policy, signal);
  const clock = new FakeClock();
  const caches = openCaches({ client, clock, random: () => 0, logger: silentLogger });
  void caches.run(signal);
  await caches.settled;
  const context = { client, clock, events: { record: () => undefined }, caches, controllerName };
  return {
    report: async (findings: typeof uses) => {
      await reportPolicies(context, web, findings, signal);
      await clock.advance(1000);
    },
    ancestors: async () => (await client.get(kinds.backendTlsPolicies, key, signal)).status?.ancestors ?? [],
  };
}

test('a Gateway writes its own entry, and leaves those of other Gateways and controllers as they are', async () => {
  const others = [entry('web'), entry('other', { controllerName })];
  const { report, ancestors } = await start(others);
  await report(uses);
  const [theirs, of, own, ...none] = await ancestors();
  expect([theirs, of]).toEqual(others);
  expect(none).toEqual([]);
  expect(own).toMatchObject({
    ancestorRef: { kind: 'Gateway', namespace: 'shop', name: 'web' },
    controllerName,
    conditions: [
      { type: 'Accepted', status: 'False', reason: 'Conflicted', observedGeneration: 2 },
      { type: 'ResolvedRefs', status: 'True', observedGeneration: 2 },
    ],
  });
});

test('the entry goes when the Gateway sends nothing to the Services any more', async () => {
  const { report, ancestors } = await start([entry('web')]);
  await report(uses);
  expect(await ancestors()).toHaveLength(2);
  await report(noFindings(inventedWords));
  expect(await ancestors()).toEqual([entry('web')]);
});

test('a status without room gets no other entry, because the API server would refuse the whole status', async () => {
  const full = Array.from({ length: MAX_ANCESTORS }, (_, index) => entry(`gateway-${index}`));
  const { report, ancestors } = await start(full);
  await report(uses);
  expect(await ancestors()).toEqual(full);
});
