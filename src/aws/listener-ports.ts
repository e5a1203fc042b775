// Which ports of a Gateway an AWS listener may serve.
import { listenerPort, type PortKey } from '../gateway/listener-protocols.ts';

/** A TCP listener may pass TLS through, or forward to an ALB: what it does, its Gateway says. @param protocol AWS's name */
export function portsOfListener(protocol: string, port: number): readonly PortKey[] {
  const protocols = served[protocol] ?? [protocol];
  return protocols.map((each) => listenerPort(each, port));
}

const served: Readonly<Record<string, readonly string[]>> = { TCP: ['TCP', 'TLS', 'HTTP'], TCP_UDP: ['TCP', 'UDP'] };
