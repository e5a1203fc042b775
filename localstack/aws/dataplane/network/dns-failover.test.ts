// docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html
import { Resolver } from 'node:dns/promises';
import {
  type CreateTargetGroupCommandInput,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward, present } from '../../testing/embedded.ts';
import { healthOf, startForwarding } from '../testing/forwarding.ts';
import { Echo, groupOf, nodeOf } from './testing/echo.ts';

const soon = { timeout: 20_000, interval: 100 };
const brisk: Partial<CreateTargetGroupCommandInput> = { HealthCheckIntervalSeconds: 5, UnhealthyThresholdCount: 2 };
const [zoneA, zoneB] = ['us-east-1a', 'us-east-1b'];

/** A load balancer in two zones, and the addresses that its name has. */
async function startNamed() {
  const aws = await startForwarding({ dns: '127.0.0.1:0' });
  const Subnets = aws.seed.publicSubnetIds.slice(0, 2);
  const loadBalancer = await aws.loadBalancer({ Type: 'network', Subnets });
  const resolver = new Resolver();
  resolver.setServers([present(aws.aws.dns)]);
  const addresses = async () => (await resolver.resolve4(present(aws.aws.reachable()[0]).dnsName)).toSorted();
  return { aws, loadBalancer, addresses };
}

const listen = (aws: Embedded, loadBalancer: string, Port: number, group: string) =>
  aws.listener(loadBalancer, { Protocol: 'TCP', Port, DefaultActions: forward(group) });

test('a zone where a target group has no healthy target leaves DNS, unless its attribute says otherwise', async () => {
  const { aws, loadBalancer, addresses } = await startNamed();
  await using _ = aws;
  await using echo = await Echo.start('10.0.48.9');
  const group = await groupOf(aws, [echo], brisk);
  await listen(aws, loadBalancer, 80, group);
  await vi.waitFor(async () => expect(await addresses()).toEqual([nodeOf(aws, zoneA)]), soon);
  const Key = 'target_group_health.dns_failover.minimum_healthy_targets.count';
  const Attributes = [{ Key, Value: 'off' }];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group, Attributes }));
  expect(await addresses()).toEqual([nodeOf(aws, zoneA), nodeOf(aws, zoneB)]);
}, 30_000);

test('a group without targets takes no zone out of DNS, and one whose targets all fail takes none either', async () => {
  const { aws, loadBalancer, addresses } = await startNamed();
  await using _ = aws;
  const group = await groupOf(aws, [], brisk);
  await listen(aws, loadBalancer, 80, group);
  const both = [nodeOf(aws, zoneA), nodeOf(aws, zoneB)];
  expect(await addresses()).toEqual(both);
  const failing = await groupOf(aws, [{ target: { Id: '10.0.48.9', Port: 8080 } }], { ...brisk, Name: 'failing' });
  await listen(aws, loadBalancer, 81, failing);
  await vi.waitFor(async () => expect((await healthOf(aws, failing))[0]).toMatch(/^unhealthy/), soon);
  expect(await addresses()).toEqual(both);
}, 30_000);
