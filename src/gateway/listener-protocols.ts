// The protocols of listeners, as far as ports are about them.

/** How the requests or connections of a port are told apart: by the Host header, by the server name of TLS, or not at all. */
type ToldApartBy = 'host' | 'server-name' | 'port';

interface ListenerProtocol {
  readonly transport: 'TCP' | 'UDP';
  readonly toldApartBy: ToldApartBy;
}

const protocols: ReadonlyMap<string, ListenerProtocol> = new Map([
  ['HTTP', { transport: 'TCP', toldApartBy: 'host' }],
  ['HTTPS', { transport: 'TCP', toldApartBy: 'server-name' }],
  ['TLS', { transport: 'TCP', toldApartBy: 'server-name' }],
  ['TCP', { transport: 'TCP', toldApartBy: 'port' }],
  ['UDP', { transport: 'UDP', toldApartBy: 'port' }],
]);

/** A port of the network: TCP 53 and UDP 53 are two. */
export const networkPort = (protocol: string, port: number): string =>
  `${protocols.get(protocol)?.transport ?? 'TCP'} ${port}`;

/** Protocols with the same answer can share a port; another controller's protocol shares with nobody. */
export const sharingOf = (protocol: string): string => protocols.get(protocol)?.toldApartBy ?? protocol;
