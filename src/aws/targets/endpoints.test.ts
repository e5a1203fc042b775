// The order in which a Service's endpoints get access, are registered, and lose access.
import { setTimeout } from 'node:timers/promises';
import { CreateNetworkInterfaceCommand, CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readFaultPlan } from '../../../localstack/aws/faults/plan.ts';
import type { EndpointSlice } from '../../api/core.ts';
import { endpointSlices } from '../../api/kinds.ts';
import { systemClock } from '../../kube/clock.ts';
import { objectKey } from '../../kube/object.ts';
import { MemoryClient } from '../../kube/testing/memory-client.ts';
import type { Cloud } from '../cloud.ts';
import { AwsError } from '../errors.ts';
import { eachTestOnAws, gateway as key } from '../testing/aws-under-test.ts';
import { apply, gatewayWith, openTerm } from '../testing/term-under-test.ts';
import { syncEndpoints } from './endpoints.ts';

const rig = eachTestOnAws();

const nothing = { found: [], behind: false };

/** The ports to which the nodes admit load balancers, ends of ranges. */
const admitted = (): number[] => {
  const rules = [...rig.aws.world().ec2.securityGroupRules.values()].filter(
    ({ groupId, tags }) => groupId === rig.seed.nodeSecurityGroupId && tags.has('gatehouse.dev/resource'),
  );
  return [...new Set(rules.flatMap(({ fromPort, toPort }) => [fromPort ?? 0, toPort ?? 0]))].toSorted((a, b) => a - b);
};

/** A pod of a Service, on the first node. */
const slice = (on: number, address: string, name = 'api'): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'shop', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address], nodeName: rig.seed.nodes[0]?.instanceId ?? '', conditions: { ready: true } }],
  ports: [{ name: '', port: on, protocol: 'TCP' }],
});

/**
 * A term with two Services. The pod of `api` is on this port, registered and admitted. The pod of `guarded` has its own
 * interface.
 */
async function served(port: number, guardedAddress?: string) {
  const client = new MemoryClient();
  await client.create(endpointSlices, slice(port, '10.0.1.50'), rig.signal);
  if (guardedAddress !== undefined) {
    await client.create(endpointSlices, slice(port, guardedAddress, 'guarded'), rig.signal);
  }
  const term = await openTerm(rig, [gatewayWith('web', 'tls')], client);
  const { cloud, caches } = term;
  const service = objectKey({ namespace: 'shop', name: 'api' });
  const guarded = {
    service: objectKey({ namespace: 'shop', name: 'guarded' }),
    interfaceId: guardedAddress && (await ownInterface(cloud, guardedAddress)),
  };
  const model = rig.model({ services: guardedAddress === undefined ? ['api'] : ['api', 'guarded'] });
  await apply(cloud, model);
  expect(await cloud.finish(key, model)).toEqual([]);
  await syncEndpoints(term.cloud, term, service);
  expect(admitted()).toEqual([port]);
  /** Replaces the Service's pod by another pod. */
  const moveTo = async (on: number, address: string, of = service): Promise<void> => {
    const [before] = caches.endpointSlices.byIndex('service', of);
    if (before === undefined) throw new Error(`Expected ${of} to have endpoints`);
    const moved = slice(on, address, of.slice('shop/'.length));
    await client.update(endpointSlices, { ...moved, metadata: before.metadata }, rig.signal);
    await expect.poll(() => caches.endpointSlices.byIndex('service', of)[0]?.ports?.[0]?.port).toBe(on);
  };
  return { term, service, moveTo, guarded };
}

/** A network interface with its own security group. */
async function ownInterface({ clients: { ec2 } }: Cloud, address: string): Promise<string> {
  const { vpcId: VpcId, privateSubnetIds } = rig.seed;
  const made = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'own', Description: 'own', VpcId }));
  const { NetworkInterface } = await ec2.send(
    new CreateNetworkInterfaceCommand({
      SubnetId: privateSubnetIds[0],
      PrivateIpAddress: address,
      Groups: [made.GroupId ?? ''],
    }),
  );
  return NetworkInterface?.NetworkInterfaceId ?? '';
}

