// The rules on the security groups of nodes and pods that admit the cluster's backend group, and so the load balancers'
// traffic. These rules have our tags. They are the only change that Gatehouse makes to resources of others.

import {
  AuthorizeSecurityGroupIngressCommand,
  type AuthorizeSecurityGroupIngressRequest,
  DescribeSecurityGroupRulesCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { AwsClients } from '../clients.ts';
import { AwsError, isAlreadyExists, isNotFound, isQuotaReached, toProblem } from '../errors.ts';
import { inParts } from '../in-parts.ts';
import { pages } from '../inventory/describe.ts';
import { type PresentRule, presentRules } from '../inventory/ingress-rules.ts';
import { type ClusterIdentity, resourceId } from '../model/naming.ts';
import { DEFAULT_QUOTAS } from '../model/options.ts';
import { TAG } from '../observed.ts';
import type { Problem } from '../problem.ts';
import { fromTagList, ownerOf, ownershipTags, toTagList } from '../tags.ts';
import {
  type Admission,
  admissionKey,
  admissionsDiff,
  type ExistingAdmission,
  portsOf,
  type Reach,
  widened,
} from './admission-ranges.ts';

/** Applies the rules, and remembers them, so that they are read only once. */
export class Admissions {
  readonly #clients: AwsClients;
  readonly #cluster: ClusterIdentity;
  #existing: readonly ExistingAdmission[] | undefined;
  /** For groups that had too little room: how many of our rules fit. */
  readonly #limits = new Map<string, number>();
  /** Groups whose limit may have changed. The next change tries again; the new limit alone causes no change. */
  readonly #oldLimits = new Set<string>();
  /** Groups that may have more room than AWS's default. The first audit forgets their limit, so AWS is asked once. */
  readonly #mayExceed = new Set<string>();
  readonly #widened = new Map<string, readonly string[]>();
  /** Rules that others have made. */
  readonly #foreign = new Map<string, Admission & { readonly source: string }>();
  /** The cluster's backend group. */
  #source = '';

  constructor(clients: AwsClients, cluster: ClusterIdentity) {
    this.#clients = clients;
    this.#cluster = cluster;
  }

  /** Reads the rules again. @returns the groups from which someone else has removed a rule. @throws AwsError */
  async audit(): Promise<readonly string[]> {
    const known = this.#existing;
    const found = known === undefined ? await this.#known() : await this.#read();
    const before = known ?? found;
    const present = new Set(found.map(({ ruleId }) => ruleId));
    const absent = before.filter(({ ruleId }) => !present.has(ruleId));
    const notYetVisible = absent.filter(({ ruleId }) => this.#clients.writes.isRecent(ruleId));
    this.#existing = [...found, ...notYetVisible];
    // Rules of others may be gone: the next attempt shows it.
    this.#foreign.clear();
    await this.#forgetLimits();
    return absent.flatMap((rule) => (notYetVisible.includes(rule) ? [] : [rule.groupId]));
  }

  /**
   * Authorizes first, then revokes, if there is room for both. Do not call it again before it has ended.
   * @param source the cluster's backend group
   * @param held groups whose rules stay as they are for now
   * @returns AWS's refusals, by group; the other groups have their desired rules
   * @throws AwsError if the rules cannot be read
   */
  async apply(
    desired: readonly Admission[],
    source: string,
    complete: boolean,
    held: ReadonlySet<string> = new Set(),
  ): Promise<ReadonlyMap<string, Problem>> {
    const existing = await this.#known();
    this.#source = source;
    const failed = new Map<string, Problem>();
    const byGroup = Map.groupBy(desired, ({ groupId }) => groupId);
    const groups = new Set([...byGroup.keys(), ...existing.map(({ groupId }) => groupId)]);
    for (const groupId of groups.difference(held)) {
      try {
        const left = await this.#applyGroup(groupId, byGroup.get(groupId) ?? [], { source, complete });
        if (left.length > 0) failed.set(groupId, noRoom(groupId, left));
      } catch (error) {
        if (!(error instanceof AwsError) || error.kind === 'lease-lost') throw error;
        failed.set(groupId, toProblem(error, resourceId('admission', groupId)));
      }
    }
    return failed;
  }

  /** The port ranges that are open because the group has no room for one rule per port. */
  widened(groupId: string): readonly string[] {
    return this.#widened.get(groupId) ?? [];
  }

  /** Whether a known rule admits the load balancers there. */
  admits({ groupId, protocol, port }: Reach): boolean {
    const isOpen = (each: Admission) => each.protocol === protocol && each.fromPort <= port && port <= each.toPort;
    return [...(this.#existing ?? []), ...this.#foreign.values()].some(
      (each) => each.groupId === groupId && isOpen(each) && each.source === this.#source,
    );
  }

  /** @returns the ports without room */
  async #applyGroup(
    groupId: string,
    desired: readonly Admission[],
    { source, complete }: { readonly source: string; readonly complete: boolean },
  ): Promise<readonly Admission[]> {
    const plan = () =>
      admissionsDiff(desired, this.#ours(groupId), source, { complete, limit: this.#limits.get(groupId) });
    let free = Number.POSITIVE_INFINITY;
    let diff = plan();
    if (diff.authorize.length + diff.left.length > 0 && this.#oldLimits.delete(groupId)) {
      this.#limits.delete(groupId);
      diff = plan();
    }
    const isBeyond = this.#ours(groupId).length + diff.authorize.length > DEFAULT_QUOTAS.rulesPerSecurityGroup;
    if (isBeyond && !this.#limits.has(groupId) && !this.#mayExceed.has(groupId)) {
      free = await this.#assumeLimit(groupId);
      diff = plan();
    }
    for (let isDone = false; !isDone; ) {
      const fits = diff.authorize.length <= free;
      // Without room for both, old rules are revoked first: for a moment the new ports are closed.
      if (!fits) await this.#revoke(groupId, diff.revoke);
      try {
        await this.#authorize(groupId, diff.authorize, source);
        isDone = true;
      } catch (error) {
        if (!isQuotaReached(error)) throw error;
        free = await this.#learnLimit(groupId, error, fits && Number.isFinite(free));
        diff = plan();
      }
    }
    await this.#revoke(groupId, diff.revoke);
    this.#widened.set(groupId, widened(diff.admissions, desired));
    return diff.left;
  }

  async #known(): Promise<readonly ExistingAdmission[]> {
    if (this.#existing !== undefined) return this.#existing;
    this.#existing = await this.#read();
    for (const [groupId, rules] of Map.groupBy(this.#existing, (each) => each.groupId)) {
      if (rules.every(({ fromPort, toPort }) => fromPort === toPort)) continue;
      // An earlier process had no room for one rule per port.
      this.#limits.set(groupId, rules.length);
      this.#oldLimits.add(groupId);
      this.#mayExceed.add(groupId);
    }
    return this.#existing;
  }

  /** Forgets the limits of groups that have more room now. */
  async #forgetLimits(): Promise<void> {
    const groups = [...this.#limits.keys()];
    if (groups.length === 0) return;
    const present = await presentRules(this.#clients, groups);
    for (const [groupId, limit] of this.#limits) {
      this.#oldLimits.add(groupId);
      const free = freeIn(present.filter((each) => each.groupId === groupId));
      if (this.#ours(groupId).length + free - 1 > limit || !this.#mayExceed.has(groupId)) this.#limits.delete(groupId);
      this.#mayExceed.add(groupId);
    }
  }

  /**
   * Assumes AWS's default limit, because then no refused call is needed to learn the limit.
   * @returns how many rules have room beside the existing ones
   */
  async #assumeLimit(groupId: string): Promise<number> {
    const free = freeIn(await presentRules(this.#clients, [groupId]));
    const limit = this.#ours(groupId).length + free - 1;
    if (limit > 0) this.#limits.set(groupId, limit);
    return free;
  }

  #ours(groupId: string): readonly ExistingAdmission[] {
    return (this.#existing ?? []).filter((each) => each.groupId === groupId);
  }

  /**
   * Learns how many rules the group has room for. One is kept free, so that a new rule can be added before an old one goes.
   * @param wrong whether AWS refused rules that should have had room: then its limit is lower than the default
   * @returns how many rules have room beside the existing ones
   * @throws the refusal if there is room for none
   */
  async #learnLimit(groupId: string, refusal: AwsError, wrong: boolean): Promise<number> {
    const ours = this.#ours(groupId).length;
    const free = freeIn(await presentRules(this.#clients, [groupId]));
    const before = this.#limits.get(groupId) ?? Number.POSITIVE_INFINITY;
    // Try half of the assumed room next.
    const lower = Math.min(before - 1, ours + Math.floor((before - ours) / 2));
    const limit = Math.min(Math.max(1, ours + free - 1), wrong ? lower : before);
    if (ours + free === 0 || limit < 1) throw refusal;
    this.#limits.set(groupId, limit);
    return free;
  }

  async #authorize(groupId: string, admissions: readonly Admission[], source: string): Promise<void> {
    const keyOf = (each: Admission): string => `${admissionKey(each)} ${source}`;
    let met = false;
    const isMet = (error: unknown): boolean => {
      met ||= isAlreadyExists(error);
      return isAlreadyExists(error);
    };
    await inParts(
      admissions.filter((each) => !this.#foreign.has(keyOf(each))),
      isMet,
      async (some) => {
        const { SecurityGroupRules: rules = [] } = await this.#clients.ec2.send(
          new AuthorizeSecurityGroupIngressCommand(this.#request(groupId, some, source)),
        );
        this.#existing = [...(this.#existing ?? []), ...rules.flatMap(existingAdmission)];
      },
    );
    if (!met) return;
    // If the rule is ours, our first answer was lost. A rule of someone else admits load balancers, too, and we never revoke it.
    this.#existing = await this.#read();
    const ours = new Set(this.#existing.map((each) => `${admissionKey(each)} ${each.source}`));
    for (const each of admissions) if (!ours.has(keyOf(each))) this.#foreign.set(keyOf(each), { ...each, source });
  }

  #request(GroupId: string, admissions: readonly Admission[], source: string): AuthorizeSecurityGroupIngressRequest {
    const Description = `Load balancers of cluster ${this.#cluster.clusterName}`.slice(0, 255);
    return {
      GroupId,
      IpPermissions: admissions.map(({ protocol, fromPort, toPort }) => ({
        IpProtocol: protocol,
        FromPort: fromPort,
        ToPort: toPort,
        UserIdGroupPairs: [{ GroupId: source, Description }],
      })),
      TagSpecifications: [
        {
          ResourceType: 'security-group-rule',
          Tags: toTagList(ownershipTags(this.#cluster, resourceId('admission', GroupId))),
        },
      ],
    };
  }

  async #revoke(GroupId: string, rules: readonly ExistingAdmission[]): Promise<void> {
    const ids = rules.map(({ ruleId }) => ruleId);
    await inParts(ids, isNotFound, (SecurityGroupRuleIds) =>
      this.#clients.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds })),
    );
    this.#existing = this.#existing?.filter(({ ruleId }) => !ids.includes(ruleId));
  }

  #read(): Promise<readonly ExistingAdmission[]> {
    return existingAdmissions(this.#clients, this.#cluster);
  }
}

/** How many rules a group has room for beside the existing ones, by AWS's default limit. */
function freeIn(present: readonly PresentRule[]): number {
  const used = (['ipv4', 'ipv6'] as const).map(
    (family) => present.filter(({ families }) => families.includes(family)).length,
  );
  return Math.max(0, DEFAULT_QUOTAS.rulesPerSecurityGroup - Math.max(...used));
}

/** The cluster's rules on all groups. @throws AwsError */
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

const noRoom = (groupId: string, left: readonly Admission[]): Problem => ({
  kind: 'quota-reached',
  resource: resourceId('admission', groupId),
  action: 'ec2:AuthorizeSecurityGroupIngress',
  code: 'RulesPerSecurityGroupLimitExceeded',
  detail: `no room for ${left.map(portsOf).join(', ')}`,
});

function existingAdmission(rule: SecurityGroupRule): ExistingAdmission[] {
  const { SecurityGroupRuleId: ruleId, GroupId: groupId, FromPort: fromPort, ToPort: toPort } = rule;
  const { IpProtocol: protocol, ReferencedGroupInfo: { GroupId: source } = {}, IsEgress } = rule;
  if (ruleId === undefined || groupId === undefined || fromPort === undefined || toPort === undefined) return [];
  if (protocol === undefined || source === undefined || IsEgress === true) return [];
  return [{ ruleId, groupId, protocol, fromPort, toPort, source }];
}
