// Requests that the load balancer refuses before any rule. docs.aws.amazon.com/elasticloadbalancing/latest/application/
// load-balancer-troubleshooting.html, …/load-balancer-limits.html#http-headers-quotas
import type { Received } from './client-request.ts';

const maxLineBytes = 16 << 10;
const maxHeaderBytes = 16 << 10;
const maxAllHeadersBytes = 64 << 10;
const maxForwardedAddresses = 30;

/** The size of a request's head that is read: more than the limit, so that a head that is too large gets its own answer. */
export const readHeadBytes = 2 * maxAllHeadersBytes;

/** The status of a refused request; undefined if it is accepted. */
export function refusalOf({ httpVersion, method, host, path, query, headers }: Received): number | undefined {
  if (method === 'TRACE') return 405;
  if (!/^[\u0021-\u007e]*$/.test(path + query)) return 400;
  if (host === '' && httpVersion === '1.1') return 400;
  if (`${method} ${path}?${query} HTTP/1.1`.length > maxLineBytes) return 414;
  const sizes = [...headers].flatMap(([name, values]) => values.map((value) => name.length + value.length + 4));
  if (sizes.some((size) => size > maxHeaderBytes)) return 400;
  if (sizes.reduce((sum, size) => sum + size, 0) > maxAllHeadersBytes) return 400;
  const forwardedFor = (headers.get('x-forwarded-for') ?? []).flatMap((value) => value.split(','));
  if (forwardedFor.length > maxForwardedAddresses) return 463;
  const codings = (headers.get('transfer-encoding') ?? []).flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
  if (codings.some((coding) => coding !== 'chunked' && coding !== 'identity')) return 501;
  return undefined;
}

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_INVALID_TRANSFER_ENCODING: 501,
  HPE_INVALID_VERSION: 505,
  HPE_PAUSED_H2_UPGRADE: 505,
};

/** The status for a request that could not be read. */
export function statusOfUnread(error: Error): number {
  return 'code' in error && typeof error.code === 'string' ? (statuses[error.code] ?? 400) : 400;
}
