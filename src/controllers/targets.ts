// The targets pass over one Service: endpoints or nodes changed → the members of its target groups, without translating a
// Gateway again.

import { AwsError, isNotFound, isSettling, toProblem } from '../aws/errors.ts';
import type { TargetSelection } from '../aws/model/resources.ts';
import { desiredTargets, type Target } from '../aws/model/targets.ts';
import { syncTargets } from '../aws/targets.ts';
import { isRefusal, type Problem, type TargetTrouble } from '../gateway/problem.ts';
import type { ObjectKey } from '../kube/object.ts';
import { sameJson } from '../kube/same-json.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Caches } from './caches.ts';
import type { Cloud } from './cloud.ts';
import { Incomplete } from './incomplete.ts';

export interface TargetsPassContext {
  readonly caches: Caches;
  readonly cloud: Cloud;
  /** Makes a Gateway's pass due. */
  readonly gatewayDue: (gateway: ObjectKey) => void;
}

/** What the caches say are a group's targets. */
export function targetsOf(caches: Caches, group: TargetSelection): readonly Target[] {
  const slices = group.backend === undefined ? [] : caches.endpointSlices.byIndex('service', group.backend.service);
  return desiredTargets(group, slices, caches.nodes.list());
}

/** How long to wait for AWS to show a group that is new, in milliseconds. */
const settlingRetryMs = 3000;

/** @throws Incomplete when something was refused, which the statuses of the routes tell */
export async function reconcileTargets(
  { caches, cloud, gatewayDue }: TargetsPassContext,
  service: ObjectKey,
): Promise<WorkResult | undefined> {
  const bindings = cloud.bindings.ofService(service);
  // Most Services of a cluster have nothing to do with a Gateway: they cost no call.
  if (bindings.length === 0) return undefined;
  const before = new Map(bindings.map(({ arn }) => [arn, cloud.troubles.of(arn)]));
  const refused = await cloud.reachability.admit(bindings);
  for (const { arn } of bindings) cloud.troubles.set(arn, 'admission', notAdmitted(service, refused));
  let settling = false;
  const problems = await Promise.all(
    bindings.map(async ({ gateway, arn, group }): Promise<readonly Pick<Problem, 'kind'>[]> => {
      try {
        return await syncTargets(
          cloud,
          { arn, ...(group.backend && { backend: group.backend }) },
          targetsOf(caches, group),
        );
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        if (isNotFound(error)) {
          // Its Gateway's pass has removed the group meanwhile, or makes anew what someone else has removed.
          cloud.inventory.remove(arn);
          gatewayDue(gateway);
          return [];
        }
        if (isSettling(error)) {
          settling = true;
          return [];
        }
        return [toProblem(error, group.id)];
      }
    }),
  );
  // The Gateway's pass tells the routes.
  for (const { gateway, arn } of bindings) {
    if (!sameJson(before.get(arn) ?? [], cloud.troubles.of(arn) ?? [])) gatewayDue(gateway);
  }
  const found = [...refused, ...problems.flat()];
  if (found.length === 0 && settling) return { requeueAfterMs: settlingRetryMs };
  // Only now does AWS send nothing more to those that have gone.
  if (found.length === 0) found.push(...(await cloud.reachability.confine(bindings)));
  if (found.length === 0) return undefined;
  throw new Incomplete(`Not all targets are served: ${found.map(({ kind }) => kind).join(', ')}`);
}

/** What AWS does not answer now it may answer soon: that is not told of targets that are maybe all well. */
const notAdmitted = (service: ObjectKey, problems: readonly Problem[]): readonly TargetTrouble[] =>
  problems.filter(isRefusal).map((cause) => ({ kind: 'targets-not-admitted', service, cause }));