test('removed targets lose access only after they are deregistered, and a group removed by hand is made anew', async () => {
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
  await syncEndpoints(term.cloud, term, service);
  expect(seen).toEqual([[8080, 9090]]);
  expect(admitted()).toEqual([9090]);

  const [arn = ''] = rig.aws.world().elbv2.targetGroups.keys();
  rig.aws.world().elbv2.targetGroups.delete(arn);
  cloud.membership.forget(arn);
  // While the group is new, it does not count as deleted, because AWS may not show it yet.
  await vi.waitFor(async () => {
    await syncEndpoints(term.cloud, term, service);
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
  rig.aws.faults.set(readFaultPlan({ rules: [refusal] }));
  await moveTo(9090, '10.0.1.51');
  expect((await syncEndpoints(term.cloud, term, service)).found).not.toEqual([]);
  expect(admitted()).toEqual([8080]);
  rig.aws.faults.set(readFaultPlan({}));
  await syncEndpoints(term.cloud, term, service);
  expect(admitted()).toEqual([9090]);
});

test('ports open once for all target groups of a Gateway, also for those that are still to be made', async () => {
  const client = new MemoryClient();
  await client.create(endpointSlices, slice(8080, '10.0.1.50'), rig.signal);
  await client.create(endpointSlices, slice(9090, '10.0.1.51', 'web'), rig.signal);
  const term = await openTerm(rig, [gatewayWith('web', 'tls')], client);
  const { cloud } = term;
  const model = rig.model({ services: ['api', 'web'] });
  const authorized = () => rig.aws.calls.counts().byAction['ec2:AuthorizeSecurityGroupIngress'] ?? 0;
  // No load balancer takes requests yet.
  expect(await cloud.place.prepare()).toMatchObject({ kind: 'known' });
  expect(await cloud.finish(key, model)).toEqual([]);
  await syncEndpoints(term.cloud, term, objectKey({ namespace: 'shop', name: 'api' }));
  expect(admitted()).toEqual([]);
  await apply(cloud, rig.model({ services: [] }));
  const before = authorized();
  expect(await cloud.finish(key, model)).toEqual([]);
  expect([admitted(), authorized() - before]).toEqual([[8080, 9090], 1]);
  await apply(cloud, model);
  expect(await cloud.finish(key, model)).toEqual([]);
  await syncEndpoints(term.cloud, term, objectKey({ namespace: 'shop', name: 'api' }));
  expect([admitted(), authorized() - before]).toEqual([[8080, 9090], 1]);
});

test('ports open together at the end of the pass in which the load balancer begins to serve', async () => {
  await rig.reopen({ provisioningSeconds: 0.2 });
  const client = new MemoryClient();
  await client.create(endpointSlices, slice(8080, '10.0.1.50'), rig.signal);
  await client.create(endpointSlices, slice(9090, '10.0.1.51', 'web'), rig.signal);
  const term = await openTerm(rig, [gatewayWith('web', 'tls')], client);
  const { cloud } = term;
  const authorized = () => rig.aws.calls.counts().byAction['ec2:AuthorizeSecurityGroupIngress'] ?? 0;
  const first = rig.model({ services: ['api'] });
  await apply(cloud, first);
  expect(await cloud.finish(key, first)).toEqual([]);
  const before = authorized();
  await setTimeout(250);
  // A pass sees that the load balancer is active, but has not ended yet.
  await cloud.observe(key);
  expect(cloud.progress.isServing(key)).toBe(true);
  await syncEndpoints(cloud, term, objectKey({ namespace: 'shop', name: 'api' }));
  expect(admitted()).toEqual([]);
  expect(await cloud.finish(key, rig.model({ services: ['api', 'web'] }))).toEqual([]);
  expect([admitted(), authorized() - before]).toEqual([[8080, 9090], 1]);
});

test('a port of a load balancer that never serves opens all the same, after ten seconds', async () => {
  const client = new MemoryClient();
  await client.create(endpointSlices, slice(8080, '10.0.1.50'), rig.signal);
  const term = await openTerm(rig, [gatewayWith('web', 'tls')], client);
  const model = rig.model({ services: ['api'] });
  expect(await term.cloud.place.prepare()).toMatchObject({ kind: 'known' });
  const now = vi.spyOn(systemClock, 'monotonic').mockReturnValue(1000);
  onTestFinished(() => now.mockRestore());
  expect(await term.cloud.finish(key, model)).toEqual([]);
  now.mockReturnValue(10_999);
  expect(await term.cloud.finish(key, model)).toEqual([]);
  expect(admitted()).toEqual([]);
  now.mockReturnValue(11_001);
  expect(await term.cloud.finish(key, model)).toEqual([]);
  expect(admitted()).toEqual([8080]);
});

test('a Service that no Gateway has to do with costs no call', async () => {
  const term = await openTerm(rig, []);
  await syncEndpoints(term.cloud, term, objectKey({ namespace: 'shop', name: 'batch' }));
  expect(rig.aws.calls.counts().total).toBe(0);
});

test('a security group that AWS does not open concerns those who are behind it, and no one else waits for it', async () => {
  const { term, service, moveTo, guarded } = await served(8080, '10.0.48.77');
  const { cloud } = term;
  const [own] = rig.aws.world().ec2.networkInterfaces.get(guarded.interfaceId ?? '')?.groupIds ?? [];
  let attempts = 0;
  cloud.clients.ec2.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        if (!commandName.startsWith('Authorize') || !('GroupId' in args.input) || args.input.GroupId !== own) {
          return next(args);
        }
        attempts += 1;
        throw new AwsError({ action: 'ec2:Authorize', code: 'Unauthorized', kind: 'access-denied', detail: 'no' });
      },
    { step: 'initialize', name: 'denied' },
  );
  await moveTo(9091, '10.0.48.77', guarded.service);
  expect((await syncEndpoints(term.cloud, term, guarded.service)).found).not.toEqual([]);
  const troubles = (of: typeof service) =>
    cloud.bindings.ofService(of).flatMap(({ arn }) => cloud.troubles.of(arn) ?? []);
  expect(troubles(guarded.service)).toMatchObject([
    { kind: 'targets-not-admitted', service: guarded.service, cause: { kind: 'access-denied' } },
  ]);
  await moveTo(9090, '10.0.48.51');
  expect(await syncEndpoints(term.cloud, term, service)).toEqual(nothing);
  expect(admitted()).toEqual([9090]);
  expect(troubles(service)).toEqual([]);
  expect(attempts).toBe(1);
  // Passes of Services that need the rule try again, ever more rarely.
  for (let pass = 0; pass < 5; pass += 1) await syncEndpoints(term.cloud, term, guarded.service);
  expect(attempts).toBe(2);
});

