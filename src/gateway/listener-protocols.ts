// The protocols of listeners, as far as ports are about them.

/** What the listeners of a port have in common. What they do with it is what routes of that sort ask for. */
export type PortServes =
  /** Requests, told apart by host and match. */
  | { readonly kind: 'http'; readonly tls: boolean }
  /** Connections, told apart by server name. */
  | { readonly kind: 'tls' }
  /** Everything that comes. */
  | { readonly kind: 'tcp' | 'udp' };

/**
 * `http/443`, `tls/443`, `tcp/53`, `udp/53`: a port number may be several of these. Another controller's protocol stands for
 * itself.
 */
export type PortKey = `${string}/${number}`;

/** How the requests or connections of a port are told apart: by the Host header, by the server name of TLS, or not at all. */
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

/** A port of the network: TCP 53 and UDP 53 are two. */
export const networkPort = (protocol: string, port: number): string =>
  `${isServable(protocol) ? protocols[protocol].transport : 'TCP'} ${port}`;

/** Protocols with the same answer can share a port; another controller's protocol shares with nobody. */
export const sharingOf = (protocol: string): string =>
  isServable(protocol) ? protocols[protocol].distinguishedBy : protocol;

export const servesOf = (protocol: ServableProtocol): PortServes => protocols[protocol].serves;

interface Port {
  readonly port: number;
  readonly serves: PortServes;
}

export const portKey = ({ port, serves }: Port): PortKey => `${serves.kind}/${port}`;

/** The port that a listener is about, whether it can be served or not. */
export const listenerPort = (protocol: string, port: number): PortKey =>
  isServable(protocol) ? portKey({ port, serves: servesOf(protocol) }) : `${protocol}/${port}`;
