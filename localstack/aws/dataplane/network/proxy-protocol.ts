// The header with the client's address for a target: haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#proxy-protocol
import { parseAddress4 } from '../../ec2/addresses.ts';
import type { Endpoint } from './arrival.ts';

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** The header of a TCP connection over IPv4. */
export function proxyHeader(source: Endpoint, destination: Endpoint): Buffer {
  const rest = Buffer.alloc(16);
  // Version 2, command PROXY; TCP over IPv4; twelve bytes of addresses.
  rest.set([0x21, 0x11, 0, 12]);
  rest.writeUInt32BE(parseAddress4(source.address) ?? 0, 4);
  rest.writeUInt32BE(parseAddress4(destination.address) ?? 0, 8);
  rest.writeUInt16BE(source.port, 12);
  rest.writeUInt16BE(destination.port, 14);
  return Buffer.concat([signature, rest]);
}

/** The header of the load balancer's own health checks: version 2, command LOCAL, without a client. */
export const localProxyHeader: Buffer = Buffer.concat([signature, Buffer.from([0x20, 0, 0, 0])]);
