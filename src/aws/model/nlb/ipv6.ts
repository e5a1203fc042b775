// A dual-stack NLB needs IPv6 in all its subnets for UDP, because it reaches its targets from IPv6 prefixes of the subnets.
import type { PortTopology } from '../../../gateway/topology.ts';
import type { Network } from '../../network/network.ts';
import type { Problem } from '../../problem.ts';
import type { AwsTopology } from '../../translation.ts';

export interface WithIpv6 {
  readonly topology: AwsTopology;
  readonly problems: readonly Problem[];
}

/** Leaves out the UDP ports if a subnet has no IPv6. @param subnets undefined if no subnets are known */
export function withIpv6(
  topology: AwsTopology,
  { subnets: all }: Pick<Network, 'subnets'>,
  subnets: readonly string[] | undefined,
): WithIpv6 {
  if (topology.settings.ipAddressType === 'ipv4' || subnets === undefined) return { topology, problems: [] };
  const lacking = subnets.filter((id) => all.some((subnet) => subnet.id === id && !subnet.ipv6));
  const udp = lacking.length === 0 ? [] : topology.ports.filter(isUdp);
  if (udp.length === 0) return { topology, problems: [] };
  const listeners = udp.flatMap((port) => port.listeners);
  return {
    topology: { ...topology, ports: topology.ports.filter((port) => !isUdp(port)) },
    problems: listeners.map(({ name }) => ({
      kind: 'udp-without-ipv6',
      listener: name,
      field: 'protocol',
      subnets: lacking,
    })),
  };
}

const isUdp = ({ serves }: PortTopology): boolean => serves.kind === 'udp';
