// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html, API_DescribeTargetHealth.html;
// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-type
import { RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
  SetSubnetsCommand,
  type TargetDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { Embedded, forward, present } from '../testing/embedded.ts';

const register = (aws: Embedded, TargetGroupArn: string, ...Targets: TargetDescription[]) =>
  aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));

const deregister = (aws: Embedded, TargetGroupArn: string, ...Targets: TargetDescription[]) =>
  aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }));

/** `id:port state reason` of each target. */
async function health(aws: Embedded, TargetGroupArn: string, Targets?: TargetDescription[]): Promise<string[]> {
  const asked = Targets ? { TargetGroupArn, Targets } : { TargetGroupArn };
  const { TargetHealthDescriptions = [] } = await aws.elb.send(new DescribeTargetHealthCommand(asked));
  return TargetHealthDescriptions.map(({ Target, TargetHealth }) =>
    [`${Target?.Id}:${Target?.Port}`, TargetHealth?.State, TargetHealth?.Reason].filter(Boolean).join(' '),
  );
}

test('a target is unused until a rule refers to its group, then initial, then healthy', async () => {
  await using aws = await Embedded.start({ healthSeconds: 2 });
  const group = await aws.targetGroup();
  await register(aws, group, { Id: '10.0.48.9' });
  aws.clock.advance(60);
  expect(await health(aws, group)).toEqual(['10.0.48.9:8080 unused Target.NotInUse']);
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(group) });
  expect(await health(aws, group)).toEqual(['10.0.48.9:8080 initial Elb.RegistrationInProgress']);
  aws.clock.advance(2);
  expect(await health(aws, group)).toEqual(['10.0.48.9:8080 healthy']);
});

test('a deregistered target drains for its group’s delay, but no longer than the option allows', async () => {
  await using aws = await Embedded.start({ drainingSecondsMax: 10 });
  const group = await aws.targetGroup();
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(group) });
  await register(aws, group, { Id: '10.0.48.9' }, { Id: '10.0.48.10' });
  await deregister(aws, group, { Id: '10.0.48.9' });
  const draining = '10.0.48.9:8080 draining Target.DeregistrationInProgress';
  expect(await health(aws, group)).toContain(draining);
  aws.clock.advance(9);
  expect(await health(aws, group)).toContain(draining);
  aws.clock.advance(1);
  expect(await health(aws, group)).toHaveLength(1);
  const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '0' }];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group, Attributes }));
  await deregister(aws, group, { Id: '10.0.48.10' });
  expect(await health(aws, group)).toEqual([]);
});

test('a Network Load Balancer takes its time to register a target, and to let go of it', async () => {
  await using aws = await Embedded.start({
    networkRegistrationSeconds: 180,
    healthSeconds: 2,
    networkDeregistrationSeconds: 120,
  });
  const group = await aws.targetGroup({ Protocol: 'TCP' });
  const loadBalancer = await aws.loadBalancer({ Type: 'network' });
  await register(aws, group, { Id: '10.0.48.9' });
  await aws.listener(loadBalancer, { Protocol: 'TCP', DefaultActions: forward(group) });
  aws.clock.advance(181);
  expect(await health(aws, group)).toEqual(['10.0.48.9:8080 initial Elb.RegistrationInProgress']);
  aws.clock.advance(1);
  expect(await health(aws, group)).toEqual(['10.0.48.9:8080 healthy']);
  await deregister(aws, group, { Id: '10.0.48.9' });
  aws.clock.advance(119);
  expect(await health(aws, group)).toEqual(['10.0.48.9:8080 draining Target.DeregistrationInProgress']);
  aws.clock.advance(1);
  expect(await health(aws, group)).toEqual([]);
});

test('a draining target that is registered again serves again', async () => {
  await using aws = await Embedded.start();
  const group = await aws.targetGroup();
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(group) });
  await register(aws, group, { Id: '10.0.48.9' });
  await deregister(aws, group, { Id: '10.0.48.9' });
  await register(aws, group, { Id: '10.0.48.9' });
  aws.clock.advance(60);
  expect(await health(aws, group)).toEqual(['10.0.48.9:8080 healthy']);
});

test('two ports of one address are two targets, and an absent one is deregistered with success', async () => {
  await using aws = await Embedded.start();
  const group = await aws.targetGroup();
  await register(aws, group, { Id: '10.0.48.9', Port: 1 }, { Id: '10.0.48.9', Port: 2 });
  await deregister(aws, group, { Id: '10.0.48.9', Port: 1 });
  await deregister(aws, group, { Id: '10.0.48.9', Port: 3 });
  expect(await health(aws, group)).toEqual(['10.0.48.9:2 unused Target.NotInUse']);
  const asked = [{ Id: '10.0.48.9', Port: 1 }];
  expect(await health(aws, group, asked)).toEqual(['10.0.48.9:1 unused Target.NotRegistered']);
});

