import { AllocateAddressCommand } from '@aws-sdk/client-ec2';
import { CreateLoadBalancerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { eachTestOnAws } from '../aws/testing/aws-under-test.ts';
import { readLoadBalancers } from './live-load-balancer.ts';

const rig = eachTestOnAws();

test('a load balancer is found by its static address and by its DNS name', async () => {
  const { clients } = await rig.start();
  const { AllocationId, PublicIp = '' } = await clients.ec2.send(new AllocateAddressCommand({}));
  const SubnetMappings = [{ SubnetId: rig.seed.publicSubnetIds[0], AllocationId }];
  const { LoadBalancers: [made] = [] } = await clients.elbv2.send(
    new CreateLoadBalancerCommand({ Name: 'web', Type: 'network', SubnetMappings }),
  );
  const found = await readLoadBalancers(clients, new Set([PublicIp, made?.DNSName ?? '', '192.0.2.1']));
  expect([...found.keys()].toSorted()).toEqual([PublicIp, made?.DNSName ?? ''].toSorted());
  expect(found.get(PublicIp)).toMatchObject({ name: 'web', arn: made?.LoadBalancerArn });
});
