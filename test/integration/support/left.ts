// Everything of Gatehouse in AWS, for all Gateways: empty after the last Gateway is gone.
import type { Aws } from '../../../localstack/aws/server.ts';

const clusterTag = 'gatehouse.dev/cluster';

interface Tagged {
  readonly tags: ReadonlyMap<string, string>;
}

/** The logical id of each resource: `load-balancer/internal`. */
export function everythingOfOurs(aws: Aws): readonly string[] {
  const { elbv2, ec2, acm } = aws.world();
  const kinds: readonly ReadonlyMap<string, Tagged>[] = [
    elbv2.loadBalancers,
    elbv2.listeners,
    elbv2.rules,
    elbv2.targetGroups,
    acm.certificates,
    ec2.securityGroups,
    ec2.securityGroupRules,
  ];
  return kinds
    .flatMap((all) => [...all.values()])
    .flatMap(({ tags }) => {
      if (!tags.has(clusterTag)) return [];
      const [gateway, resource] = ['gateway', 'resource'].map((tag) => tags.get(`gatehouse.dev/${tag}`) ?? '-');
      return [`${gateway} ${resource}`];
    })
    .toSorted();
}
