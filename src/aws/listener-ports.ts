// Which ports of a Gateway an AWS listener may serve.
import { listenerPort, type PortKey } from '../gateway/listener-protocols.ts';

/** A TCP listener passes TLS through, too: which of both it does, its Gateway says. @param protocol AWS's name */
export function portsOfListener(protocol: string, port: number): readonly PortKey[] {
  const protocols = served[protocol] ?? [protocol];
  return protocols.map((each) => listenerPort(each, port));
}

const served: Readonly<Record<string, readonly string[]>> = { TCP: ['TCP', 'TLS'], TCP_UDP: ['TCP', 'UDP'] };
