// A listener as a real socket.
import { constants } from 'node:crypto';
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { type Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { loadBalancerAttribute } from '../elbv2/attributes.ts';
import { sslProtocols } from '../elbv2/ssl-policies.ts';
import type { Listener } from '../elbv2/state.ts';
import type { World } from '../world.ts';
import { type ClientResponse, rawAnswer } from './answers.ts';
import { chooseMaterial, pemOf, secureContext } from './certificates.ts';
import { advertisedBundle, isTrustedBy, requestsCertificate } from './client-certificate.ts';
import { type ClientRequest, receive } from './client-request.ts';
import type { Exchange } from './exchange.ts';
import { readHeadBytes, statusOfUnread } from './refusal.ts';
import { responseHeaders } from './response-headers.ts';
import { tlsVersions } from './tls-versions.ts';

export interface Place {
  readonly address: string;
  readonly port: number;
}

type Answer = (exchange: Exchange) => Promise<void>;

/** Whether security groups let a client through, by its address. */
type Admits = (address: string) => boolean;

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
  /** When the first request on each connection came, in milliseconds since 1970, and how many have. */
  readonly #served = new WeakMap<object, { readonly since: number; readonly requests: number }>();
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
    const server = createServer({ ...http1Options, shouldUpgradeCallback });
    server.on('request', (request, response) => void this.#exchange(request, response, undefined));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('clientError', refuseUnread);
    return server;
  }

  #secureServer(): Http2SecureServer {
    const server = createSecureServer({
      allowHTTP1: true,
      ...http1Options,
      settings: { maxHeaderListSize: readHeadBytes },
      ALPNCallback: ({ protocols }) => this.#protocols().find((each) => protocols.includes(each)),
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
    server.on('clientError', refuseUnread);
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    return server;
  }

  /** What may be agreed upon, the best first. */
  #protocols(): readonly string[] {
    return this.#attribute('routing.http2.enabled') === 'true' ? ['h2', 'http/1.1'] : ['http/1.1'];
  }

  #attribute(key: string): string | undefined {
    const loadBalancer = this.#world.elbv2.loadBalancers.get(this.#listener.loadBalancerArn);
    return loadBalancer && loadBalancerAttribute(loadBalancer, key);
  }

  /**
   * A connection as old as the client keep-alive duration ends with the request that is on its way, and one of HTTP/2 with
   * its 10,000th: load-balancer-troubleshooting, response code of 000.
   */
  #retire(request: ClientRequest, response: ClientResponse): void {
    const session = 'stream' in request ? request.stream.session : undefined;
    const connection = session ?? request.socket;
    const now = this.#world.clock.now();
    const { since, requests } = this.#served.get(connection) ?? { since: now, requests: 0 };
    this.#served.set(connection, { since, requests: requests + 1 });
    const isOld = now - since >= Number(this.#attribute('client_keep_alive.seconds')) * 1000;
    if (!isOld && (!session || requests + 1 < maxRequests)) return;
    if (session) session.close();
    else if (response instanceof ServerResponse) response.shouldKeepAlive = false;
  }

  async #exchange(request: ClientRequest, response: ClientResponse, upgrade: Exchange['upgrade']): Promise<void> {
    // A client that goes away tells both; what is done about it hangs on the response's end.
    request.on('error', () => {});
    response.on('error', () => {});
    this.#retire(request, response);
    const writeHead = response.writeHead.bind(response);
    response.writeHead = (status, headers) => writeHead(status, responseHeaders(this.#listener, headers));
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
    try {
      this.#server.listen(this.place.port, this.place.address, resolve);
    } catch (error) {
      // With the offset the port may be none.
      this.error = error instanceof Error ? error.message : String(error);
      return;
    }
    await promise;
  }

  /** Takes over what the API changed: time-outs, the certificate for clients that name no server, the TLS versions. */
  refresh(): void {
    const idleMs = Number(this.#attribute('idle_timeout.timeout_seconds')) * 1000;
    Object.assign(this.#server, { keepAliveTimeout: idleMs, headersTimeout: idleMs });
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

/** On a connection of HTTP/2. */
const maxRequests = 10_000;

/** How soon a client is found to have sent nothing. */
const connectionsCheckingInterval = 500;
const http1Options = {
  requestTimeout: 0,
  maxHeaderSize: readHeadBytes,
  connectionsCheckingInterval,
  // A request without one is refused as the load balancer does it.
  requireHostHeader: false,
};

function refuseUnread(error: Error, socket: Duplex): void {
  if (socket.writable) socket.end(rawAnswer(statusOfUnread(error)));
}

const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';