test('a target in a zone that the load balancer has left is unused', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await aws.loadBalancer();
  const group = await aws.targetGroup();
  await aws.listener(loadBalancer, { DefaultActions: forward(group) });
  await register(aws, group, { Id: '10.0.80.9' });
  aws.clock.advance(60);
  expect(await health(aws, group)).toEqual(['10.0.80.9:8080 healthy']);
  const Subnets = aws.seed.publicSubnetIds.slice(0, 2);
  await aws.elb.send(new SetSubnetsCommand({ LoadBalancerArn: loadBalancer, Subnets }));
  expect(await health(aws, group)).toEqual(['10.0.80.9:8080 unused Target.NotInUse']);
});

test.each<[string, TargetDescription, string]>([
  ['a public address', { Id: '8.8.8.8' }, 'InvalidTargetException'],
  ['a public address for all zones', { Id: '8.8.8.8', AvailabilityZone: 'all' }, 'InvalidTargetException'],
  ['an address of the VPC in no subnet, without a zone', { Id: '10.0.200.1' }, 'ValidationError'],
  ['an address of a subnet for all zones', { Id: '10.0.48.10', AvailabilityZone: 'all' }, 'ValidationError'],
  ['a private address outside the VPC without a zone', { Id: '192.168.0.1' }, 'ValidationError'],
  ['such an address in a zone there is not', { Id: '192.168.0.1', AvailabilityZone: 'mars-1a' }, 'ValidationError'],
  ['a name', { Id: 'app.example.test' }, 'ValidationError'],
  ['an IPv6 address', { Id: '2001:db8::1' }, 'ValidationError'],
  ['port 0', { Id: '10.0.48.9', Port: 0 }, 'ValidationError'],
])('%s is refused, and the valid target of the same call with it', async (_, target, error) => {
  await using aws = await Embedded.start();
  const group = await aws.targetGroup();
  expect(await refusal(register(aws, group, { Id: '10.0.48.9' }, target))).toBe(error);
  expect(await health(aws, group)).toEqual([]);
});

// kubernetes-sigs/aws-load-balancer-controller#3714
test.each([
  ['outside the VPC', '192.168.0.1'],
  ['of the VPC in no subnet', '10.0.200.1'],
])('a private address %s is registered with the zone all', async (_, Id) => {
  await using aws = await Embedded.start();
  const group = await aws.targetGroup();
  await register(aws, group, { Id, AvailabilityZone: 'all' });
  const described = await aws.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: group }));
  expect(described.TargetHealthDescriptions?.[0]?.Target?.AvailabilityZone).toBe('all');
});

test('an instance is registered when it exists', async () => {
  await using aws = await Embedded.start();
  const group = await aws.targetGroup({ TargetType: 'instance' });
  const { instanceId } = present(aws.seed.nodes[0]);
  await register(aws, group, { Id: instanceId, Port: 30_080 });
  expect(await health(aws, group)).toEqual([`${instanceId}:30080 unused Target.NotInUse`]);
  expect(await refusal(register(aws, group, { Id: 'i-0123456789abcdef0' }))).toBe('InvalidTargetException');
});

test('an IPv6 group takes only instances with a primary IPv6 address', async () => {
  await using aws = await Embedded.start();
  const group = await aws.targetGroup({ TargetType: 'instance', Protocol: 'TCP', IpAddressType: 'ipv6' });
  const { instanceId } = present(aws.seed.nodes[0]);
  expect(await refusal(register(aws, group, { Id: instanceId, Port: 30_080 }))).toBe('InvalidTargetException');
  const [SubnetId] = aws.seed.privateSubnetIds;
  const { Instances: [made] = [] } = await aws.ec2.send(
    new RunInstancesCommand({ ImageId: 'ami-1', MinCount: 1, MaxCount: 1, SubnetId, Ipv6AddressCount: 1 }),
  );
  await register(aws, group, { Id: made?.InstanceId, Port: 30_080 });
  expect(await health(aws, group)).toEqual([`${made?.InstanceId}:30080 unused Target.NotInUse`]);
});

test('the quotas of targets hold, a group’s and a load balancer’s', async () => {
  const quotas = { 'targets-per-target-group': 2, 'targets-per-application-load-balancer': 3 };
  await using aws = await Embedded.start({ quotas });
  const [a, b] = [await aws.targetGroup({ Name: 'a' }), await aws.targetGroup({ Name: 'b' })];
  const loadBalancer = await aws.loadBalancer();
  await aws.listener(loadBalancer, { DefaultActions: forward(a) });
  await aws.listener(loadBalancer, { Port: 81, DefaultActions: forward(b) });
  await register(aws, a, { Id: '10.0.48.9' }, { Id: '10.0.48.10' });
  expect(await refusal(register(aws, a, { Id: '10.0.48.11' }))).toBe('TooManyTargetsException');
  await register(aws, a, { Id: '10.0.48.9' });
  await register(aws, b, { Id: '10.0.48.9' });
  expect(await refusal(register(aws, b, { Id: '10.0.48.10' }))).toBe('TooManyTargetsException');
});
