// What is kept going of a Gateway that no model can be built for.
import { expect, test } from 'vitest';
import type { EndpointSlice } from '../api/core.ts';
import { endpointSlices } from '../api/kinds.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { AwsError } from './errors.ts';
import { keepStanding } from './keep-standing.ts';
import { modelContext } from './model/context.ts';
import { targetGroup } from './model/target-groups.ts';
import { backend, options, topology } from './model/testing/sample.ts';
import { syncEndpoints } from './targets/endpoints.ts';
import { eachTestOnAws, gateway as key } from './testing/aws-under-test.ts';
import { apply, gatewayWith, openTerm } from './testing/term-under-test.ts';

const rig = eachTestOnAws();

const api = backend('api');
const slice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'shop', name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.1.50'], conditions: { ready: true } }],
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
};

/** A term that begins when the Gateway's load balancer and target group stand already, without a target. */
async function restarted(client = new MemoryClient()) {
  const before = await openTerm(rig, [gatewayWith('web', 'tls')]);
  const network = await before.cloud.place.prepare();
  if (network.kind === 'unknown') throw new Error('The network is unknown');
  const group = targetGroup(modelContext(topology([]), network.network, options), api);
  await apply(before.cloud, { gateway: key, resources: [...rig.model({ services: [] }).resources, group] });
  await client.create(endpointSlices, slice, rig.signal);
  const term = await openTerm(rig, [gatewayWith('web', 'tls')], client);
  expect(await term.cloud.ready()).toEqual([]);
  return term;
}

const targets = () =>
  [...rig.aws.world().elbv2.targetGroups.values()].flatMap((group) => [...group.targets.values()].map(({ id }) => id));

test('after a restart the target groups that stand get the pods of the Services that the routes name', async () => {
  const term = await restarted();
  await syncEndpoints(term.cloud, term, api.service);
  expect(targets()).toEqual([]);
  expect(await keepStanding(term.cloud, key, [backend('other'), api])).toEqual([]);
  await syncEndpoints(term.cloud, term, api.service);
  expect(targets()).toEqual(['10.0.1.50']);
});

test('pods are registered even while the network cannot be read, and refusals of AWS are reported', async () => {
  const term = await restarted();
  term.cloud.clients.ec2.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        if (commandName === 'DescribeSubnetsCommand')
          throw new AwsError({
            action: 'ec2:DescribeSubnets',
            code: 'UnauthorizedOperation',
            kind: 'access-denied',
            detail: 'no',
          });
        return next(args);
      },
    { step: 'initialize', name: 'refusing' },
  );
  expect(await keepStanding(term.cloud, key, [api])).toMatchObject([{ kind: 'access-denied' }]);
  expect((await syncEndpoints(term.cloud, term, api.service)).found).not.toEqual([]);
  expect(targets()).toEqual(['10.0.1.50']);
});
