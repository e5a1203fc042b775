// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies
import type { Listener } from '../../elbv2/state.ts';

/** The protocols of each policy, the preferred one first. */
const policies: Readonly<Record<string, readonly string[]>> = {
  HTTP1Only: ['http/1.1', 'http/1.0'],
  HTTP2Only: ['h2'],
  HTTP2Optional: ['http/1.1', 'http/1.0', 'h2'],
  HTTP2Preferred: ['h2', 'http/1.1', 'http/1.0'],
};

type Speaks = Pick<Listener, 'alpnPolicy'>;

const protocolsOf = ({ alpnPolicy }: Speaks): readonly string[] => policies[alpnPolicy ?? 'None'] ?? [];

export const usesAlpn = (listener: Speaks): boolean => protocolsOf(listener).length > 0;

/** Undefined when client and policy have none in common: the handshake fails, where AWS would go on without ALPN. */
export function chooseProtocol(listener: Speaks, offered: readonly string[]): string | undefined {
  return protocolsOf(listener).find((each) => offered.includes(each));
}
