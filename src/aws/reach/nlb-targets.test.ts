// Targets of NLBs, registered and admitted in the embedded AWS. Its security groups decide which packets pass.
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  type ProtocolEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, onTestFinished, test, vi } from 'vitest';
import { reachesTarget } from '../../../localstack/aws/dataplane/reach.ts';
import type { EndpointSlice } from '../../api/core.ts';
import { endpointSlices } from '../../api/kinds.ts';
import { systemClock } from '../../kube/clock.ts';
import { objectKey } from '../../kube/object.ts';
import { MemoryClient } from '../../kube/testing/memory-client.ts';
import { resourceId } from '../model/naming.ts';
import type { HealthCheck, TargetGroupResource } from '../model/resources.ts';
import { ownershipTags, toTagList } from '../tags.ts';
import { syncEndpoints } from '../targets/endpoints.ts';
import { cluster, eachTestOnAws, gateway as key } from '../testing/aws-under-test.ts';
import { gatewayWith, openTerm } from '../testing/term-under-test.ts';

const rig = eachTestOnAws();

const service = objectKey({ namespace: 'shop', name: 'dns' });
const id = resourceId('target-group', 'nlb-internal', service, '53');

const slice = (address: string): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'shop', name: 'dns-1', labels: { 'kubernetes.io/service-name': 'dns' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address], nodeName: rig.seed.nodes[0]?.instanceId ?? '', conditions: { ready: true } }],
  ports: [
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'ready', port: 8181, protocol: 'TCP' },
  ],
});

const selection = (transport: 'UDP' | 'TCP_UDP' | undefined, checkPort: string): TargetGroupResource => {
  const healthCheck: HealthCheck = {
    protocol: 'TCP',
    port: checkPort,
    intervalSeconds: 10,
    timeoutSeconds: 5,
    healthyThreshold: 2,
    unhealthyThreshold: 2,
  };
  const backend = {
    service,
    port: 53,
    portName: transport === 'UDP' ? 'dns' : 'dns-tcp',
    ...(transport && { transport }),
    protocol: 'HTTP1' as const,
    local: false,
    ipFamily: 'IPv4' as const,
  };
  const spec = { name: 'dns', protocol: transport ?? 'TCP', vpcId: rig.seed.vpcId, ipAddressType: 'ipv4' } as const;
  return {
    kind: 'target-group',
    id,
    spec: { ...spec, targetType: 'ip', port: 53, healthCheck },
    attributes: {},
    backend,
    tags: {},
  };
};

/** An NLB in front of the Service's pod, with targets that are registered and admitted. */
async function served(
  transport: 'UDP' | 'TCP_UDP' | undefined,
  checkPort: string,
  subnets = rig.seed.privateSubnetIds,
) {
  const client = new MemoryClient();
  await client.create(endpointSlices, slice('10.0.48.50'), rig.signal);
  const term = await openTerm(rig, [gatewayWith('web', 'tls')], client);
  const { cloud } = term;
  const network = await cloud.place.prepare();
  if (network.kind !== 'known') throw new Error('The network is not known');
  const protocol: ProtocolEnum = transport ?? 'TCP';
  const { elbv2 } = cloud.clients;
  const loadBalancerId = resourceId('load-balancer', 'nlb-internal');
  const { LoadBalancers: [made] = [] } = await elbv2.send(
    new CreateLoadBalancerCommand({
      Name: 'dns',
      Type: 'network',
      Scheme: 'internal',
      Subnets: [...subnets],
      SecurityGroups: [network.network.backendSecurityGroupId],
      Tags: toTagList(ownershipTags(cluster, loadBalancerId, key)),
    }),
  );
  const { TargetGroups: [group] = [] } = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'dns',
      TargetType: 'ip',
      Protocol: protocol,
      Port: 53,
      VpcId: rig.seed.vpcId,
      Tags: toTagList(ownershipTags(cluster, id, key)),
    }),
  );
  const [LoadBalancerArn, TargetGroupArn] = [made?.LoadBalancerArn ?? '', group?.TargetGroupArn ?? ''];
  const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn }];
  await elbv2.send(new CreateListenerCommand({ LoadBalancerArn, Protocol: protocol, Port: 53, DefaultActions }));
  expect(await cloud.ready()).toEqual([]);
  const select = async (selected: TargetGroupResource) => {
    expect(await cloud.finish(key, { gateway: key, resources: [selected] })).toEqual([]);
    expect((await syncEndpoints(cloud, term, service)).found).toEqual([]);
  };
  await select(selection(transport, checkPort));
  /** The protocols and ports that pass from the NLB to its target, with and without the client's address. */
  const passes = () => {
    const { elbv2: state } = rig.aws.world();
    const loadBalancer = state.loadBalancers.get(LoadBalancerArn);
    const targetGroup = state.targetGroups.get(TargetGroupArn);
    const [target] = targetGroup?.targets.values() ?? [];
    if (loadBalancer === undefined || targetGroup === undefined || target === undefined) throw new Error('no target');
    const to = { group: targetGroup, target };
    return (['tcp 53', 'udp 53', 'tcp 8181', 'udp 8181'] as const).filter((what) => {
      const [way, port] = what.split(' ');
      const at = { protocol: way === 'udp' ? ('udp' as const) : ('tcp' as const), port: Number(port) };
      const own = reachesTarget(rig.aws.world(), loadBalancer, to, at);
      expect(reachesTarget(rig.aws.world(), loadBalancer, to, at, '203.0.113.9')).toBe(own);
      return own;
    });
  };
  const troubles = () => cloud.bindings.ofService(service).flatMap(({ arn }) => cloud.troubles.of(arn) ?? []);
  return { term, client, select, passes, troubles };
}

