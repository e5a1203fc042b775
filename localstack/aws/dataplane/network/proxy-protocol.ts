// The header with the client's address for a target: haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#proxy-protocol
import ipaddr from 'ipaddr.js';
import { familyOf } from '../../ec2/family.ts';
import type { Endpoint } from './arrival.ts';

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** The header of a TCP connection. Both addresses are of one family. */
export function proxyHeader(source: Endpoint, destination: Endpoint): Buffer {
  const addresses = [source, destination].flatMap(({ address }) => ipaddr.parse(address).toByteArray());
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const family = familyOf(source.address) === 'ipv6' ? 0x21 : 0x11;
  // Version 2, command PROXY; TCP over this family; the length of addresses and ports.
  const head = Buffer.from([0x21, family, 0, addresses.length + ports.length]);
  return Buffer.concat([signature, head, Buffer.from(addresses), ports]);
}

/** The header of the load balancer's own health checks: version 2, command LOCAL, without a client. */
export const localProxyHeader: Buffer = Buffer.concat([signature, Buffer.from([0x20, 0, 0, 0])]);
