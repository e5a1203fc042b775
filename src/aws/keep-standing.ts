// Keeps the targets of existing target groups up to date, for a Gateway that has no model.
import type { BackendService } from '../gateway/backend-service.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Cloud } from './cloud.ts';
import { gatewayTagValue } from './model/naming.ts';
import { standingTargetGroups } from './model/standing-target-groups.ts';
import type { Problem } from './problem.ts';

/**
 * Without a model nothing of the Gateway is changed, but its pods come and go. After a restart no pass has said yet which target
 * groups they belong to, so this says it.
 * @returns what AWS refused
 */
export async function keepStanding(
  cloud: Cloud,
  gateway: ObjectKey,
  backends: readonly BackendService[],
): Promise<readonly Problem[]> {
  const groups = cloud.inventory.owned(gatewayTagValue(gateway)).filter(({ kind }) => kind === 'target-group');
  if (groups.length === 0) return [];
  const network = await cloud.place.network();
  const { vpcId } = cloud.place;
  if (vpcId === undefined) return network.kind === 'unknown' ? network.problems : [];
  return cloud.bind(gateway, standingTargetGroups(groups, backends, vpcId));
}