test('UDP passes to its targets, and TCP only at the port where their health is checked', async () => {
  const { passes } = await served('UDP', '8181');
  expect(passes()).toEqual(['udp 53', 'tcp 8181']);
});

test('no TCP port is opened for UDP targets that no health check reaches', async () => {
  const { passes } = await served('UDP', 'traffic-port');
  expect(passes()).toEqual(['udp 53']);
});

test('TCP does not open UDP', async () => {
  const { passes } = await served(undefined, 'traffic-port');
  expect(passes()).toEqual(['tcp 53']);
});

test('both protocols pass to the targets of both, and the health check does', async () => {
  const { passes } = await served('TCP_UDP', '8181');
  expect(passes()).toEqual(['tcp 53', 'udp 53', 'tcp 8181']);
});

/** Sets the clock of the term. */
function clockAt() {
  const now = vi.spyOn(systemClock, 'monotonic').mockReturnValue(1_000_000);
  onTestFinished(() => now.mockRestore());
  return (ms: number) => now.mockReturnValue(1_000_000 + ms);
}

test('a port that is given up is shut when AWS has surely deregistered its targets, and no sooner', async () => {
  const { term, select, passes } = await served('UDP', '8181');
  const setTo = clockAt();
  await select(selection('UDP', 'traffic-port'));
  expect(passes()).toEqual(['udp 53', 'tcp 8181']);
  setTo(299_000);
  expect(await syncEndpoints(term.cloud, term, service)).toMatchObject({ requeueAfterMs: 1000 });
  expect(passes()).toEqual(['udp 53', 'tcp 8181']);
  setTo(300_000);
  expect(await syncEndpoints(term.cloud, term, service)).toEqual({ found: [], behind: false });
  expect(passes()).toEqual(['udp 53']);
});

test('a port that is given up and wanted again stays open', async () => {
  const { term, select, passes } = await served('UDP', '8181');
  const setTo = clockAt();
  await select(selection('UDP', 'traffic-port'));
  setTo(200_000);
  await select(selection('UDP', '8181'));
  setTo(301_000);
  await select(selection('UDP', 'traffic-port'));
  expect(passes()).toEqual(['udp 53', 'tcp 8181']);
  // The port was dropped twice. The time of the second drop counts.
  setTo(502_000);
  await syncEndpoints(term.cloud, term, service);
  expect(passes()).toEqual(['udp 53', 'tcp 8181']);
  setTo(601_001);
  await syncEndpoints(term.cloud, term, service);
  expect(passes()).toEqual(['udp 53']);
});

test('a rule for UDP that someone else removes is made again', async () => {
  const { term, select, passes } = await served('UDP', '8181');
  const { ec2 } = rig.aws.world();
  for (const rule of [...ec2.securityGroupRules.values()].filter(({ protocol }) => protocol === 'udp')) {
    ec2.securityGroupRules.delete(rule.id);
    ec2.securityGroups.get(rule.groupId)?.ruleIds.delete(rule.id);
  }
  expect(passes()).toEqual(['tcp 8181']);
  const { cloud } = term;
  // While the rule is new, it does not count as removed, because AWS may not show it yet.
  await vi.waitFor(async () => {
    const removed = await cloud.auditReach();
    expect(cloud.reachability.driftOf(cloud.bindings.ofGateway(key), removed)).toMatchObject([{ aspect: 'ingress' }]);
  });
  await select(selection('UDP', '8181'));
  expect(passes()).toEqual(['udp 53', 'tcp 8181']);
});

test('a pod that goes is deregistered at once, and its ports are shut five minutes later', async () => {
  const { term, client } = await served('UDP', '8181');
  const { caches, cloud } = term;
  const [before] = caches.endpointSlices.byIndex('service', service);
  if (before === undefined) throw new Error('no slice');
  await client.update(endpointSlices, { ...before, endpoints: [] }, rig.signal);
  await expect.poll(() => caches.endpointSlices.byIndex('service', service)[0]?.endpoints).toEqual([]);
  const setTo = clockAt();
  expect(await syncEndpoints(cloud, term, service)).toMatchObject({ requeueAfterMs: 300_000 });
  const [arn = ''] = cloud.bindings.ofService(service).map((binding) => binding.arn);
  expect(cloud.membership.members(arn)).toEqual([]);
  const open = () =>
    [...rig.aws.world().ec2.securityGroupRules.values()].filter(({ tags }) => tags.has('gatehouse.dev/resource'));
  expect(open()).toHaveLength(2);
  setTo(300_000);
  await syncEndpoints(cloud, term, service);
  expect(open()).toEqual([]);
});

test('a pod in a zone that the NLB does not have is a trouble of its group, until the NLB has the zone', async () => {
  const { term, troubles } = await served('UDP', '8181', rig.seed.privateSubnetIds.slice(1, 2));
  expect(troubles()).toMatchObject([{ kind: 'targets-in-other-zones', service, zones: ['us-east-1a'] }]);
  const { inventory } = term.cloud;
  const [found] = inventory.find(resourceId('load-balancer', 'nlb-internal'), key);
  if (found?.kind !== 'load-balancer') throw new Error('no load balancer');
  inventory.put({ ...found, subnets: rig.seed.privateSubnetIds });
  await syncEndpoints(term.cloud, term, service);
  expect(troubles()).toEqual([]);
});
