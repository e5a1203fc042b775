// The need of a target group: the security groups in front of its targets, and the ports.

import type { ObjectKey } from '../../kube/object.ts';
import type { Where } from '../model/addresses.ts';
import type { TargetSelection } from '../model/resources.ts';
import type { Member } from '../model/targets.ts';
import { clusterTag } from '../network/interfaces.ts';
import type { TargetTrouble } from '../rule-problem.ts';
import { type Reach, reachKey } from './admission-ranges.ts';
import type { Carried, Found } from './carriers.ts';

/** The ports that a target group must reach, and the Service of its targets. */
export interface Need {
  readonly service?: ObjectKey;
  readonly reaches: readonly Reach[];
  /** The targets whose security groups are not known. */
  readonly troubles: readonly TargetTrouble[];
  /** Whether the security groups of all targets are known. */
  readonly complete: boolean;
  /** The ids of the targets that are in the VPC. */
  readonly carried: ReadonlySet<string>;
  /** When to look up the unknown targets again, or to revoke access to an earlier target; monotonic. */
  readonly retryAt?: number;
}

export const needsNothing: Need = { reaches: [], troubles: [], complete: true, carried: new Set() };

/**
 * The lookups for the security groups in front of targets. Targets outside the VPC have no security groups that we can change.
 * @param instanceOf by the name of a Node
 */
export const carriedOf = (
  { spec: { targetType } }: TargetSelection,
  members: readonly Member[],
  instanceOf: (node: string) => string | undefined,
  where: Where,
): readonly (Carried & Member)[] =>
  members.flatMap((member) => {
    if (targetType === 'instance') return [member];
    const host = member.node === undefined ? undefined : instanceOf(member.node);
    return where(member.id) === 'inside' ? [{ ...member, ...(host !== undefined && { host }) }] : [];
  });

export function needOf(
  group: TargetSelection,
  carried: readonly (Carried & Member)[],
  find: (carried: Carried) => Found,
  clusterName: string,
): Need {
  const reaches = new Map<string, Reach>();
  const unclear = new Map<string, Extract<Found, { kind: 'unclear' }>>();
  const unknown: string[] = [];
  const retries: number[] = [];
  let complete = true;
  for (const each of carried) {
    const found = find(each);
    const { id, port } = each;
    if (found.kind === 'group') {
      for (const needed of portsNeeded(group, port)) {
        const reach = { groupId: found.groupId, ...needed };
        reaches.set(reachKey(reach), reach);
      }
      continue;
    }
    complete = false;
    if (found.kind === 'unclear') {
      unclear.set(found.groups.join(' '), found);
    } else {
      if (found.isSure) unknown.push(id.includes(':') ? `[${id}]:${port}` : `${id}:${port}`);
      if (found.retryAt !== undefined) retries.push(found.retryAt);
    }
  }
  const troubles: TargetTrouble[] = [];
  const service = group.backend?.service;
  if (service !== undefined) {
    const tag = clusterTag(clusterName);
    for (const { carrier, groups } of unclear.values()) {
      troubles.push({ kind: 'targets-group-unclear', service, carrier, groups, tag });
    }
    if (unknown.length > 0) troubles.push({ kind: 'targets-not-located', service, targets: unknown });
  }
  return {
    ...(service !== undefined && { service }),
    reaches: [...reaches.values()],
    troubles,
    complete,
    carried: new Set(carried.map(({ id }) => id)),
    ...(retries.length > 0 && { retryAt: Math.min(...retries) }),
  };
}

/**
 * A target's traffic port and its health check port. Health checks always use TCP, even for a UDP target. If a UDP target has no
 * port for its check, the check never passes, so no TCP port is opened.
 */
function portsNeeded(
  { backend, spec: { healthCheck } }: TargetSelection,
  port: number,
): readonly Pick<Reach, 'protocol' | 'port'>[] {
  const { transport = 'TCP' } = backend ?? {};
  const isUnchecked = transport === 'UDP' && healthCheck?.port === 'traffic-port';
  const check = healthCheck === undefined || healthCheck.port === 'traffic-port' ? port : Number(healthCheck.port);
  return [
    ...(transport === 'UDP' ? [] : [{ protocol: 'tcp', port } as const]),
    ...(transport === 'TCP' ? [] : [{ protocol: 'udp', port } as const]),
    ...(isUnchecked ? [] : [{ protocol: 'tcp', port: check } as const]),
  ];
}
