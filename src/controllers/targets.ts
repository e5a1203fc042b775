// The targets pass over one Service: endpoints or nodes changed → the members of its target groups, without translating a
// Gateway again.

import type { Cloud } from '../aws/cloud.ts';
import { AwsError, isNotFound, isSettling, toProblem } from '../aws/errors.ts';
import type { Problem } from '../aws/problem.ts';
import type { Binding } from '../aws/targets/bindings.ts';
import { type Membered, withMembers } from '../aws/targets/members.ts';
import { syncTargets } from '../aws/targets/sync-targets.ts';
import type { ObjectKey } from '../kube/object.ts';
import { sameJson } from '../kube/same-json.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Caches } from './caches.ts';
import { Incomplete } from './incomplete.ts';

export interface TargetsPassContext {
  readonly caches: Caches;
  readonly cloud: Cloud;
  /** Makes a Gateway's pass due. */
  readonly gatewayDue: (gateway: ObjectKey) => void;
}

/** How long to wait for AWS to show a group that is new, in milliseconds. */
const settlingRetryMs = 3000;

/** How the members of one group were brought to what is desired. */
interface Ended {
  readonly binding: Binding & Membered;
  readonly problems: readonly Problem[];
  readonly retryAfterMs?: number;
}

/** @throws Incomplete when something was refused, which the statuses of the routes tell */
export async function reconcileTargets(
  context: TargetsPassContext,
  service: ObjectKey,
): Promise<WorkResult | undefined> {
  const { caches, cloud, gatewayDue } = context;
  const bindings = withMembers(caches, cloud.bindings.ofService(service));
  // Most Services of a cluster have nothing to do with a Gateway: they cost no call.
  if (bindings.length === 0) return undefined;
  const before = new Map(bindings.map(({ arn }) => [arn, cloud.troubles.of(arn)]));
  const problems = [...(await cloud.reachability.admit(bindings))];
  const ends = await Promise.all(bindings.map((binding) => syncBinding(context, binding)));
  problems.push(...ends.flatMap((end) => end.problems));
  // Only now does AWS send nothing more to those that have gone.
  const synced = ends.filter((end) => end.problems.length === 0 && end.retryAfterMs !== settlingRetryMs);
  problems.push(...(await cloud.reachability.confine(synced.map(({ binding }) => binding))));
  // The Gateway's pass tells the routes.
  for (const { gateway, arn } of bindings) {
    if (!sameJson(before.get(arn) ?? [], cloud.troubles.of(arn) ?? [])) gatewayDue(gateway);
  }
  const retries = [...ends.map(({ retryAfterMs }) => retryAfterMs), cloud.reachability.retryAfterMs(bindings)];
  const requeueAfterMs = Math.min(...retries.filter((ms) => ms !== undefined));
  if (problems.length > 0)
    throw new Incomplete(`Not all targets are served: ${problems.map(({ kind }) => kind).join(', ')}`);
  return Number.isFinite(requeueAfterMs) ? { requeueAfterMs } : undefined;
}

async function syncBinding({ cloud, gatewayDue }: TargetsPassContext, binding: Binding & Membered): Promise<Ended> {
  const { arn, gateway, group, members } = binding;
  try {
    const { backend } = group;
    return { binding, problems: [], ...(await syncTargets(cloud, { arn, ...(backend && { backend }) }, members)) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (isNotFound(error)) {
      // Its Gateway's pass has removed the group meanwhile, or makes anew what someone else has removed.
      cloud.inventory.remove(arn);
      gatewayDue(gateway);
      return { binding, problems: [] };
    }
    if (isSettling(error)) return { binding, problems: [], retryAfterMs: settlingRetryMs };
    return { binding, problems: [toProblem(error, group.id)] };
  }
}
