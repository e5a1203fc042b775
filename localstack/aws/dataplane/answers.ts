// The load balancer's own answers.
import { type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Writable } from 'node:stream';

/** The common part of HTTP/1.1 and HTTP/2 responses. */
export interface ClientResponse extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  /** HTTP/2 sends the headers at once. */
  flushHeaders?(): void;
  addTrailers(headers: OutgoingHttpHeaders): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** ALBs have their own names for some statuses. */
const names: Readonly<Record<number, string>> = {
  460: 'Client Closed Request',
  463: 'X-Forwarded-For Too Long',
  464: 'Incompatible Protocol Versions',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  561: 'Authentication Error',
};

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html */
export function errorAnswer(status: number): Answer {
  const title = `${status} ${names[status] ?? STATUS_CODES[status] ?? 'Error'}`;
  const head = `<html>\r\n<head><title>${title}</title></head>\r\n`;
  const body = `${head}<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}

/** Answers a request that could not be read, and closes the connection. */
export function rawAnswer(status: number): string {
  const { headers, body } = errorAnswer(status);
  const length = Buffer.byteLength(body);
  const lines = [...Object.entries(headers), ['content-length', length], ['connection', 'close']];
  const [reason = ''] = /(?<=<title>\d+ ).*(?=<\/title>)/.exec(body) ?? [];
  const head = lines.map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${reason}`, 'server: awselb/2.0', ...head, '', body].join('\r\n');
}

/** Does nothing if the response has begun: then its client sees an early end. */
export function send(response: ClientResponse, { status, headers, body }: Answer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(status, { server: 'awselb/2.0', ...headers, ...length });
  response.end(body);
}
