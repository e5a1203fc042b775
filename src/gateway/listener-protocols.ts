// The protocols of listeners, and which of them can share a port.

import { toHostname } from './hostnames.ts';

/** What the listeners of a port have in common. Routes decide the rest. */
export type PortServes =
  /** Requests, distinguished by host and match. */
  | { readonly kind: 'http'; readonly tls: boolean }
  /** Connections, distinguished by server name. */
  | { readonly kind: 'tls' }
  /** All connections or packets. */
  | { readonly kind: 'tcp' | 'udp' };

/**
 * `http/443`, `tls/443`, `tcp/53`, `udp/53`: one port number may have several keys. An unknown protocol is written as the listener
 * has it.
 */
export type PortKey = `${string}/${number}`;

/** What distinguishes a port's requests or connections: the Host header, the server name of TLS, or only the port itself. */
type DistinguishedBy = 'host' | 'server-name' | 'port';

interface ListenerProtocol {
  readonly transport: 'TCP' | 'UDP';
  readonly distinguishedBy: DistinguishedBy;
  readonly serves: PortServes;
}

export type ServableProtocol = 'HTTP' | 'HTTPS' | 'TLS' | 'TCP' | 'UDP';

const protocols: Readonly<Record<ServableProtocol, ListenerProtocol>> = {
  HTTP: { transport: 'TCP', distinguishedBy: 'host', serves: { kind: 'http', tls: false } },
  HTTPS: { transport: 'TCP', distinguishedBy: 'server-name', serves: { kind: 'http', tls: true } },
  TLS: { transport: 'TCP', distinguishedBy: 'server-name', serves: { kind: 'tls' } },
  TCP: { transport: 'TCP', distinguishedBy: 'port', serves: { kind: 'tcp' } },
  UDP: { transport: 'UDP', distinguishedBy: 'port', serves: { kind: 'udp' } },
};

export const isServable = (protocol: string): protocol is ServableProtocol => Object.hasOwn(protocols, protocol);

/** A port of the network. TCP 53 and UDP 53 are different ports. */
export const networkPort = (protocol: string, port: number): string =>
  `${isServable(protocol) ? protocols[protocol].transport : 'TCP'} ${port}`;

/** Protocols with the same result can share a port. An unknown protocol shares its port with no other. */
export const sharingOf = (protocol: string): string =>
  isServable(protocol) ? protocols[protocol].distinguishedBy : protocol;

/** In lower case. Undefined for any host, and for a protocol without hostnames. */
export const listenerHostname = ({ protocol, hostname }: { readonly protocol: string; readonly hostname?: string }) =>
  sharingOf(protocol) === 'port' ? undefined : toHostname(hostname);

export const servesOf = (protocol: ServableProtocol): PortServes => protocols[protocol].serves;

interface Port {
  readonly port: number;
  readonly serves: PortServes;
}

export const portKey = ({ port, serves }: Port): PortKey => `${serves.kind}/${port}`;

/** The key of a listener's port, even if the listener cannot be served. */
export const listenerPort = (protocol: string, port: number): PortKey =>
  isServable(protocol) ? portKey({ port, serves: servesOf(protocol) }) : `${protocol}/${port}`;
