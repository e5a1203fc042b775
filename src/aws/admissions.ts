// What lets the load balancers' traffic in: one security group for the whole cluster, which every load balancer carries,
// and on the groups of nodes and pods one rule each that admits it. These rules, tagged ours, are all that is ever changed
// in what is not ours.

import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { Problem } from '../gateway/problem.ts';
import type { AwsClients } from './clients.ts';
import { AwsError, isAlreadyExists, isInUse, isNotFound, toProblem } from './errors.ts';
import type { Held } from './execute/execute.ts';
import { pages, securityGroups } from './inventory/describe.ts';
import { awsName, type ClusterIdentity, clusterPrefix, resourceId } from './model/naming.ts';
import { TAG } from './observed.ts';
import { fromTagList, ownerOf, ownershipTags, toTagList } from './tags.ts';

const backendId = resourceId('security-group', 'backend');

export type BackendSecurityGroup =
  | { readonly kind: 'ready'; readonly groupId: string }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** Finds or makes the group that every load balancer of the cluster carries. @throws AwsError */
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
    // The answer to our own first attempt was lost.
    const [made] = isAlreadyExists(error) ? await securityGroups(clients, filters) : [];
    if (made === undefined) throw error;
    return ifOurs(made, cluster, name);
  }
}

/** Undefined where there is none yet. */
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

/** Where load balancers must reach: a group of nodes or pods, and a target's port. */
export interface Reach {
  readonly groupId: string;
  readonly targetType: 'ip' | 'instance';
  readonly port: number;
}

/** One rule a security group: it admits the backend group to these TCP ports. */
export interface Admission {
  readonly groupId: string;
  readonly fromPort: number;
  readonly toPort: number;
}

export interface ExistingAdmission extends Admission {
  readonly ruleId: string;
  /** The group that it admits. */
  readonly source: string;
}

/** Kubernetes' default range of node ports: one rule for all of them, whichever are in use. */
const nodePorts = { fromPort: 30_000, toPort: 32_767 };

/** The least range a group that covers what is in use: a group has room for few rules. */
export function desiredAdmissions(reaches: Iterable<Reach>): readonly Admission[] {
  const admissions = new Map<string, Admission>();
  for (const { groupId, targetType, port } of reaches) {
    const fits = targetType === 'instance' && port >= nodePorts.fromPort && port <= nodePorts.toPort;
    const range = fits ? nodePorts : { fromPort: port, toPort: port };
    admissions.set(groupId, cover({ groupId, ...range }, admissions.get(groupId)));
  }
  return [...admissions.values()];
}

const cover = (one: Admission, other: Admission = one): Admission => ({
  groupId: one.groupId,
  fromPort: Math.min(one.fromPort, other.fromPort),
  toPort: Math.max(one.toPort, other.toPort),
});

export interface AdmissionsDiff {
  readonly authorize: readonly Admission[];
  readonly revoke: readonly ExistingAdmission[];
}

/**
 * @param complete whether `desired` is everything: until all Gateways have been seen, what exists is still needed, and is
 *   only ever widened
 */
export function admissionsDiff(
  desired: readonly Admission[],
  existing: readonly ExistingAdmission[],
  source: string,
  complete: boolean,
): AdmissionsDiff {
  const wanted = new Map(desired.map((admission) => [admission.groupId, admission]));
  if (!complete) {
    for (const { groupId, fromPort, toPort } of existing.filter((each) => each.source === source)) {
      wanted.set(groupId, cover({ groupId, fromPort, toPort }, wanted.get(groupId)));
    }
  }
  const isWanted = (each: ExistingAdmission) => {
    const admission = wanted.get(each.groupId);
    return each.source === source && each.fromPort === admission?.fromPort && each.toPort === admission.toPort;
  };
  const kept = new Set(existing.filter(isWanted).map(({ groupId }) => groupId));
  return {
    authorize: [...wanted.values()].filter(({ groupId }) => !kept.has(groupId)),
    revoke: existing.filter((each) => !isWanted(each) && (complete || each.source === source)),
  };
}

/** Keeps the rules as they should be; remembers them, so that nothing is read but once. */
export class Admissions {
  readonly #clients: AwsClients;
  readonly #cluster: ClusterIdentity;
  #existing: readonly ExistingAdmission[] | undefined;

  constructor(clients: AwsClients, cluster: ClusterIdentity) {
    this.#clients = clients;
    this.#cluster = cluster;
  }

