// Finds the resources in AWS of all clusters with one name, and removes those of a deleted cluster. The steps and their order
// are the same as for the removal of a Gateway.

import type { Clock } from '../../kube/clock.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AwsClients } from '../clients.ts';
import { diff } from '../diff/diff.ts';
import { removal } from '../diff/removal.ts';
import type { Plan } from '../diff/step.ts';
import { problemsOf } from '../errors.ts';
import { executePlan } from '../execute/execute.ts';
import type { Held } from '../execute/run.ts';
import { securityGroups, taggedResources } from '../inventory/describe.ts';
import { Inventory } from '../inventory/inventory.ts';
import { KeyedLock } from '../keyed-lock.ts';
import { type ClusterIdentity, resourceId } from '../model/naming.ts';
import { type Owner, sharedOwner } from '../model/owner.ts';
import { removeBackendSecurityGroup } from '../network/backend-group.ts';
import { type OwnedResource, TAG } from '../observed.ts';
import type { Problem } from '../problem.ts';
import type { ExistingAdmission } from '../reach/admission-ranges.ts';
import { Admissions, existingAdmissions } from '../reach/admissions.ts';
import { fromTagList } from '../tags.ts';
import { Membership } from '../targets/membership.ts';
import { TargetRefusals } from '../targets/target-refusals.ts';
import { TargetTroubles } from '../targets/target-troubles.ts';

export interface Leftovers {
  readonly clusterUid: string;
  /** Resources of Gateways have the gateway tag. Resources that Gateways share do not. */
  readonly resources: readonly OwnedResource[];
  /** Rules on the security groups of nodes and pods. */
  readonly rules: readonly ExistingAdmission[];
}

export interface LeftoversContext {
  readonly clients: AwsClients;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The leftovers of each cluster that uses the name, one entry per cluster UID. @throws AwsError */
export async function findLeftovers(context: LeftoversContext, clusterName: string): Promise<readonly Leftovers[]> {
  const { clients } = context;
  const [index, groups] = await Promise.all([
    taggedResources(clients, clusterName),
    securityGroups(clients, [{ Name: `tag:${TAG.cluster}`, Values: [clusterName] }]),
  ]);
  const tags = [...index.values(), ...groups.map((group) => fromTagList(group.Tags))];
  const uids = new Set(tags.flatMap(({ [TAG.clusterUid]: uid }) => uid ?? []));
  const found = await Promise.all(
    [...uids].toSorted().map((clusterUid) => leftoversOf(context, { clusterName, clusterUid })),
  );
  // For a while the tagging index still shows deleted resources.
  return found.filter(({ resources, rules }) => resources.length + rules.length > 0);
}

/** @throws AwsError */
export async function leftoversOf(context: LeftoversContext, cluster: ClusterIdentity): Promise<Leftovers> {
  const [inventory, rules] = await Promise.all([
    openInventory(context, cluster),
    existingAdmissions(context.clients, cluster),
  ]);
  const gateways = inventory.gateways().toSorted();
  const resources = [...gateways.flatMap((gateway) => inventory.owned(gateway)), ...inventory.owned()];
  return { clusterUid: cluster.clusterUid, resources, rules };
}

export interface Removed {
  /** The steps that succeeded, as text: `delete load-balancer/internal ARN`. */
  readonly done: readonly string[];
  /** The deletions that AWS refuses for now. */
  readonly held: readonly Held[];
  readonly problems: readonly Problem[];
}

/**
 * Makes one attempt. More may be needed, because AWS refuses some deletions for minutes after the load balancers are gone.
 * @throws AwsError if the resources cannot be read
 */
export async function removeLeftovers(context: LeftoversContext, cluster: ClusterIdentity): Promise<Removed> {
  const { clients, clock, logger, signal } = context;
  const inventory = await openInventory(context, cluster);
  const done: string[] = [];
  const held: Held[] = [];
  const problems: Problem[] = [];
  const execute = async (owner: Owner, plan: Plan): Promise<void> => {
    const outcome = await executePlan(plan, {
      owner,
      clients,
      inventory,
      membership: membershipOf(context),
      troubles: new TargetTroubles(),
      refusals: new TargetRefusals(clock),
      where: async () => () => 'inside',
      locks: new KeyedLock(),
      cluster,
      clock,
      logger,
      signal,
      handover: 0,
      secretOf: () => undefined,
      targetsOf: () => [],
    });
    done.push(...outcome.done);
    held.push(...outcome.held);
    problems.push(...outcome.problems);
  };
  for (const gateway of inventory.gateways().toSorted()) {
    const owner: Owner = { kind: 'tag', value: gateway };
    await execute(owner, diff(undefined, inventory.observed(owner, clock.now())));
  }
  await execute(sharedOwner, removal(inventory.owned().filter(({ kind }) => kind === 'certificate')));
  if (inventory.gateways().every((gateway) => inventory.owned(gateway).every(({ kind }) => kind !== 'load-balancer'))) {
    const groups = inventory.owned().filter(({ kind }) => kind === 'security-group');
    problems.push(...(await removeShared(context, cluster, groups, { done, held })));
  }
  return { done, held, problems };
}

/** Removes the backend group and the rules that admit it. Call it when no load balancer is left. */
function removeShared(
  { clients }: LeftoversContext,
  cluster: ClusterIdentity,
  groups: readonly OwnedResource[],
  { done, held }: { readonly done: string[]; readonly held: Held[] },
): Promise<readonly Problem[]> {
  return problemsOf(resourceId('security-group', 'backend'), async () => {
    const before = await existingAdmissions(clients, cluster);
    const refused = [...(await new Admissions(clients, cluster).apply([], '', true)).values()];
    const after = new Set((await existingAdmissions(clients, cluster)).map(({ ruleId }) => ruleId));
    for (const { ruleId, groupId } of before) if (!after.has(ruleId)) done.push(`revoke ${ruleId} of ${groupId}`);
    const group = await removeBackendSecurityGroup(clients, cluster);
    if (group !== undefined) held.push(group);
    else done.push(...groups.map(({ id, arn }) => `delete ${id} ${arn}`));
    return [...refused.values()];
  });
}

async function openInventory(context: LeftoversContext, cluster: ClusterIdentity): Promise<Inventory> {
  const { clients, clock } = context;
  const inventory = new Inventory({
    clients,
    cluster,
    membership: membershipOf(context),
    clock,
  });
  await inventory.load();
  return inventory;
}

/** A membership that knows no targets and saves nothing. */
const membershipOf = ({ clock, logger, signal }: LeftoversContext): Membership =>
  new Membership({ persistence: { load: async () => ({}), save: async () => undefined }, clock, logger, signal });
