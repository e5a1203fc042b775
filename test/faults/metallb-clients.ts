// Clients of a Gateway on MetalLB, on a machine outside of the cluster: HTTP/1.1 on kept and on new connections, HTTP/2 and gRPC.
import { Agent, type AgentOptions, request as httpRequest, type IncomingMessage } from 'node:http';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import type { Client } from '../../localstack/cluster/outside/client.ts';
import type { Answer, Lane } from './paced-traffic.ts';

export interface Door {
  readonly client: Client;
  readonly address: string;
  /** The host of requests of HTTP. */
  readonly hostname: string;
  /** The host of calls of gRPC. Without it there are none. */
  readonly callsHostname?: string;
  /** The authority of the Gateway's certificate, PEM. */
  readonly ca: string;
}

export interface Clients {
  readonly lanes: readonly Lane[];
  close(): void;
}

const patienceMs = 30_000;
const method = '/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/Echo';
const emptyMessage = Buffer.alloc(5);

export function clientsAt(door: Door): Clients {
  const agents = {
    HTTP: new Connections(() => open(door), { keepAlive: true }),
    HTTPS: new Connections(() => openTls(door, 'http/1.1'), { keepAlive: true }),
    'HTTP on a new connection': new Connections(() => open(door), { keepAlive: false }),
    'HTTPS on a new connection': new Connections(() => openTls(door, 'http/1.1'), { keepAlive: false }),
  };
  const http2 = new Http2Client(door);
  const lanes: readonly Lane[] = [
    ...Object.entries(agents).map(([name, agent]) => ({ name, ask: (path: string) => ask(door, agent, path) })),
    { name: 'HTTP/2', ask: (path) => http2.get(path) },
    ...(door.callsHostname === undefined ? [] : [{ name: 'gRPC', ask: () => http2.call(door.callsHostname ?? '') }]),
  ];
  const close = (): void => {
    for (const agent of Object.values(agents)) agent.destroy();
    http2.close();
  };
  return { lanes, close };
}

/** Connections through the client's machine. */
class Connections extends Agent {
  readonly #open: () => Promise<Socket>;

  constructor(connect: () => Promise<Socket>, options: AgentOptions) {
    super(options);
    this.#open = connect;
  }

  override createConnection(_: unknown, callback: Connected = () => undefined): undefined {
    void this.#give(callback);
  }

  async #give(callback: Connected): Promise<void> {
    const opened = await this.#open().catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    if (opened instanceof Error) callback(opened, new Socket());
    else callback(null, opened);
  }
}

type Connected = (error: Error | null, stream: Duplex) => void;

async function open({ client, address }: Door, port = 80): Promise<Socket> {
  return endingWithPeer(await client.connect(address, port));
}

async function openTls(door: Door, protocol: 'http/1.1' | 'h2'): Promise<Socket> {
  const { ca, hostname: servername } = door;
  const socket = await open(door, 443);
  return endingWithPeer(connectTls({ socket, ca, servername, ALPNProtocols: [protocol] }));
}

/** A tunnel may be half open. These clients have no use for that. */
function endingWithPeer<S extends Socket>(socket: S): S {
  return socket.once('end', () => socket.end());
}

async function ask({ hostname }: Door, agent: Agent, path: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { path, headers: { host: hostname }, agent, signal: AbortSignal.timeout(patienceMs) };
  httpRequest(options).once('response', resolve).once('error', reject).end();
  const response = await promise;
  return answerOf(response.statusCode ?? 0, await text(response));
}

/** An echo pod says its name. */
function answerOf(status: number, body: string): Answer {
  if (status !== 200) return { status, answer: body };
  const { pod }: { readonly pod: string } = JSON.parse(body);
  return { status, answer: pod };
}

/** Keeps one connection until the server ends it. */
class Http2Client {
  readonly #door: Door;
  #session: Promise<ClientHttp2Session> | undefined;

  constructor(door: Door) {
    this.#door = door;
  }

  async get(path: string): Promise<Answer> {
    const { status, body } = await this.#request({ ':authority': this.#door.hostname, ':path': path });
    return answerOf(status, body.toString());
  }

  async call(authority: string): Promise<Answer> {
    const headers = { 'content-type': 'application/grpc', te: 'trailers' };
    const given = { ...headers, ':method': 'POST', ':authority': authority, ':path': method };
    const { status, body, grpcStatus } = await this.#request(given, emptyMessage);
    if (grpcStatus !== '0') return { status: 500, answer: `HTTP ${status}, gRPC status ${grpcStatus}` };
    const [pod] = /calls-\w+-\w{5}/.exec(body.toString('latin1')) ?? ['no pod'];
    return { status, answer: pod };
  }

  close(): void {
    void this.#session?.then((session) => session.destroy());
  }

  /** A request that the server has not seen is sent again on the next connection: RFC 9113, section 8.7. */
  async #request(headers: OutgoingHttpHeaders, body?: Buffer) {
    const old = this.#session;
    return this.#try(headers, body).catch((error: unknown) => {
      if (!/NGHTTP2_REFUSED_STREAM/.test(String(error)) || this.#session === old) throw error;
      return this.#try(headers, body);
    });
  }

  async #try(headers: OutgoingHttpHeaders, body?: Buffer) {
    const session = await this.#current();
    const stream = session.request(headers, { signal: AbortSignal.timeout(patienceMs) });
    let [status, grpcStatus] = [0, ''];
    const note = (received: IncomingHttpHeaders): void => {
      const { ':status': httpStatus, 'grpc-status': callStatus } = received;
      if (httpStatus !== undefined) status = Number(httpStatus);
      if (typeof callStatus === 'string') grpcStatus = callStatus;
    };
    stream.on('response', note).on('trailers', note).end(body);
    return { body: await buffer(stream), status, grpcStatus };
  }

  #current(): Promise<ClientHttp2Session> {
    if (this.#session !== undefined) return this.#session;
    const opened = this.#connect();
    const forget = (): void => {
      if (this.#session === opened) this.#session = undefined;
    };
    opened.then((session) => session.once('goaway', forget).once('close', forget), forget);
    this.#session = opened;
    return opened;
  }

  async #connect(): Promise<ClientHttp2Session> {
    const socket = await openTls(this.#door, 'h2');
    const session = connectHttp2(`https://${this.#door.hostname}`, { createConnection: () => socket });
    // Its requests fail by themselves.
    return session.on('error', () => undefined);
  }
}
