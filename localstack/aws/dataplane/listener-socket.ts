// A listener as a real socket.
import { constants } from 'node:crypto';
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { type Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, SecureVersion, TLSSocket } from 'node:tls';
import { sslProtocols } from '../elbv2/ssl-policies.ts';
import type { Listener } from '../elbv2/state.ts';
import type { World } from '../world.ts';
import type { ClientResponse } from './answers.ts';
import { chooseMaterial, pemOf, secureContext } from './certificates.ts';
import { advertisedBundle, isTrustedBy, requestsCertificate } from './client-certificate.ts';
import { type ClientRequest, receive } from './client-request.ts';
import type { Exchange } from './exchange.ts';

export interface Place {
  readonly address: string;
  readonly port: number;
}

type Answer = (exchange: Exchange) => Promise<void>;

/** Whether security groups let a client through, by its address. */
type Admits = (address: string) => boolean;

const badRequest = 'HTTP/1.1 400 Bad Request\r\nServer: awselb/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

export class ListenerSocket {
  readonly place: Place;
  readonly protocol: string;
  /** Whether clients are asked for a certificate. */
  readonly isMutual: boolean;
  /** Resolves when it listens, or can't. */
  readonly settled: Promise<void>;
  /** Why it does not listen; undefined while it does. */
  error: string | undefined;
  readonly #world: World;
  readonly #listener: Listener;
  readonly #answer: Answer;
  readonly #admits: Admits;
  readonly #server: Server;
  readonly #secure: Http2SecureServer | undefined;
  readonly #connections = new Set<Socket>();
  /** Of clients that aren't admitted. */
  readonly #silent = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #shown = '';

  constructor(world: World, listener: Listener, place: Place, { answer, admits }: { answer: Answer; admits: Admits }) {
    this.place = place;
    this.protocol = listener.protocol;
    this.isMutual = requestsCertificate(listener);
    this.#world = world;
    this.#listener = listener;
    this.#answer = answer;
    this.#admits = admits;
    this.#secure = listener.protocol === 'HTTPS' ? this.#secureServer() : undefined;
    this.#server = this.#secure ?? this.#plainServer();
    this.#guard();
    this.refresh();
    this.settled = this.#listen();
  }

  /** Who isn't admitted is connected, for the system does that, but never answered: to be silent is as near as we come. */
  #guard(): void {
    intercept(this.#server, 'connection', (socket: Socket, serve) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
      if (this.#admits(socket.remoteAddress ?? '')) return serve();
      this.#silent.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#silent.delete(socket));
      socket.resume();
    });
  }

  #plainServer(): Server {
    const shouldUpgradeCallback = isWebSocket;
    const server = createServer({ keepAliveTimeout: idleMs, requestTimeout: 0, shouldUpgradeCallback });
    server.on('request', (request, response) => void this.#exchange(request, response, undefined));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('clientError', (_, socket) => {
      if (socket.writable) socket.end(badRequest);
    });
    return server;
  }

  #secureServer(): Http2SecureServer {
    const server = createSecureServer({
      allowHTTP1: true,
      http1Options: { keepAliveTimeout: idleMs },
      // Called for each handshake: a certificate that changes is shown to the next client.
      SNICallback: (name, done) => {
        const material = chooseMaterial(this.#world, this.#listener, name);
        done(null, material && secureContext(material, advertisedBundle(this.#world, this.#listener)));
      },
      requestCert: this.isMutual,
      // What is to be trusted is judged below.
      rejectUnauthorized: false,
    });
    intercept(server, 'secureConnection', (socket: TLSSocket, serve) => {
      if (isTrustedBy(this.#world, this.#listener, socket)) serve();
      else socket.destroy();
    });
    server.on('request', (request, response) => void this.#exchange(request, response, undefined));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    return server;
  }

  async #exchange(request: ClientRequest, response: ClientResponse, upgrade: Exchange['upgrade']): Promise<void> {
    // A client that goes away tells both; what is done about it hangs on the response's end.
    request.on('error', () => {});
    response.on('error', () => {});
    try {
      await this.#answer({ request, received: receive(request), response, upgrade });
    } catch (error) {
      console.error(error);
      response.destroy();
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!(socket instanceof Socket)) return;
    // A reset that comes between two of those who listen for it.
    socket.on('error', () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    void this.#exchange(request, response, isWebSocket(request) ? { request, socket, head } : undefined);
  }

  async #listen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.on('error', (error) => {
      this.error = error.message;
      resolve();
    });
    this.#server.listen(this.place.port, this.place.address, resolve);
    await promise;
  }

  /** Takes over what the API changed: the certificate for clients that name no server, and the TLS versions. */
  refresh(): void {
    if (!this.#secure) return;
    const material = chooseMaterial(this.#world, this.#listener, undefined);
    const versions = tlsVersions(sslProtocols(this.#listener.sslPolicy ?? ''));
    const ca = advertisedBundle(this.#world, this.#listener);
    const shown = JSON.stringify([material?.certificatePem, versions, ca]);
    if (!material || shown === this.#shown) return;
    this.#shown = shown;
    // "Session resumption is not supported while using mutual TLS."
    const secureOptions = this.isMutual ? constants.SSL_OP_NO_TICKET : 0;
    this.#secure.setSecureContext({
      ...pemOf(material),
      ...versions,
      ...(ca === undefined ? {} : { ca }),
      secureOptions,
    });
  }

  /** Takes no connection more; requests on their way are answered. */
  close(): void {
    this.#server.close();
    for (const session of this.#sessions) session.close();
    for (const socket of this.#silent) socket.destroy();
  }

  destroy(): void {
    this.close();
    for (const socket of this.#connections) socket.destroy();
  }
}

/** Puts itself before those who serve an event so far. */
function intercept<Event extends 'connection' | 'secureConnection'>(
  server: Server,
  event: Event,
  decide: (socket: Event extends 'connection' ? Socket : TLSSocket, serve: () => void) => void,
): void {
  const servers = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: Parameters<typeof decide>[0]) =>
    decide(socket, () => {
      for (const serve of servers) Reflect.apply(serve, server, [socket]);
    }),
  );
}

/** As long as an ALB keeps an idle connection by default. */
const idleMs = 60_000;

const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

const isVersion = (text: string | undefined): text is SecureVersion => text?.startsWith('TLSv1') ?? false;

function tlsVersions(protocols: readonly string[]): Pick<SecureContextOptions, 'minVersion' | 'maxVersion'> {
  const [minVersion, maxVersion] = [protocols[0], protocols.at(-1)];
  return isVersion(minVersion) && isVersion(maxVersion) ? { minVersion, maxVersion } : {};
}
