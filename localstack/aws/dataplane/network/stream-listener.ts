// A TCP or TLS listener at the address of one zone.
import { createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, TLSSocket, type Server as TlsServer } from 'node:tls';
import { listenerAttribute, targetGroupAttribute } from '../../elbv2/attributes.ts';
import { sslProtocols } from '../../elbv2/ssl-policies.ts';
import type { Listener, TargetGroup } from '../../elbv2/state.ts';
import { chooseMaterial, pemOf, secureContext } from '../certificates.ts';
import { tlsVersions } from '../tls-versions.ts';
import { chooseProtocol, usesAlpn } from './alpn.ts';
import type { Arrival } from './arrival.ts';
import type { Carrier } from './carrier.ts';
import { type Dialed, dial } from './dial.ts';
import { join, reset } from './join.ts';
import type { Opened } from './opened.ts';
import { proxyHeader } from './proxy-protocol.ts';

type Place = Omit<Arrival, 'client' | 'protocol'>;

/** Reports that targets see the address `seen`, because the client's address can't be preserved. */
export type Lost = (client: string, seen: string | undefined) => void;

export class StreamListener implements Opened {
  readonly settled: Promise<void>;
  error: string | undefined;
  readonly #place: Place;
  readonly #carrier: Carrier;
  readonly #lost: Lost;
  readonly #server: Server;
  readonly #tls: TlsServer | undefined;
  readonly #open = new Set<Socket>();
  readonly #silent = new Set<Socket>();
  #shown = '';

  constructor(place: Place, carrier: Carrier, lost: Lost) {
    this.#place = place;
    this.#carrier = carrier;
    this.#lost = lost;
    this.#tls = place.listener.protocol === 'TLS' ? this.#tlsServer() : undefined;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.refresh();
    this.settled = new Promise((resolve) => {
      this.#server.on('error', (error) => {
        this.error = error.message;
        resolve();
      });
      this.#server.listen(place.own.port, place.own.address, resolve);
    });
  }

  #tlsServer(): TlsServer {
    const { world, listener } = this.#place;
    const alpn = usesAlpn(listener)
      ? { ALPNCallback: ({ protocols }: { protocols: string[] }) => chooseProtocol(listener, protocols) }
      : {};
    const server = createTlsServer({
      ...alpn,
      // Called for each handshake, so that the next client gets a changed certificate.
      SNICallback: (name, done) => {
        const material = chooseMaterial(world, listener, name);
        done(null, material && secureContext(material));
      },
    });
    server.on('secureConnection', (socket) => this.#take(socket));
    // After a failed handshake the server has closed the connection.
    server.on('tlsClientError', () => {});
    return server;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    if (!this.#carrier.admits(this.#arrival(socket))) this.#ignore(socket);
    else if (this.#tls) this.#tls.emit('connection', socket);
    else this.#take(socket);
  }

  #take(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    this.#carry(socket).catch(() => {
      // The target refused, or is gone. The client sees the same as if it had connected to the target.
      reset(socket);
    });
  }

  #arrival({ remoteAddress, remotePort }: Socket): Arrival {
    const client = { address: remoteAddress ?? '0.0.0.0', port: remotePort ?? 0 };
    return { ...this.#place, client, protocol: 'tcp' };
  }

  async #carry(socket: Socket): Promise<void> {
    const arrival = this.#arrival(socket);
    const way = this.#carrier.way(arrival);
    if (way.kind === 'silent') return this.#ignore(socket);
    if (way.kind === 'none') return reset(socket);
    const { choice, place, sources } = way;
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    const dialed = await dial({ address: place.address, port: place.socketPort }, sources, gone.signal);
    if (choice.group.targetType === 'alb') await this.#carrier.own.add(dialed.socket);
    if (sources[0] === arrival.client.address && dialed.source !== sources[0])
      this.#lost(arrival.client.address, dialed.source);
    const target = await this.#greet(dialed, arrival, choice.group, socket);
    if (!target || socket.destroyed) return cut(socket, dialed.socket);
    const flow = { arrival, choice, cut: () => cut(socket, target) };
    this.#carrier.flows.add(flow);
    socket.once('close', () => this.#carrier.flows.delete(flow));
    join(socket, target, idleMs(arrival.listener));
  }

  /** The system accepts every connection. A client that is not admitted gets no answer: the nearest to a dropped packet. */
  #ignore(socket: Socket): void {
    this.#silent.add(socket);
    socket.once('close', () => this.#silent.delete(socket));
    socket.resume();
    socket.setTimeout(idleMs(this.#place.listener), () => socket.destroy());
  }

  /**
   * Sends the header of the proxy protocol before the client's own bytes, and starts TLS to a TLS target. Undefined if
   * either side gives up.
   */
  async #greet({ socket }: Dialed, arrival: Arrival, group: TargetGroup, client: Socket): Promise<Socket | undefined> {
    socket.on('error', () => socket.destroy());
    const isOn = targetGroupAttribute(group, 'proxy_protocol_v2.enabled') === 'true';
    if (isOn) socket.write(proxyHeader(...this.#carrier.proxyAddresses(arrival)));
    if (group.protocol !== 'TLS') return socket;
    const agreed = client instanceof TLSSocket ? client.alpnProtocol : false;
    const alpn = typeof agreed === 'string' ? { ALPNProtocols: [agreed] } : {};
    // "The load balancer does not validate these certificates."
    const secure = connectTls({ socket, rejectUnauthorized: false, ...alpn });
    secure.on('error', () => secure.destroy());
    return await new Promise((resolve) => {
      secure.once('secureConnect', () => resolve(secure));
      secure.once('close', () => resolve(undefined));
      client.once('close', () => resolve(undefined));
    });
  }

  /** Applies the API's changes: the certificate for clients without SNI, and the TLS versions. */
  refresh(): void {
    if (!this.#tls) return;
    const { world, listener } = this.#place;
    const material = chooseMaterial(world, listener, undefined);
    const versions = tlsVersions(sslProtocols(listener.sslPolicy ?? ''));
    const shown = JSON.stringify([material?.certificatePem, versions]);
    if (!material || shown === this.#shown) return;
    this.#shown = shown;
    this.#tls.setSecureContext({ ...pemOf(material), ...versions });
  }

  /** Accepts no new connections. Open connections continue. */
  close(): void {
    this.#server.close();
    for (const socket of this.#silent) socket.destroy();
  }

  destroy(): void {
    this.close();
    for (const socket of this.#open) socket.destroy();
  }
}

function cut(client: Socket, target: Socket): void {
  reset(client);
  reset(target);
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html; for TLS it can't be changed. */
function idleMs(listener: Listener): number {
  return Number(listenerAttribute(listener, 'tcp.idle_timeout.seconds') ?? '350') * 1000;
}
