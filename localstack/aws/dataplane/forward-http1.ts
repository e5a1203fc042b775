// Forwards to a target of protocol version HTTP1, upgrades included.
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type ClientRequest as Upstream,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorAnswer, send } from './answers.ts';
import { headersOf } from './client-request.ts';
import { connectMs, type Exchange, lateStatus, type ToTarget, type Upgrade } from './exchange.ts';
import { withoutHopByHop } from './forwarded-headers.ts';
import { withCookies } from './stickiness.ts';

/** "The target response header exceeded 32 K for the entire response header": HTTP 502. */
const maxHeaderSize = 32 << 10;

/**
 * In milliseconds: the default idle timeout, for these connections too. If a target keeps connections longer, it never closes
 * one during a request.
 */
const kept = { keepAlive: true, timeout: 60_000 } as const;

/** Keeps connections to targets for the next request. */
export class Http1Connections {
  readonly #http = new HttpAgent(kept);
  // "The load balancer does not validate these certificates" (load-balancer-target-groups, target group protocol).
  readonly #https = new HttpsAgent({ ...kept, rejectUnauthorized: false });

  request(to: ToTarget, headers: ToTarget['headers']): Upstream {
    const { address: host, port, method, url: path, signal } = to;
    const all = { ...headers, host: to.host };
    const options = { host, port, method, path, headers: all, setHost: false, signal, maxHeaderSize };
    return to.group.protocol === 'HTTPS'
      ? httpsRequest({ ...options, agent: this.#https })
      : httpRequest({ ...options, agent: this.#http });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** Resolves at the end of the exchange, also after an error. */
export function forwardHttp1(connections: Http1Connections, exchange: Exchange, to: ToTarget): Promise<void> {
  const { request, response, received, upgrade } = exchange;
  const { promise, resolve } = Promise.withResolvers<void>();
  const upstream = connections.request(to, { ...to.headers, ...framing(exchange, to) });
  const state = { timedOut: false };
  giveUp(upstream, to, state);
  upstream.once('response', (incoming) => {
    const headers = withoutHopByHop(headersOf(incoming.rawHeaders));
    response.writeHead(incoming.statusCode ?? 502, withCookies(headers, to.cookies));
    // The head of an event stream may come long before its first event.
    response.flushHeaders?.();
    incoming.once('error', () => response.destroy());
    incoming.once('end', () => {
      if (Object.keys(incoming.trailers).length > 0) response.addTrailers(incoming.trailers);
    });
    incoming.pipe(response);
  });
  upstream.once('upgrade', (incoming, socket, head) => {
    if (upgrade) join(upgrade, { incoming, socket, head }, to);
    else socket.destroy();
  });
  upstream.once('error', () => {
    request.unpipe(upstream);
    // Nobody reads what the client still sends.
    request.resume();
    send(response, errorAnswer(state.timedOut ? lateStatus(exchange) : 502));
  });
  response.once('close', () => {
    if (!response.writableFinished) upstream.destroy();
    resolve();
  });
  if (received.hasBody) request.pipe(upstream);
  else upstream.end();
  return promise;
}

/** The headers for the end of the body, and for upgrades. */
function framing({ received, upgrade }: Exchange, to: ToTarget): Record<string, string> {
  if (upgrade) return { connection: 'Upgrade', upgrade: upgrade.request.headers.upgrade ?? '' };
  return received.hasBody && to.headers['content-length'] === undefined ? { 'transfer-encoding': 'chunked' } : {};
}

/** Ten seconds for the connection and its TLS handshake, then the idle timeout for each next byte. */
function giveUp(upstream: Upstream, { group, idleMs }: ToTarget, state: { timedOut: boolean }): void {
  const expire = (): void => {
    state.timedOut = true;
    upstream.destroy(new Error('The target took too long'));
  };
  upstream.once('socket', (socket) => {
    // A kept connection is connected already.
    if (!socket.connecting) return;
    const connecting = setTimeout(expire, connectMs);
    socket.once(group.protocol === 'HTTPS' ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    upstream.once('close', () => clearTimeout(connecting));
  });
  upstream.setTimeout(idleMs, expire);
}

interface Switched {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** From here on the load balancer only copies bytes, until both sides are silent for the idle timeout. */
function join(
  { socket: client, head: early }: Upgrade,
  { incoming, socket: target, head }: Switched,
  to: ToTarget,
): void {
  const { rawHeaders } = incoming;
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? `${name}: ${rawHeaders[index + 1]}` : []));
  client.write([`HTTP/1.1 101 ${incoming.statusMessage}`, ...lines, '', ''].join('\r\n'));
  client.write(head);
  target.write(early);
  if (target instanceof Socket) target.setTimeout(to.idleMs, () => target.destroy());
  const cut = (): void => {
    target.destroy();
  };
  to.signal.addEventListener('abort', cut, { once: true });
  target.once('close', () => to.signal.removeEventListener('abort', cut));
  carry(client, target);
  carry(target, client);
}

function carry(from: Duplex, to: Duplex): void {
  from.pipe(to);
  from.once('error', () => to.destroy());
  from.once('close', () => to.destroy());
}
