// The backend security group. A cluster has only one. Every load balancer has it, and nodes and pods admit it.
import { CreateSecurityGroupCommand, DeleteSecurityGroupCommand, type SecurityGroup } from '@aws-sdk/client-ec2';
import type { AwsClients } from '../clients.ts';
import { isAlreadyExists, isInUse, isNotFound } from '../errors.ts';
import type { Held } from '../execute/run.ts';
import { securityGroups } from '../inventory/describe.ts';
import { awsName, type ClusterIdentity, clusterPrefix, resourceId } from '../model/naming.ts';
import { TAG } from '../observed.ts';
import type { Problem } from '../problem.ts';
import { fromTagList, ownerOf, ownershipTags, toTagList } from '../tags.ts';

const backendId = resourceId('security-group', 'backend');

export type BackendSecurityGroup =
  | { readonly kind: 'ready'; readonly groupId: string }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** Finds the cluster's backend group, or creates it. @throws AwsError */
export async function ensureBackendSecurityGroup(
  clients: AwsClients,
  cluster: ClusterIdentity,
  vpcId: string,
): Promise<BackendSecurityGroup> {
  const found = await findBackendSecurityGroup(clients, cluster, vpcId);
  if (found !== undefined) return found;
  const { name, filters } = backendGroupOf(cluster, vpcId);
  try {
    const { GroupId } = await clients.ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: name,
        Description: `Load balancers of cluster ${cluster.clusterName}`.slice(0, 255),
        VpcId: vpcId,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: toTagList(ownershipTags(cluster, backendId)) }],
      }),
    );
    if (GroupId === undefined) throw new Error(`AWS gave no id for security group ${name}`);
    return { kind: 'ready', groupId: GroupId };
  } catch (error) {
    // The answer to our first attempt was lost.
    const [made] = isAlreadyExists(error) ? await securityGroups(clients, filters) : [];
    if (made === undefined) throw error;
    return ifOurs(made, cluster, name);
  }
}

/** Undefined if the cluster has no backend group yet. */
export async function findBackendSecurityGroup(
  clients: AwsClients,
  cluster: ClusterIdentity,
  vpcId: string,
): Promise<BackendSecurityGroup | undefined> {
  const { name, filters } = backendGroupOf(cluster, vpcId);
  const [found] = await securityGroups(clients, filters);
  return found && ifOurs(found, cluster, name);
}

function backendGroupOf(cluster: ClusterIdentity, vpcId: string) {
  const name = awsName(`${clusterPrefix(cluster)}-`, 'backend', [backendId, vpcId]);
  const filters = [
    { Name: 'group-name', Values: [name] },
    { Name: 'vpc-id', Values: [vpcId] },
  ];
  return { name, filters };
}

function ifOurs(group: SecurityGroup, cluster: ClusterIdentity, name: string): BackendSecurityGroup {
  const { GroupId: groupId = '' } = group;
  if (ownerOf(fromTagList(group.Tags), cluster).kind === 'ours') return { kind: 'ready', groupId };
  return { kind: 'failed', problem: { kind: 'name-taken', resource: backendId, name, arn: groupId } };
}

/**
 * Removes the cluster's backend group. Call it when no load balancer has it any more.
 * @returns the group, if AWS refuses because it is still in use. This lasts a while after the last load balancer is gone
 * @throws AwsError
 */
export async function removeBackendSecurityGroup(
  clients: AwsClients,
  cluster: ClusterIdentity,
): Promise<Held | undefined> {
  const groups = await securityGroups(clients, [
    { Name: `tag:${TAG.clusterUid}`, Values: [cluster.clusterUid] },
    { Name: `tag:${TAG.resource}`, Values: [backendId] },
  ]);
  for (const { GroupId = '', Tags } of groups) {
    if (ownerOf(fromTagList(Tags), cluster).kind !== 'ours') continue;
    try {
      await clients.ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    } catch (error) {
      if (isInUse(error)) return { resource: backendId, arn: GroupId, detail: error.detail };
      if (!isNotFound(error)) throw error;
    }
  }
  return undefined;
}