test('a rule that AWS would not take away concerns no other Service, until an audit tries again', async () => {
  const { term, service, moveTo, guarded } = await served(8080, '10.0.48.77');
  const denied = { kind: 'error', action: 'RevokeSecurityGroupIngress', status: 403, code: 'UnauthorizedOperation' };
  rig.aws.faults.set(readFaultPlan({ rules: [denied] }));
  // The pod of `guarded` moves to a node, so no pod is behind that security group any more.
  await moveTo(8080, '10.0.48.52', guarded.service);
  expect((await syncEndpoints(term.cloud, term, guarded.service)).found).not.toEqual([]);
  await moveTo(8080, '10.0.48.53');
  expect(await syncEndpoints(term.cloud, term, service)).toEqual(nothing);
  expect(await syncEndpoints(term.cloud, term, guarded.service)).toEqual(nothing);
  rig.aws.faults.set(readFaultPlan({}));
  await term.cloud.auditReach();
  expect(await syncEndpoints(term.cloud, term, service)).toEqual(nothing);
  const rules = [...rig.aws.world().ec2.securityGroupRules.values()];
  const own = rig.aws.world().ec2.networkInterfaces.get(guarded.interfaceId ?? '')?.groupIds[0];
  expect(rules.filter(({ groupId, tags }) => groupId === own && tags.has('gatehouse.dev/resource'))).toEqual([]);
});
