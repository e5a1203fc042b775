// The IP version of a listener's targets: AWS has no listener with target groups of both versions.
import type { LoadBalancerSettings } from '../../../api/load-balancer-configuration.ts';
import type { IpFamily } from '../../../gateway/backend-service.ts';
import type { RouteAction, TopologyBackend } from '../../../gateway/route-action.ts';
import type { AlbShortfall } from '../expressed.ts';
import { hasDatagrams, type NlbProtocol } from './protocol.ts';

/**
 * The version that serves stays if all backends have it. A change would interrupt the listener while AWS registers the targets.
 * @param standing the version that serves now
 */
export function listenerFamily(
  { ipAddressType, targetType }: Pick<LoadBalancerSettings, 'ipAddressType' | 'targetType'>,
  { protocol, action }: { readonly protocol: NlbProtocol; readonly action: RouteAction },
  standing: IpFamily | undefined,
): IpFamily {
  if (ipAddressType === 'ipv4') return 'IPv4';
  // UDP of IPv6 clients cannot go to IPv4 targets, so AWS accepts only IPv6 targets.
  if (hasDatagrams(protocol)) return 'IPv6';
  const services = action.kind === 'forward' ? action.backends.flatMap(({ service }) => service ?? []) : [];
  const [first] = services;
  if (first === undefined) return 'IPv4';
  // Each node has an IPv4 address. For IPv6, AWS needs a primary IPv6 address.
  const preferred = targetType === 'instance' ? (['IPv4', 'IPv6'] as const) : first.families;
  const wishes = [...(standing === undefined ? [] : [standing]), ...preferred];
  return (
    wishes.find((family) => services.every(({ families }) => families.includes(family))) ??
    wishes.find((family) => services.some(({ families }) => families.includes(family))) ??
    'IPv4'
  );
}

/** The backends without the Services that do not have this version. */
export function withinFamily(
  backends: readonly TopologyBackend[],
  family: IpFamily,
): { readonly backends: readonly TopologyBackend[]; readonly shortfalls: readonly AlbShortfall[] } {
  const shortfalls = backends.flatMap(({ service, index }): readonly AlbShortfall[] =>
    service === undefined || service.families.includes(family)
      ? []
      : [{ kind: 'backend-of-other-family', field: `backendRefs[${index}]`, service: service.service, family }],
  );
  return {
    backends: backends.map(({ service, ...rest }) =>
      service?.families.includes(family) === true ? { service, ...rest } : rest,
    ),
    shortfalls,
  };
}
