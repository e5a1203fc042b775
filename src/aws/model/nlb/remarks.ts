// Remarks for routes of an NLB that serve, but with limits that their owners should know.
import type { TopologyBackend } from '../../../gateway/route-action.ts';
import type { ModelContext } from '../context.ts';
import type { AlbShortfall } from '../expressed.ts';
import type { TargetGroupResource } from '../resources.ts';

/** @param groups the target groups that the action forwards to */
export function nlbRemarks(
  { topology: { settings } }: ModelContext,
  backends: readonly TopologyBackend[],
  groups: readonly TargetGroupResource[],
): readonly AlbShortfall[] {
  const invalid = backends.filter(({ service, weight }) => service === undefined && weight > 0);
  return [
    ...invalid.map(({ index }): AlbShortfall => ({ kind: 'invalid-share-unanswered', field: `backendRefs[${index}]` })),
    ...backends.flatMap(({ service, index }): readonly AlbShortfall[] => {
      const group = groups.find(
        ({ backend }) => backend?.service === service?.service && backend?.port === service?.port,
      );
      if (service === undefined || group?.backend === undefined) return [];
      const place = { field: `backendRefs[${index}]`, service: service.service };
      const withoutCheck =
        settings.targetType === 'instance' && service.local && service.healthCheckNodePort === undefined;
      return [
        ...(group.unchecked === true ? [{ kind: 'health-unknown', ...place } as const] : []),
        ...(withoutCheck ? [{ kind: 'health-node-port-missing', ...place } as const] : []),
        ...(keepsClientAddress(group) ? [{ kind: 'client-address-kept', ...place } as const] : []),
      ];
    }),
  ];
}

/** AWS's default depends on the target type and the protocol. For UDP it cannot be changed. */
function keepsClientAddress({ spec: { targetType, protocol }, attributes }: TargetGroupResource): boolean {
  const isDefault = targetType === 'instance' || protocol === 'UDP' || protocol === 'TCP_UDP';
  return (attributes['preserve_client_ip.enabled'] ?? String(isDefault)) === 'true';
}
