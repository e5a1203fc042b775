// A client's request, over HTTP/1.1 or HTTP/2.
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { RequestFacts } from './match-rule.ts';

export type ClientRequest = IncomingMessage | Http2ServerRequest;

export interface Received extends RequestFacts {
  readonly version: 'HTTP/1' | 'HTTP/2';
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
  readonly sourcePort: number;
  /** Whether the client may send a body. If not, we don't wait for one. */
  readonly hasBody: boolean;
}

export function receive(request: ClientRequest): Received {
  const headers = headersOf(request.rawHeaders);
  const { authority, target } = targetOf(request.url ?? '/');
  const question = target.indexOf('?');
  const http2 = 'stream' in request;
  return {
    version: http2 ? 'HTTP/2' : 'HTTP/1',
    httpVersion: request.httpVersion,
    method: request.method ?? 'GET',
    host: headers.get(':authority')?.[0] ?? authority ?? headers.get('host')?.[0] ?? '',
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? '' : target.slice(question + 1),
    headers,
    // A closed socket has no address. Nobody sees the answer either.
    sourceIp: request.socket.remoteAddress ?? '0.0.0.0',
    sourcePort: request.socket.remotePort ?? 0,
    hasBody: http2
      ? !request.stream.endAfterHeaders
      : headers.has('content-length') || headers.has('transfer-encoding'),
  };
}

/** Names in lower case, values in their order of arrival. */
export function headersOf(raw: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? '';
    const value = raw[index + 1] ?? '';
    const values = headers.get(name);
    if (values) values.push(value);
    else headers.set(name, [value]);
  }
  return headers;
}

/** A request to a proxy has the complete URL: RFC 9112, section 3.2.2. */
function targetOf(url: string): { readonly authority?: string; readonly target: string } {
  const [, authority, target] = /^https?:\/\/([^/?]*)([^]*)$/i.exec(url) ?? [];
  if (authority === undefined || target === undefined) return { target: url };
  return { authority, target: target.startsWith('/') ? target : `/${target}` };
}
