// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html and its siblings.
import { CreateSubnetCommand, DeleteSecurityGroupCommand, DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2';
import {
  DeleteLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  ModifyLoadBalancerAttributesCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { absent, Embedded, present } from '../testing/embedded.ts';

async function describe(aws: Embedded, arn: string) {
  const described = await aws.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }));
  return present(described.LoadBalancers?.[0]);
}

test('a new load balancer is provisioning, and active a while later', async () => {
  await using aws = await Embedded.start({ provisioningSeconds: 3 });
  const arn = await aws.loadBalancer();
  expect((await describe(aws, arn)).State?.Code).toBe('provisioning');
  aws.clock.advance(3);
  expect((await describe(aws, arn)).State?.Code).toBe('active');
});

test('a load balancer has the zones of its subnets, the VPC default group and a DNS name by its scheme', async () => {
  await using aws = await Embedded.start();
  const open = await describe(aws, await aws.loadBalancer());
  expect(open.AvailabilityZones?.map((zone) => zone.ZoneName)).toEqual(['us-east-1a', 'us-east-1b', 'us-east-1c']);
  expect(open.SecurityGroups).toHaveLength(1);
  expect(open.DNSName).toMatch(/^web-[0-9]+\.us-east-1\.elb\.amazonaws\.com$/);
  expect(open.CanonicalHostedZoneId).toBe('Z35SXDOTRQ7X7K');
  const internal = await describe(aws, await aws.loadBalancer({ Name: 'inner', Scheme: 'internal' }));
  expect(internal.DNSName).toMatch(/^internal-inner-/);
});

test('creating a load balancer twice gives the same one, unless it is to be another', async () => {
  await using aws = await Embedded.start();
  const arn = await aws.loadBalancer();
  expect(await aws.loadBalancer()).toBe(arn);
  expect(await refusal(aws.loadBalancer({ Scheme: 'internal' }))).toBe('DuplicateLoadBalancerNameException');
});

test.each([
  ['a name that is too long', { Name: 'x'.repeat(33) }, 'ValidationError'],
  ['a name with an underscore', { Name: 'a_b' }, 'ValidationError'],
  ['a name that ends in a hyphen', { Name: 'web-' }, 'ValidationError'],
  ['a name that begins with internal-', { Name: 'internal-web' }, 'ValidationError'],
  ['an absent subnet', { Subnets: ['subnet-0123456789abcdef0'] }, 'SubnetNotFoundException'],
  ['an absent security group', { SecurityGroups: ['sg-0123456789abcdef0'] }, 'InvalidSecurityGroupException'],
  ['no subnets', { Subnets: [] }, 'ValidationError'],
  ['a tag key of AWS', { Tags: [{ Key: 'aws:x', Value: 'y' }] }, 'ValidationError'],
  [
    'a tag key twice',
    {
      Tags: [
        { Key: 'x', Value: '1' },
        { Key: 'x', Value: '2' },
      ],
    },
    'DuplicateTagKeysException',
  ],
])('a load balancer with %s is refused', async (_, input, error) => {
  await using aws = await Embedded.start();
  expect(await refusal(aws.loadBalancer(input))).toBe(error);
});

test('an Application Load Balancer needs two zones, and one subnet in each', async () => {
  await using aws = await Embedded.start();
  const [a = '', b = ''] = aws.seed.publicSubnetIds;
  const [privateA = ''] = aws.seed.privateSubnetIds;
  expect(await refusal(aws.loadBalancer({ Subnets: [a] }))).toBe('ValidationError');
  expect(await refusal(aws.loadBalancer({ Subnets: [a, privateA, b] }))).toBe('InvalidConfigurationRequestException');
});

