// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies
import type { Listener } from '../../elbv2/state.ts';

/** The protocols of each policy, the preferred one first. */
const policies: Readonly<Record<string, readonly string[]>> = {
  HTTP1Only: ['http/1.1', 'http/1.0'],
  HTTP2Only: ['h2'],
  HTTP2Optional: ['http/1.1', 'http/1.0', 'h2'],
  HTTP2Preferred: ['h2', 'http/1.1', 'http/1.0'],
};

type Negotiator = Pick<Listener, 'alpnPolicy'>;

const protocolsOf = ({ alpnPolicy }: Negotiator): readonly string[] => policies[alpnPolicy ?? 'None'] ?? [];

export const usesAlpn = (listener: Negotiator): boolean => protocolsOf(listener).length > 0;

/** Undefined if client and policy have no common protocol: the handshake fails. AWS would continue without ALPN. */
export function chooseProtocol(listener: Negotiator, offered: readonly string[]): string | undefined {
  return protocolsOf(listener).find((each) => offered.includes(each));
}
