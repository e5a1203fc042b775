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

/** Whether security groups admit a client. */
type Admits = (client: Socket) => boolean | Promise<boolean>;

export class ListenerSocket {
  readonly place: Place;
  readonly protocol: string;
  /** Whether clients are asked for a certificate. */
  readonly isMutual: boolean;
  /** Resolves when it listens, or has failed. */
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
  /** The sockets of clients that are not admitted. */
  readonly #silent = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** By connection: the time of its first request, in milliseconds since 1970, and the number of its requests. */
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

  /** The system accepts every connection. A client that is not admitted gets no answer: the nearest to a dropped packet. */
  #guard(): void {
    intercept(this.#server, 'connection', (socket: Socket, serve) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
      const admitted = this.#admits(socket);
      if (admitted === true) return serve();
      socket.on('error', () => socket.destroy());
      void Promise.resolve(admitted).then((late) => (late ? serve() : this.#ignore(socket)));
    });
  }

  #ignore(socket: Socket): void {
    this.#silent.add(socket);
    socket.once('close', () => this.#silent.delete(socket));
    socket.resume();
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
      // Called for each handshake, so that the next client gets a changed certificate.
      SNICallback: (name, done) => {
        const material = chooseMaterial(this.#world, this.#listener, name);
        done(null, material && secureContext(material, advertisedBundle(this.#world, this.#listener)));
      },
      requestCert: this.isMutual,
      // Trust is checked below.
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

  /** The protocols for ALPN, the preferred first. */
  #protocols(): readonly string[] {
    return this.#attribute('routing.http2.enabled') === 'true' ? ['h2', 'http/1.1'] : ['http/1.1'];
  }

  #attribute(key: string): string | undefined {
    const loadBalancer = this.#world.elbv2.loadBalancers.get(this.#listener.loadBalancerArn);
    return loadBalancer && loadBalancerAttribute(loadBalancer, key);
  }

  /**
   * A connection as old as the client keep-alive duration ends after its current request, and an HTTP/2 connection after
   * 10,000 requests: load-balancer-troubleshooting, response code of 000.
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
    // If the client goes away, both emit. The end of the response handles it.
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
    // Ignore a reset that comes while no other handler is attached.
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
      // The port plus the offset may be too large.
      this.error = error instanceof Error ? error.message : String(error);
      return;
    }
    await promise;
  }

  /** Applies the API's changes: timeouts, the certificate for clients without SNI, the TLS versions. */
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

  /** Accepts no new connections. Running requests are answered. */
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

/** Adds a handler before the existing handlers of an event. */
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

/** The limit of requests on an HTTP/2 connection. */
const maxRequests = 10_000;

/** How often idle clients are looked for. */
const connectionsCheckingInterval = 500;
const http1Options = {
  requestTimeout: 0,
  maxHeaderSize: readHeadBytes,
  connectionsCheckingInterval,
  // The load balancer itself refuses a request without a Host header.
  requireHostHeader: false,
};

function refuseUnread(error: Error, socket: Duplex): void {
  if (socket.writable) socket.end(rawAnswer(statusOfUnread(error)));
}

const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';
