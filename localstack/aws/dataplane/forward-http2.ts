// Forwards to a target of protocol version HTTP2 or GRPC.
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { hostPort } from '../ec2/family.ts';
import { errorAnswer, send } from './answers.ts';
import { connectMs, type Exchange, lateStatus, type ToTarget } from './exchange.ts';
import { withCookies } from './stickiness.ts';

/** Keeps one connection per target for the next request. */
export class Http2Connections {
  readonly #sessions = new Map<string, ClientHttp2Session>();

  to({ group, address, port }: Pick<ToTarget, 'group' | 'address' | 'port'>): ClientHttp2Session {
    const origin = `${group.protocol === 'HTTPS' ? 'https' : 'http'}://${hostPort(address, port)}`;
    const known = this.#sessions.get(origin);
    if (known && !known.closed && !known.destroyed) return known;
    // Certificates of targets are not validated: load-balancer-target-groups, target group protocol.
    const session = connect(origin, { rejectUnauthorized: false });
    // Each request that waits for the connection adds a listener.
    session.setMaxListeners(0);
    this.#sessions.set(origin, session);
    const forget = (): void => {
      if (this.#sessions.get(origin) === session) this.#sessions.delete(origin);
    };
    session.once('close', forget);
    session.once('goaway', forget);
    // Nothing is reported here, because each stream has its own error with more details.
    session.on('error', forget);
    return session;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.destroy();
  }
}

/** Resolves at the end of the exchange, also after an error. */
export function forwardHttp2(connections: Http2Connections, exchange: Exchange, to: ToTarget): Promise<void> {
  const { request, response, received } = exchange;
  const { promise, resolve } = Promise.withResolvers<void>();
  const session = connections.to(to);
  const stream = session.request(requestHeaders(to, received.headers), { endStream: !received.hasBody });
  const expire = (): void => {
    send(response, errorAnswer(lateStatus(exchange)));
    stream.close();
  };
  const connecting = session.connecting ? setTimeout(expire, connectMs) : undefined;
  if (connecting !== undefined) session.once('connect', () => clearTimeout(connecting));
  stream.setTimeout(to.idleMs, expire);
  stream.once('response', (headers) => {
    response.writeHead(headers[':status'] ?? 502, withCookies(withoutPseudo(headers), to.cookies));
    response.flushHeaders?.();
    stream.pipe(response);
  });
  stream.once('trailers', (trailers) => response.addTrailers(withoutPseudo(trailers)));
  stream.once('error', () => {
    request.unpipe(stream);
    request.resume();
    send(response, errorAnswer(502));
  });
  // The stream was reset without an error, or its connection closed.
  stream.once('close', () => {
    clearTimeout(connecting);
    if (!response.headersSent) send(response, errorAnswer(502));
    else if (stream.aborted) response.destroy();
  });
  const cut = (): void => stream.close();
  to.signal.addEventListener('abort', cut, { once: true });
  response.once('close', () => {
    to.signal.removeEventListener('abort', cut);
    if (!response.writableFinished) stream.close();
    resolve();
  });
  if (received.hasBody) request.pipe(stream);
  return promise;
}

/** gRPC needs `te: trailers`, the only value that HTTP/2 allows. */
function requestHeaders(to: ToTarget, received: ReadonlyMap<string, readonly string[]>): OutgoingHttpHeaders {
  const trailers = received.get('te')?.includes('trailers') ? { te: 'trailers' } : {};
  return {
    ...to.headers,
    ...trailers,
    ':method': to.method,
    ':path': to.url,
    ':scheme': to.group.protocol === 'HTTPS' ? 'https' : 'http',
    ':authority': to.host,
  };
}

const withoutPseudo = (headers: IncomingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
