// The ports that an NLB, and an ALB behind it, can have. Quotas are not considered here.
import type { AwsTopology } from '../../translation.ts';
import { type WithIpv6, withIpv6 } from './ipv6.ts';
import { type Serving, withoutPairs } from './listener-pairs.ts';

/** Listeners without IPv6 are left out first, because a listener that cannot be served must not take another's port. */
export function usablePorts(
  asked: AwsTopology,
  network: Parameters<typeof withIpv6>[1],
  subnets: readonly string[] | undefined,
  serving: Serving,
): WithIpv6 {
  const { topology, problems } = withIpv6(asked, network, subnets);
  const { ports, problems: pairs } = withoutPairs(topology.ports, serving);
  return { topology: { ...topology, ports }, problems: [...problems, ...pairs] };
}
