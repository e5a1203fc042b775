// Security groups. docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html,
// …/load-balancer-troubleshooting.html, HTTP 504
import { CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { SetSecurityGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward, notFound, present } from '../testing/embedded.ts';
import {
  admit,
  ask,
  Backend,
  defaultGroup,
  groupOf,
  healthOf,
  mapped,
  shutOut,
  startForwarding,
} from './testing/forwarding.ts';

const soon = { timeout: 15_000, interval: 100 };
const brisk = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, UnhealthyThresholdCount: 2 };

const becomes = (aws: Embedded, group: string, state: string) =>
  vi.waitFor(async () => expect(await healthOf(aws, group)).toEqual([state]), soon);

test('a target whose groups stop admitting the load balancer times out, and serves again when they do', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  const group = await groupOf(aws, [backend], brisk);
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(group) });
  await becomes(aws, group, 'healthy');
  expect((await ask(aws, '/')).status).toBe(200);
  await shutOut(aws, aws.seed.nodeSecurityGroupId);
  const before = backend.requests.length;
  const [answer] = await Promise.all([ask(aws, '/'), becomes(aws, group, 'unhealthy Target.Timeout')]);
  expect([answer.status, backend.requests.length]).toEqual([504, before]);
  const fromLoadBalancer = {
    IpProtocol: 'tcp',
    FromPort: 8080,
    ToPort: 8080,
    UserIdGroupPairs: [{ GroupId: await defaultGroup(aws) }],
  };
  await admit(aws, aws.seed.nodeSecurityGroupId, fromLoadBalancer);
  expect((await ask(aws, '/')).status).toBe(200);
  await shutOut(aws, aws.seed.nodeSecurityGroupId, fromLoadBalancer);
  const ofVpc = { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/16' }] };
  await admit(aws, aws.seed.nodeSecurityGroupId, ofVpc);
  expect((await ask(aws, '/')).status).toBe(200);
}, 40_000);

test('a client that the load balancer’s groups do not admit is not answered', async () => {
  await using aws = await startForwarding();
  const LoadBalancerArn = await aws.loadBalancer();
  await aws.listener(LoadBalancerArn, { DefaultActions: notFound });
  const { GroupId } = await aws.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'narrow', Description: 'narrow', VpcId: aws.seed.vpcId }),
  );
  const narrow = present(GroupId);
  await admit(aws, narrow, { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.0.64.0/24' }] });
  expect((await ask(aws, '/')).status).toBe(404);
  await aws.elb.send(new SetSecurityGroupsCommand({ LoadBalancerArn, SecurityGroups: [narrow] }));
  const asked = ask(aws, '/', { signal: AbortSignal.timeout(500) });
  await expect(asked).rejects.toThrow('aborted');
  expect((await ask(aws, '/', { from: mapped('10.0.64.7') })).status).toBe(404);
});