test('a subnet without eight free addresses is refused', async () => {
  await using aws = await Embedded.start();
  const request = new CreateSubnetCommand({
    VpcId: aws.seed.vpcId,
    CidrBlock: '10.0.255.0/28',
    AvailabilityZone: 'us-east-1a',
  });
  const subnet = present((await aws.ec2.send(request)).Subnet?.SubnetId);
  const Subnets = [subnet, present(aws.seed.publicSubnetIds[1])];
  await aws.loadBalancer({ Name: 'one', Subnets });
  await aws.loadBalancer({ Name: 'two', Subnets });
  await aws.loadBalancer({ Name: 'three', Subnets });
  await aws.loadBalancer({ Name: 'four', Subnets });
  expect(await refusal(aws.loadBalancer({ Name: 'five', Subnets }))).toBe('InvalidSubnetException');
});

test('a load balancer has an interface a subnet, which keeps its security group from being deleted', async () => {
  await using aws = await Embedded.start();
  const group = aws.seed.nodeSecurityGroupId;
  const arn = await aws.loadBalancer({ SecurityGroups: [group] });
  const Filters = [{ Name: 'description', Values: ['ELB app/web/*'] }];
  const interfaces = async () =>
    (await aws.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces ?? [];
  expect(await interfaces()).toHaveLength(3);
  expect(await refusal(aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId: group })))).toBe('DependencyViolation');
  const Subnets = aws.seed.publicSubnetIds.slice(0, 2);
  await aws.elb.send(new SetSubnetsCommand({ LoadBalancerArn: arn, Subnets }));
  expect(await interfaces()).toHaveLength(2);
  const none = new SetSecurityGroupsCommand({ LoadBalancerArn: arn, SecurityGroups: ['sg-0123456789abcdef0'] });
  expect(await refusal(aws.elb.send(none))).toBe('InvalidSecurityGroupException');
});

test('deletion protection keeps a load balancer, and deleting an absent one succeeds', async () => {
  await using aws = await Embedded.start();
  const arn = await aws.loadBalancer();
  const protect = (Value: string) =>
    aws.elb.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: arn,
        Attributes: [{ Key: 'deletion_protection.enabled', Value }],
      }),
    );
  await protect('true');
  const remove = () => aws.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
  expect(await refusal(remove())).toBe('OperationNotPermittedException');
  await protect('false');
  await remove();
  await remove();
  expect(await refusal(describe(aws, arn))).toBe('LoadBalancerNotFoundException');
});

test('load balancers come in pages, and one deleted meanwhile hides no other', async () => {
  await using aws = await Embedded.start();
  for (const Name of ['a', 'b', 'c']) await aws.loadBalancer({ Name });
  const first = await aws.elb.send(new DescribeLoadBalancersCommand({ PageSize: 1 }));
  const firstArn = present(first.LoadBalancers?.[0]?.LoadBalancerArn);
  await aws.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: firstArn }));
  const { NextMarker: Marker } = first;
  const rest = await aws.elb.send(new DescribeLoadBalancersCommand({ PageSize: 2, Marker }));
  expect(rest.LoadBalancers?.map((each) => each.LoadBalancerName)).toEqual(['b', 'c']);
  expect(rest.NextMarker).toBeUndefined();
  expect(await refusal(aws.elb.send(new DescribeLoadBalancersCommand({ PageSize: 401 })))).toBe('ValidationError');
});

test('unknown names and ARNs are refused, and text that is no ARN is invalid', async () => {
  await using aws = await Embedded.start();
  const arn = await aws.loadBalancer();
  const named = aws.elb.send(new DescribeLoadBalancersCommand({ Names: ['web', 'nope'] }));
  expect(await refusal(named)).toBe('LoadBalancerNotFoundException');
  expect(await refusal(describe(aws, absent(arn)))).toBe('LoadBalancerNotFoundException');
  expect(await refusal(describe(aws, 'web'))).toBe('ValidationError');
});

test('the quota of load balancers holds', async () => {
  await using aws = await Embedded.start({ quotas: { 'application-load-balancers': 1 } });
  await aws.loadBalancer();
  expect(await refusal(aws.loadBalancer({ Name: 'two' }))).toBe('TooManyLoadBalancersException');
});