  /**
   * Reads the rules again. @returns the groups that someone else has taken a rule from
   * @throws AwsError
   */
  async audit(): Promise<readonly string[]> {
    const before = this.#existing ?? [];
    const found = await this.#read();
    const present = new Set(found.map(({ ruleId }) => ruleId));
    const absent = before.filter(({ ruleId }) => !present.has(ruleId));
    const settling = absent.filter(({ ruleId }) => this.#clients.writes.isRecent(ruleId));
    this.#existing = [...found, ...settling];
    return absent.flatMap((rule) => (settling.includes(rule) ? [] : [rule.groupId]));
  }

  /**
   * Admits first, then shuts out. Not to be called again before it has ended.
   * @param source the cluster's backend group
   * @param held groups whose rules stay as they are for now
   * @returns what AWS refused, by group: the others are as they should be
   * @throws AwsError when the rules can't be read
   */
  async bring(
    desired: readonly Admission[],
    source: string,
    complete: boolean,
    held: ReadonlySet<string> = new Set(),
  ): Promise<ReadonlyMap<string, Problem>> {
    this.#existing ??= await this.#read();
    const { authorize, revoke } = admissionsDiff(desired, this.#existing, source, complete);
    const failed = new Map<string, Problem>();
    const attempt = async (groupId: string, work: () => Promise<void>) => {
      try {
        if (!failed.has(groupId) && !held.has(groupId)) await work();
      } catch (error) {
        if (!(error instanceof AwsError) || error.kind === 'lease-lost') throw error;
        failed.set(groupId, toProblem(error, resourceId('admission', groupId)));
      }
    };
    for (const admission of authorize) {
      await attempt(admission.groupId, () => this.#authorize(admission, source));
    }
    for (const rule of revoke) await attempt(rule.groupId, () => this.#revoke(rule));
    return failed;
  }

  async #authorize({ groupId, fromPort, toPort }: Admission, source: string): Promise<void> {
    try {
      const { SecurityGroupRules: rules = [] } = await this.#clients.ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: groupId,
          IpPermissions: [
            {
              IpProtocol: 'tcp',
              FromPort: fromPort,
              ToPort: toPort,
              UserIdGroupPairs: [
                {
                  GroupId: source,
                  Description: `Load balancers of cluster ${this.#cluster.clusterName}`.slice(0, 255),
                },
              ],
            },
          ],
          TagSpecifications: [
            {
              ResourceType: 'security-group-rule',
              Tags: toTagList(ownershipTags(this.#cluster, resourceId('admission', groupId))),
            },
          ],
        }),
      );
      this.#existing = [...(this.#existing ?? []), ...rules.flatMap(existingAdmission)];
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      // Ours, and its answer was lost; or someone else's, which does as well and is not ours to take away.
      this.#existing = await this.#read();
    }
  }

  async #revoke({ groupId, ruleId }: ExistingAdmission): Promise<void> {
    try {
      await this.#clients.ec2.send(
        new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds: [ruleId] }),
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#existing = this.#existing?.filter((rule) => rule.ruleId !== ruleId);
  }

  #read(): Promise<readonly ExistingAdmission[]> {
    return existingAdmissions(this.#clients, this.#cluster);
  }
}

/** The cluster's rules, on whichever groups. @throws AwsError */
export async function existingAdmissions(
  clients: AwsClients,
  cluster: ClusterIdentity,
): Promise<readonly ExistingAdmission[]> {
  const rules = await pages(async (NextToken) => {
    const page = await clients.ec2.send(
      new DescribeSecurityGroupRulesCommand({
        Filters: [{ Name: `tag:${TAG.clusterUid}`, Values: [cluster.clusterUid] }],
        MaxResults: 1000,
        NextToken,
      }),
    );
    return [page.SecurityGroupRules, page.NextToken];
  });
  return rules.filter(({ Tags }) => ownerOf(fromTagList(Tags), cluster).kind === 'ours').flatMap(existingAdmission);
}

function existingAdmission(rule: SecurityGroupRule): ExistingAdmission[] {
  const { SecurityGroupRuleId: ruleId, GroupId: groupId, FromPort: fromPort, ToPort: toPort } = rule;
  const source = rule.ReferencedGroupInfo?.GroupId;
  if (ruleId === undefined || groupId === undefined || fromPort === undefined || toPort === undefined) return [];
  if (source === undefined || rule.IsEgress === true) return [];
  return [{ ruleId, groupId, fromPort, toPort, source }];
}

/**
 * Removes the cluster's backend group, for when no load balancer carries it any more.
 * @returns it, if AWS still holds on to it, as it does for a while after the last load balancer is gone
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
