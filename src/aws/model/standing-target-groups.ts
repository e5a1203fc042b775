// Existing target groups, by what the cluster says of the Services that they were made for.
import type { BackendService } from '../../gateway/backend-service.ts';
import type { OwnedTargetGroup } from '../observed.ts';
import { targetBackend } from './backends.ts';
import { loadBalancerName } from './form.ts';
import { nlbBackend, nlbGroup } from './nlb/target-groups.ts';
import type { TargetSelection } from './resources.ts';
import { albGroup, type BackendGroup } from './target-groups.ts';

/**
 * The existing target groups of these backends, for any settings. It is used if the current settings are not known. So the port of
 * the health check is the port that AWS has.
 */
export function standingTargetGroups(
  standing: readonly Pick<OwnedTargetGroup, 'id' | 'checkPort'>[],
  backends: readonly BackendService[],
  vpcId: string,
): readonly TargetSelection[] {
  const groups = new Map(backends.flatMap((each) => groupsOf(each, vpcId)).map((group) => [group.id, group]));
  const found = standing.flatMap(({ id, checkPort }): readonly TargetSelection[] => {
    const group = groups.get(id);
    if (group === undefined) return [];
    const { targetType, healthCheck } = group.spec;
    const port = checkPort ?? healthCheck.port;
    return [{ id, backend: group.backend, spec: { targetType, healthCheck: { ...healthCheck, port } } }];
  });
  return [...new Map(found.map((group) => [group.id, group])).values()];
}

const schemes = ['internal', 'internet-facing'];
const settings = (['ip', 'instance'] as const).flatMap((targetType) =>
  (['IPv4', 'IPv6'] as const).map((ipFamily) => ({ targetType, ipFamily })),
);

/** All that may have been made for a backend. */
const groupsOf = (service: BackendService, vpcId: string): readonly BackendGroup[] =>
  settings
    // Without a node port the targets are unknown, so the group keeps the targets that it has.
    .filter(({ targetType }) => targetType === 'ip' || service.nodePort !== undefined)
    .flatMap(({ targetType, ipFamily }) =>
      schemes.flatMap((scheme) => [
        ...(service.transport === 'UDP'
          ? []
          : [albGroup(targetBackend(service, ipFamily), targetType, loadBalancerName('alb', scheme), vpcId)]),
        ...nlbProtocols(service).map((protocol) =>
          nlbGroup(
            nlbBackend(service, protocol, targetType, ipFamily),
            protocol,
            targetType,
            loadBalancerName('nlb', scheme),
            vpcId,
          ),
        ),
      ]),
    );

const nlbProtocols = ({ transport }: BackendService) =>
  transport === 'UDP' ? (['UDP'] as const) : (['TCP', 'TLS', 'TCP_UDP'] as const);
