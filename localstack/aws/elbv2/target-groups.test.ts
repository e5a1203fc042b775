// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html;
// docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
import {
  type CreateTargetGroupCommandInput,
  DeleteListenerCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupsCommand,
  ModifyListenerCommand,
  ModifyTargetGroupCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { absent, Embedded, forward, notFound, present } from '../testing/embedded.ts';

async function describe(aws: Embedded, arn: string) {
  const { TargetGroups } = await aws.elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }));
  return present(TargetGroups?.[0]);
}

test('health checks have the defaults of the protocol and its version', async () => {
  await using aws = await Embedded.start();
  expect(await describe(aws, await aws.targetGroup())).toMatchObject({
    ProtocolVersion: 'HTTP1',
    HealthCheckProtocol: 'HTTP',
    HealthCheckPort: 'traffic-port',
    HealthCheckPath: '/',
    HealthCheckIntervalSeconds: 30,
    HealthCheckTimeoutSeconds: 5,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    Matcher: { HttpCode: '200' },
  });
  expect(await describe(aws, await aws.targetGroup({ Name: 'grpc', ProtocolVersion: 'GRPC' }))).toMatchObject({
    HealthCheckPath: '/AWS.ALB/healthcheck',
    Matcher: { GrpcCode: '12' },
  });
});

test('creating a target group twice gives the same one, unless it is to be another', async () => {
  await using aws = await Embedded.start();
  const arn = await aws.targetGroup();
  expect(await aws.targetGroup()).toBe(arn);
  const DuplicateName = 'DuplicateTargetGroupNameException';
  expect(await refusal(aws.targetGroup({ Port: 9090 }))).toBe(DuplicateName);
  expect(await refusal(aws.targetGroup({ HealthCheckPath: '/ready' }))).toBe(DuplicateName);
});

test.each<[string, Partial<CreateTargetGroupCommandInput>]>([
  ['an absent VPC', { VpcId: 'vpc-0123456789abcdef0' }],
  ['port 0', { Port: 0 }],
  ['a name of 33 characters', { Name: 'x'.repeat(33) }],
  ['a protocol version over TCP', { Protocol: 'TCP', ProtocolVersion: 'HTTP2' }],
  ['an interval of 4 seconds', { HealthCheckIntervalSeconds: 4 }],
  ['a timeout as long as the interval', { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 5 }],
  ['a threshold of 11', { HealthyThresholdCount: 11 }],
  ['a path without slash', { HealthCheckPath: 'ready' }],
  ['a TCP health check of HTTP targets', { HealthCheckProtocol: 'TCP' }],
  ['a matcher of 500', { Matcher: { HttpCode: '200-500' } }],
  ['a gRPC matcher of HTTP targets', { Matcher: { GrpcCode: '0' } }],
  ['an HTTP matcher of gRPC targets', { ProtocolVersion: 'GRPC', Matcher: { HttpCode: '200' } }],
  ['a health check port of its own kind', { HealthCheckPort: 'http' }],
])('a target group with %s is refused', async (_, input) => {
  await using aws = await Embedded.start();
  expect(await refusal(aws.targetGroup(input))).toBe('ValidationError');
});

test('modifying a health check leaves what is not given', async () => {
  await using aws = await Embedded.start();
  const arn = await aws.targetGroup({ HealthCheckPath: '/ready' });
  await aws.elb.send(new ModifyTargetGroupCommand({ TargetGroupArn: arn, HealthCheckIntervalSeconds: 10 }));
  expect(await describe(aws, arn)).toMatchObject({ HealthCheckPath: '/ready', HealthCheckIntervalSeconds: 10 });
});

test('the load balancers of a target group follow the listeners, and keep it from being deleted', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await aws.loadBalancer();
  const arn = await aws.targetGroup();
  const remove = () => aws.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
  const ListenerArn = await aws.listener(loadBalancer, { DefaultActions: forward(arn) });
  expect((await describe(aws, arn)).LoadBalancerArns).toEqual([loadBalancer]);
  expect(await refusal(remove())).toBe('ResourceInUseException');
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: notFound }));
  expect((await describe(aws, arn)).LoadBalancerArns).toEqual([]);
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: forward(arn) }));
  await aws.elb.send(new DeleteListenerCommand({ ListenerArn }));
  await remove();
  await remove();
  expect(await refusal(describe(aws, arn))).toBe('TargetGroupNotFoundException');
});

test('target groups are found by load balancer and by name, and come in pages', async () => {
  await using aws = await Embedded.start();
  const loadBalancer = await aws.loadBalancer();
  const used = await aws.targetGroup({ Name: 'used' });
  for (const Name of ['b', 'c']) await aws.targetGroup({ Name });
  await aws.listener(loadBalancer, { DefaultActions: forward(used) });
  const find = async (input: { LoadBalancerArn?: string; Names?: string[]; PageSize?: number }) => {
    const { TargetGroups = [], NextMarker } = await aws.elb.send(new DescribeTargetGroupsCommand(input));
    return { names: TargetGroups.map((group) => group.TargetGroupName), more: NextMarker !== undefined };
  };
  expect((await find({ LoadBalancerArn: loadBalancer })).names).toEqual(['used']);
  expect(await find({ Names: ['c'] })).toEqual({ names: ['c'], more: false });
  expect(await find({ PageSize: 2 })).toEqual({ names: ['b', 'c'], more: true });
  expect(await refusal(find({ Names: ['c', 'nope'] }))).toBe('TargetGroupNotFoundException');
  expect(await refusal(find({ LoadBalancerArn: absent(loadBalancer) }))).toBe('LoadBalancerNotFoundException');
});

test('the quota of target groups holds', async () => {
  await using aws = await Embedded.start({ quotas: { 'target-groups': 1 } });
  await aws.targetGroup();
  expect(await refusal(aws.targetGroup({ Name: 'two' }))).toBe('TooManyTargetGroupsException');
});
