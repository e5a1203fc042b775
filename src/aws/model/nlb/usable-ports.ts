// The ports that an NLB can have, and an ALB behind it, as far as room does not decide.
import type { AwsTopology } from '../../translation.ts';
import { type WithIpv6, withIpv6 } from './ipv6.ts';
import { type Serving, withoutPairs } from './listener-pairs.ts';

/** A listener that can't be served takes the port of no other. */
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
