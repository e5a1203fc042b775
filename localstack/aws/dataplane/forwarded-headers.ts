// The load balancer's headers in a request to a target.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html, …/load-balancer-request-tracing.html
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { loadBalancerAttribute } from '../elbv2/attributes.ts';
import type { Listener, LoadBalancer } from '../elbv2/state.ts';
import type { Random } from '../random.ts';
import { addTlsHeaders } from './tls-headers.ts';

export interface Received {
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The host after the rule's transforms. */
  readonly host: string;
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly socket: Socket;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Headers of only one connection (RFC 9110, section 7.6.1), and headers that the load balancer handles itself. */
const hopByHop = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function withoutHopByHop(headers: ReadonlyMap<string, readonly string[]>): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, values] of headers) {
    if (hopByHop.has(name) || name.startsWith(':')) continue;
    const [only, ...others] = values;
    if (only !== undefined) kept[name] = others.length === 0 ? only : [...values];
  }
  return kept;
}

/** The headers of the request to the target, by lower-case name, without the Host header. */
export function targetHeaders(
  loadBalancer: LoadBalancer,
  listener: Listener,
  received: Received,
  random: Random,
): Record<string, string | string[]> {
  const headers = withoutHopByHop(received.headers);
  if (loadBalancerAttribute(loadBalancer, 'routing.http.drop_invalid_header_fields.enabled') === 'true') {
    for (const name of Object.keys(headers)) if (!/^[-A-Za-z0-9]+$/.test(name)) delete headers[name];
  }
  // An HTTP/2 request may have several cookie headers.
  const cookies = received.headers.get('cookie');
  if (cookies) headers['cookie'] = cookies.join('; ');
  const forwardedFor = forwardedAddresses(loadBalancer, received);
  if (forwardedFor === undefined) delete headers['x-forwarded-for'];
  else headers['x-forwarded-for'] = forwardedFor;
  headers['x-forwarded-proto'] = listener.protocol.toLowerCase();
  headers['x-forwarded-port'] = String(listener.port);
  if (received.socket instanceof TLSSocket) addTlsHeaders(headers, loadBalancer, listener, received.socket);
  headers['x-amzn-trace-id'] = traceId(received.headers.get('x-amzn-trace-id')?.[0], received.at, random);
  return headers;
}

function forwardedAddresses(loadBalancer: LoadBalancer, received: Received): string | undefined {
  const before = received.headers.get('x-forwarded-for')?.join(', ');
  const withPort = loadBalancerAttribute(loadBalancer, 'routing.http.xff_client_port.enabled') === 'true';
  const client = withPort ? `${received.sourceIp}:${received.sourcePort}` : received.sourceIp;
  const mode = loadBalancerAttribute(loadBalancer, 'routing.http.xff_header_processing.mode');
  if (mode === 'preserve') return before;
  if (mode === 'remove') return undefined;
  return before === undefined ? client : `${before}, ${client}`;
}

/** A new Root, or a Self before the client's own: "Root=VERSION-TIME-ID", time and id in hexadecimal. */
function traceId(given: string | undefined, at: number, random: Random): string {
  const id = `1-${Math.floor(at / 1000)
    .toString(16)
    .padStart(8, '0')}-${random.hex(24)}`;
  if (given === undefined) return `Root=${id}`;
  return /(^|;)Root=/.test(given) ? `Self=${id};${given}` : `${given};Root=${id}`;
}

/**
 * The Host header for the target: unchanged if the attribute says so, else with the listener's port, unless it is 80
 * or 443. docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#host-header-preservation
 */
export function targetHost(loadBalancer: LoadBalancer, listener: Listener, host: string): string {
  if (loadBalancerAttribute(loadBalancer, 'routing.http.preserve_host_header.enabled') === 'true') return host;
  if (listener.port === 80 || listener.port === 443) return host.replace(/:[0-9]+$/, '');
  return /:[0-9]+$/.test(host) ? host : `${host}:${listener.port}`;
}
