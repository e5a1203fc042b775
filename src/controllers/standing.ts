// What stands in AWS of a Gateway, as far as a pass goes by it.
import type { ListenerRecord } from '../aws/inventory/records.ts';
import type { Inventory } from '../aws/inventory.ts';
import { gatewayTagValue, resourceId } from '../aws/model/naming.ts';
import type { Standing, StandingCertificate, StandingCertificates } from '../aws/model/standing.ts';
import { standingTargetGroups } from '../aws/model/target-groups.ts';
import type { Problem } from '../gateway/problem.ts';
import type { BackendService } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Cloud } from './cloud.ts';

/** Of its load balancer of this scheme. */
export const standingOf = (inventory: Inventory, gateway: ObjectKey, scheme: string): Standing => ({
  subnets: standingSubnets(inventory, gateway, scheme),
  madeGroups: inventory.securityGroups(),
  certificates: standingCertificates(inventory, gateway, scheme),
});

function standingSubnets(inventory: Inventory, gateway: ObjectKey, scheme: string): readonly string[] {
  const [found] = inventory.find(resourceId('load-balancer', scheme), gatewayTagValue(gateway));
  return found?.kind === 'load-balancer' ? found.subnets : [];
}

/** The certificates that its listeners serve, by port. */
function standingCertificates(
  inventory: Inventory,
  gateway: ObjectKey,
  scheme: string,
): ReadonlyMap<number, StandingCertificates> {
  const standing = (arn: string): StandingCertificate => {
    const record = inventory.get(arn);
    return { arn, ...(record?.kind === 'certificate' && { certificate: record.id }) };
  };
  const listeners = inventory.recordsOf(gatewayTagValue(gateway)).filter((record) => record.kind === 'listener');
  // While a load balancer of another scheme takes over, both have a listener for the port: the new one's says what is.
  const isNew = ({ id, port }: ListenerRecord): boolean => id === resourceId('listener', scheme, port);
  return new Map(
    listeners
      .toSorted((a, b) => Number(isNew(a)) - Number(isNew(b)))
      .flatMap((record) => {
        if (record.certificate === undefined) return [];
        const listed = (record.extraCertificates ?? []).map(standing);
        return [[record.port, { defaultCertificate: standing(record.certificate), listed }] as const];
      }),
  );
}

/**
 * For a Gateway that no model can be built for: nothing of it is to be changed, but its pods come and go all the same, and
 * after a restart no pass has said yet which target groups they belong to.
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
  const ids = new Set(groups.map(({ id }) => id));
  return cloud.bind(gateway, standingTargetGroups(ids, backends, vpcId));
}
