// The targets pass: who is admitted, registered and shut out, in which order.
import { expect, test, vi } from 'vitest';
import { readFaultPlan } from '../../localstack/aws/faults/plan.ts';
import type { EndpointSlice } from '../api/core.ts';
import { endpointSlices } from '../api/kinds.ts';
import { gateway as key } from '../aws/testing/aws-under-test.ts';
import { objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { Incomplete } from './incomplete.ts';
import { reconcileTargets } from './targets.ts';
import { bring, eachTestOnAws, gatewayWith, openTerm } from './testing/term-under-test.ts';

const rig = eachTestOnAws();

/** The ports to which the nodes admit load balancers, ends of ranges. */
const admitted = (): number[] => {
  const rules = [...rig.aws.aws.world().ec2.securityGroupRules.values()].filter(
    ({ groupId, tags }) => groupId === rig.aws.seed.nodeSecurityGroupId && tags.has('gatehouse.dev/resource'),
  );
  return [...new Set(rules.flatMap(({ fromPort, toPort }) => [fromPort ?? 0, toPort ?? 0]))].toSorted((a, b) => a - b);
};

/** A term whose one Service has a pod on this port, registered and admitted. */
async function served(port: number) {
  const client = new MemoryClient();
  const slice = (on: number, address: string): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: [address], nodeName: rig.aws.seed.nodes[0]?.instanceId ?? '', conditions: { ready: true } },
    ],
    ports: [{ name: '', port: on, protocol: 'TCP' }],
  });
  const first = await client.create(endpointSlices, slice(port, '10.0.1.50'), rig.signal);
  const term = await openTerm(rig.aws, rig.signal, [gatewayWith('web', 'tls')], client);
  const { cloud, caches } = term;
  const service = objectKey({ namespace: 'shop', name: 'api' });
  const backend = { service, port: 80, portName: '', protocol: 'HTTP1', local: false, ipFamily: 'IPv4' } as const;
  const { gateway, resources } = rig.aws.model();
  const model = {
    gateway,
    resources: resources.map((each) => (each.kind === 'target-group' ? { ...each, backend } : each)),
  };
  await bring(cloud, model);
  expect(await cloud.settle(key, model)).toEqual([]);
  await reconcileTargets(term, service);
  expect(admitted()).toEqual([port]);
  /** Puts another pod in the first one's place. */
  const moveTo = async (on: number, address: string): Promise<void> => {
    await client.update(endpointSlices, { ...slice(on, address), metadata: { ...first.metadata } }, rig.signal);
    await expect.poll(() => caches.endpointSlices.list()[0]?.ports?.[0]?.port).toBe(on);
  };
  return { term, service, moveTo };
}

test('targets that go are shut out only when AWS has been told to send them nothing more, and a group removed by hand is made anew', async () => {
  const { term, service, moveTo } = await served(8080);
  const { cloud } = term;
  const seen: number[][] = [];
  cloud.clients.elbv2.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        if (commandName.startsWith('Deregister')) seen.push(admitted());
        return next(args);
      },
    { step: 'initialize', name: 'watched' },
  );
  await moveTo(9090, '10.0.1.51');
  await reconcileTargets(term, service);
  expect(seen).toEqual([[8080, 9090]]);
  expect(admitted()).toEqual([9090]);

  const [arn = ''] = rig.aws.aws.world().elbv2.targetGroups.keys();
  rig.aws.aws.world().elbv2.targetGroups.delete(arn);
  cloud.membership.forget(arn);
  // As long as it is new, it may only not be seen yet.
  await vi.waitFor(async () => {
    await reconcileTargets(term, service);
    expect(term.due).toEqual([key]);
  });
  expect(cloud.inventory.get(arn)).toBeUndefined();
});

test('a rule that AWS refused at first is made when the pass comes again, though the pods are the same', async () => {
  const { term, service, moveTo } = await served(8080);
  const refusal = {
    kind: 'error',
    action: 'AuthorizeSecurityGroupIngress',
    status: 403,
    code: 'UnauthorizedOperation',
  };
  rig.aws.aws.faults.set(readFaultPlan({ rules: [refusal] }));
  await moveTo(9090, '10.0.1.51');
  await expect(reconcileTargets(term, service)).rejects.toThrow(Incomplete);
  expect(admitted()).toEqual([8080]);
  rig.aws.aws.faults.set(readFaultPlan({}));
  await reconcileTargets(term, service);
  expect(admitted()).toEqual([9090]);
});

test('a Service that no Gateway has to do with costs no call', async () => {
  const term = await openTerm(rig.aws, rig.signal, []);
  await reconcileTargets(term, objectKey({ namespace: 'shop', name: 'batch' }));
  expect(rig.aws.aws.calls.counts().total).toBe(0);
});
