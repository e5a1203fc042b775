// gRPC without a library: a server, and a client that reads answers like other gRPC clients.
import {
  connect,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';

export interface ServerOptions {
  /** The server's name: the text of its answers. */
  readonly name: string;
  /** Its certificate and key, in PEM. Without them, it speaks no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The gRPC status of its health check; default: UNIMPLEMENTED, as if it had no health check. */
  readonly health?: number;
}

/** A server that speaks only HTTP/2. It answers each gRPC call and every other request with its name. */
export function createHttp2Server(options: ServerOptions): Server {
  const { tls } = options;
  const server = tls === undefined ? createServer() : createSecureServer(tls);
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => answer(stream, headers, options));
  return server;
}

function answer(
  stream: ServerHttp2Stream,
  { ':path': path = '', 'content-type': contentType }: IncomingHttpHeaders,
  { name, health = 12 }: ServerOptions,
): void {
  stream.on('error', () => undefined);
  stream.resume();
  if (contentType?.startsWith('application/grpc') !== true) {
    stream.respond({ ':status': 200 });
    stream.end(name);
    return;
  }
  const isCheck = path === '/AWS.ALB/healthcheck';
  const status = String(isCheck ? health : 0);
  stream.respond({ ':status': 200, 'content-type': contentType }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  stream.end(isCheck ? undefined : framed(name));
}

/** An uncompressed gRPC message, with its length in front. */
function framed(message: string): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(Buffer.byteLength(message), 1);
  return Buffer.concat([prefix, Buffer.from(message)]);
}

export interface Call {
  /** `https://ADDRESS:PORT` */
  readonly origin: string;
  /** An open connection to it. Without one, it is made. */
  readonly socket?: Socket;
  readonly host: string;
  /** `/SERVICE/METHOD` */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls a method. @returns the server's message, or the status. */
export async function callGrpc(options: Call): Promise<string> {
  const { headers, trailers, body } = await requestHttp2({
    ...options,
    method: 'POST',
    contentType: 'application/grpc',
  });
  const status = trailers['grpc-status'] ?? headers['grpc-status'];
  if (status === '0') return body.subarray(5).toString();
  return status === undefined ? statusOf(Number(headers[':status'])) : `status ${String(status)}`;
}

/** The client's status for an answer without a gRPC status: github.com/grpc/grpc, doc/http-grpc-status-mapping.md. */
function statusOf(httpStatus: number): string {
  if (httpStatus === 404) return 'UNIMPLEMENTED';
  if (httpStatus === 429 || httpStatus === 502 || httpStatus === 503 || httpStatus === 504) return 'UNAVAILABLE';
  return `UNKNOWN: HTTP ${httpStatus}`;
}

/** Sends a GET over HTTP/2. @returns its status and its body. */
export async function getHttp2(options: Call): Promise<string> {
  const { headers, body } = await requestHttp2({ ...options, method: 'GET' });
  return `${String(headers[':status'])} ${body.toString()}`.trim();
}

export async function requestHttp2({
  origin,
  socket,
  host,
  path,
  headers = {},
  method,
  contentType,
}: Call & { readonly method: string; readonly contentType?: string }) {
  const tls = { rejectUnauthorized: false, servername: host };
  const session = connect(origin, {
    ...tls,
    ...(socket && { createConnection: () => connectTls({ ...tls, socket, ALPNProtocols: ['h2'] }) }),
  });
  try {
    const stream = session.request({
      ':method': method,
      ':path': path,
      ':authority': host,
      ...(contentType !== undefined && { 'content-type': contentType, te: 'trailers' }),
      ...headers,
    });
    let [answered, trailers]: IncomingHttpHeaders[] = [{}, {}];
    stream.once('response', (received) => (answered = received));
    stream.once('trailers', (received) => (trailers = received));
    stream.end(method === 'POST' ? framed('hello') : undefined);
    const body = await buffer(stream);
    return { headers: answered ?? {}, trailers: trailers ?? {}, body };
  } finally {
    session.close();
  }
}
