// AWS keeps the contract, on the embedded AWS over the wire.

import { readFaultPlan } from '../../localstack/aws/faults/plan.ts';
import { listenerPort } from '../gateway/listener-protocols.ts';
import { describeProvider } from '../provider/contract.ts';
import { openAws } from './provider.ts';
import { awsUnderTest } from './testing/aws-under-test.ts';
import { nodesOf } from './testing/term-under-test.ts';

const ours = 'gatehouse.dev/resource';
const provisioningMs = 1000;

describeProvider('AWS', async () => {
  const rig = await awsUnderTest();
  const { aws, seed } = rig;
  const { elbv2, ec2 } = aws.world();
  return {
    controllerName: 'gatehouse.dev/aws',
    flags: { 'aws-region': seed.region },
    env: { AWS_EC2_METADATA_DISABLED: 'true' },
    nodes: nodesOf(rig),
    addresses: ['10.0.1.50', '10.0.1.51'],
    open: openAws,
    writes: () => aws.calls.counts().writes,
    picture: async () => {
      const owned = [
        ...elbv2.loadBalancers.values(),
        ...elbv2.listeners.values(),
        ...elbv2.rules.values(),
        ...elbv2.targetGroups.values(),
        ...ec2.securityGroups.values(),
        ...ec2.securityGroupRules.values(),
      ].filter(({ tags }) => tags.has(ours));
      const targets = [...elbv2.targetGroups.values()].flatMap((group) => [...group.targets.keys()]);
      return [...owned.map(({ tags }) => JSON.stringify(Object.fromEntries(tags))), ...targets].toSorted();
    },
    serving: async () => {
      const active = [...elbv2.loadBalancers.values()].filter(({ activeAt }) => activeAt <= Date.now());
      const arns = new Set(active.map(({ arn }) => arn));
      const listeners = [...elbv2.listeners.values()].filter(({ loadBalancerArn }) => arns.has(loadBalancerArn));
      return new Set(listeners.map(({ port }) => listenerPort('HTTP', port)));
    },
    members: (service) =>
      [...elbv2.targetGroups.values()]
        .filter(({ tags }) => tags.get(ours)?.includes(`/${service}/`))
        .flatMap(({ targets }) => [...targets.values()])
        .filter(({ drainingUntil }) => drainingUntil === undefined)
        .map(({ id }) => id),
    refuseOnePort: () => {
      const rule = { kind: 'error', action: 'CreateListener', status: 400, code: 'ValidationError', times: 1 };
      aws.faults.set(readFaultPlan({ rules: [rule] }));
    },
    provisionSlowly: async () => {
      aws.faults.set(readFaultPlan({ provisioningSeconds: provisioningMs / 1000 }));
      return () => new Promise((resolve) => setTimeout(resolve, provisioningMs));
    },
    close: rig.close,
  };
});
