// Applies a Service's endpoints, or the nodes, to the members of its target groups.

import type { ObjectKey } from '../../kube/object.ts';
import { sameJson } from '../../kube/same-json.ts';
import type { ProviderContext } from '../../provider/context.ts';
import type { Applied } from '../../provider/provider.ts';
import type { Cloud } from '../cloud.ts';
import { AwsError, isNotFound, isNotYetVisible, toProblem } from '../errors.ts';
import { awsFinding } from '../findings.ts';
import type { Problem } from '../problem.ts';
import { passAgainMs } from '../timings.ts';
import type { Binding } from './bindings.ts';
import { type Membered, withMembers } from './members.ts';
import { crowding } from './network-room.ts';
import { syncTargets } from './sync-targets.ts';

export type EndpointsContext = Pick<ProviderContext, 'sources' | 'gatewayDue'>;

/** How the change of one group's members ended. */
interface Ended {
  readonly binding: Binding & Membered;
  readonly problems: readonly Problem[];
  readonly retryAfterMs?: number;
  /** AWS does not show the group yet: it is new. */
  readonly isNotYetVisible?: true;
}

export async function syncEndpoints(
  cloud: Cloud,
  { sources, gatewayDue }: EndpointsContext,
  service: ObjectKey,
): Promise<Applied> {
  const bindings = withMembers(sources, cloud.bindings.ofService(service));
  // Most Services of a cluster have no target group, so they cost no call.
  if (bindings.length === 0) return { found: [], behind: false };
  const troublesBefore = new Map(bindings.map(({ arn }) => [arn, cloud.troubles.of(arn)]));
  const crowdingOf = (gateway: ObjectKey) => crowding(cloud.bindings.ofGateway(gateway), cloud.membership);
  const crowdingBefore = new Map(bindings.map(({ gateway }) => [gateway, crowdingOf(gateway)]));
  const problems = [...(await cloud.reachability.admit(bindings))];
  const ends = await Promise.all(bindings.map((binding) => syncBinding(cloud, gatewayDue, binding)));
  problems.push(...ends.flatMap((end) => end.problems));
  // Revoke access only now, because only now AWS sends no more requests to the removed targets.
  const synced = ends.filter((end) => end.problems.length === 0 && end.isNotYetVisible !== true);
  problems.push(...(await cloud.reachability.revoke(synced.map(({ binding }) => binding))));
  // The Gateway's pass reports it in the routes' status.
  for (const { gateway, arn } of bindings) {
    const isSame = sameJson(troublesBefore.get(arn) ?? [], cloud.troubles.of(arn) ?? []);
    if (!isSame || crowdingBefore.get(gateway) !== crowdingOf(gateway)) gatewayDue(gateway);
  }
  const retries = [...ends.map(({ retryAfterMs }) => retryAfterMs), cloud.reachability.retryAfterMs(bindings)];
  const requeueAfterMs = Math.min(...retries.filter((ms) => ms !== undefined));
  return { found: problems.map(awsFinding), behind: false, ...(Number.isFinite(requeueAfterMs) && { requeueAfterMs }) };
}

async function syncBinding(
  cloud: Cloud,
  gatewayDue: (gateway: ObjectKey) => void,
  binding: Binding & Membered,
): Promise<Ended> {
  const { arn, gateway, group, members } = binding;
  try {
    const { backend } = group;
    return { binding, problems: [], ...(await syncTargets(cloud, { arn, ...(backend && { backend }) }, members)) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (isNotFound(error)) {
      // Its Gateway's pass has deleted the group meanwhile. If someone else deleted it, that pass creates it again.
      cloud.inventory.remove(arn);
      gatewayDue(gateway);
      return { binding, problems: [] };
    }
    if (isNotYetVisible(error)) return { binding, problems: [], retryAfterMs: passAgainMs, isNotYetVisible: true };
    return { binding, problems: [toProblem(error, group.id)] };
  }
}
