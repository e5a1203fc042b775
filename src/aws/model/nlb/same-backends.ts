// Whether two routes forward to the same targets by the same weights. A port of an NLB has one set of target groups.
import type { BackendService, RouteAction } from '../../../gateway/topology.ts';

type Shares = ReadonlyMap<string, number>;

/** By server name, or with none: both are of one protocol. */
export function sameBackendsAs(first: RouteAction): (other: RouteAction) => boolean {
  const shares = sharesOf(first, nameOf);
  return (other) => areEqual(shares, sharesOf(other, nameOf));
}

/** Of a TCP port and a UDP port with the same number: whether their targets have one port for both. */
export function sameTargets(tcp: RouteAction, udp: RouteAction, targetType: 'ip' | 'instance'): boolean {
  const shares = sharesOf(tcp, nameOf);
  const nameOfTcp = (backend: BackendService): string => {
    const beside = (backend.tcp ?? []).filter(({ sameTarget, nodePort }) =>
      targetType === 'ip' ? sameTarget : nodePort !== undefined && nodePort === backend.nodePort,
    );
    const names = beside.map(({ port }) => nameOf({ ...backend, port }));
    return names.find((name) => shares.has(name)) ?? `UDP ${nameOf(backend)}`;
  };
  return areEqual(shares, sharesOf(udp, nameOfTcp));
}

const nameOf = ({ service, port }: Pick<BackendService, 'service' | 'port'>): string => `${service}/${port}`;

/** None for what nobody answers. */
function sharesOf(action: RouteAction, name: (backend: BackendService) => string): Shares {
  const shares = new Map<string, number>();
  if (action.kind !== 'forward') return shares;
  for (const { service, weight } of action.backends) {
    const key = service === undefined ? '' : name(service);
    if (weight > 0) shares.set(key, (shares.get(key) ?? 0) + weight);
  }
  return shares;
}

/** Weights are shares: 1 and 1 are 50 and 50. */
function areEqual(a: Shares, b: Shares): boolean {
  const [sumA, sumB] = [sumOf(a), sumOf(b)];
  return a.size === b.size && [...a].every(([name, weight]) => weight * sumB === (b.get(name) ?? 0) * sumA);
}

const sumOf = (shares: Shares): number => [...shares.values()].reduce((sum, weight) => sum + weight, 0);
