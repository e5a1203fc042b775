// Whether two routes forward to the same targets with the same weights. Routes can share a port of an NLB only then, because
// the port has one set of target groups.
import type { BackendService } from '../../../gateway/backend-service.ts';
import type { RouteAction } from '../../../gateway/route-action.ts';

type Shares = ReadonlyMap<string, number>;

/** For two routes with the same protocol, with or without server names. */
export function sameBackendsAs(first: RouteAction): (other: RouteAction) => boolean {
  const shares = sharesOf(first, nameOf);
  return (other) => areEqual(shares, sharesOf(other, nameOf));
}

/**
 * For a TCP and a UDP port with the same number: whether the same targets serve both, at the same port.
 * @param unknown whether unknown target ports count as the same
 */
export function sameTargets(
  tcp: RouteAction,
  udp: RouteAction,
  targetType: 'ip' | 'instance',
  unknown: boolean,
): boolean {
  const shares = sharesOf(tcp, nameOf);
  const nameOfTcp = (backend: BackendService): string => {
    const beside = (backend.tcp ?? []).filter(({ sameTarget, isUnknown = false, nodePort }) =>
      targetType === 'ip'
        ? sameTarget || (unknown && isUnknown)
        : nodePort !== undefined && nodePort === backend.nodePort,
    );
    const names = beside.map(({ port }) => nameOf({ ...backend, port }));
    return names.find((name) => shares.has(name)) ?? `UDP ${nameOf(backend)}`;
  };
  return areEqual(shares, sharesOf(udp, nameOfTcp));
}

const nameOf = ({ service, port }: Pick<BackendService, 'service' | 'port'>): string => `${service}/${port}`;

/** Empty if nobody answers. */
function sharesOf(action: RouteAction, name: (backend: BackendService) => string): Shares {
  const shares = new Map<string, number>();
  if (action.kind !== 'forward') return shares;
  for (const { service, weight } of action.backends) {
    const key = service === undefined ? '' : name(service);
    if (weight > 0) shares.set(key, (shares.get(key) ?? 0) + weight);
  }
  return shares;
}

/** Only the proportions of the weights count: 1 and 1 equal 50 and 50. */
function areEqual(a: Shares, b: Shares): boolean {
  const [sumA, sumB] = [sumOf(a), sumOf(b)];
  return a.size === b.size && [...a].every(([name, weight]) => weight * sumB === (b.get(name) ?? 0) * sumA);
}

const sumOf = (shares: Shares): number => [...shares.values()].reduce((sum, weight) => sum + weight, 0);
