// Resources that may outlive their Gateway, by AWS's own lists, which do not lag like the tagging index.
import type { AwsClients } from '../clients.ts';
import { type ClusterIdentity, clusterPrefix } from '../model/naming.ts';
import { TAG } from '../observed.ts';
import { fromTagList } from '../tags.ts';
import { allLoadBalancers, allTargetGroups, securityGroups } from './describe.ts';
import { loadBalancerCandidate, recordsOf, securityGroupCandidate, targetGroupCandidate } from './read.ts';
import type { OwnedRecord } from './records.ts';

interface Account {
  readonly clients: AwsClients;
  readonly cluster: ClusterIdentity;
}

export async function loadBalancersLeft({ clients, cluster }: Account): Promise<readonly OwnedRecord[]> {
  const prefix = clusterPrefix(cluster);
  const found = await allLoadBalancers(clients);
  const candidates = found.flatMap((each) => loadBalancerCandidate(each, prefix, new Map()));
  return (await recordsOf(clients, cluster, candidates, new Map())).records;
}

/** Load balancers, target groups and security groups of the cluster. Listeners and rules go with their load balancer. */
export async function leftOf({ clients, cluster }: Account): Promise<readonly OwnedRecord[]> {
  const prefix = clusterPrefix(cluster);
  const [loadBalancers, targetGroups, groups] = await Promise.all([
    allLoadBalancers(clients),
    allTargetGroups(clients),
    securityGroups(clients, [{ Name: `tag:${TAG.clusterUid}`, Values: [cluster.clusterUid] }]),
  ]);
  const candidates = [
    ...loadBalancers.flatMap((found) => loadBalancerCandidate(found, prefix, new Map())),
    ...targetGroups.flatMap((found) => targetGroupCandidate(found, prefix, new Map())),
    ...groups.flatMap(securityGroupCandidate),
  ];
  const tags = new Map(groups.map((group) => [group.GroupId ?? '', fromTagList(group.Tags)]));
  const { records } = await recordsOf(clients, cluster, candidates, tags);
  return records;
}
