import { errorCode, errorMessage } from './errors.ts';
import { KubeError, type StatusBody } from './kube-error.ts';

/** The error for an unsuccessful answer. If the API server itself wrote the answer, its body is a metav1.Status. */
export function answerError(action: string, status: number, retryAfter: string | undefined, text: string): KubeError {
  const body = parseStatus(text);
  const retryAfterMs = parseRetryAfter(retryAfter);
  const said = body.message ?? (text.trim().slice(0, 300) || 'no explanation');
  return new KubeError({
    action,
    status,
    reason: body.reason ?? reasons.get(status) ?? 'Unknown',
    detail: status === 401 ? `${said} (the token or client certificate is not valid, or no longer)` : said,
    causes: body.details?.causes?.flatMap(({ reason }) => reason ?? []) ?? [],
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const reasons: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
]);

function parseStatus(text: string): StatusBody {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** The API server sends seconds, never a date. */
function parseRetryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}

interface Peer {
  readonly server: string;
  /** Where the server's address came from. */
  readonly source: string;
}

/** The error for a failure below HTTP. Its message names the server, and what to check. */
export function transportError(action: string, error: unknown, { server, source }: Peer): KubeError {
  const code = errorCode(error) ?? errorMessage(error);
  const { reason, remedy } = diagnose(code, source);
  return new KubeError({
    action,
    status: 0,
    reason,
    detail: `The Kubernetes API server ${server} ${remedy} (${code})`,
    cause: error,
  });
}

function diagnose(code: string, source: string): { readonly reason: string; readonly remedy: string } {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return { reason: 'ConnectionClosed', remedy: 'closed the connection: is it restarting?' };
    case 'ETIMEDOUT_SILENT':
      return { reason: 'Timeout', remedy: 'fell silent: is it overloaded?' };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        reason: 'Unreachable',
        remedy: `has a name that does not resolve: check DNS, and the server in ${source}`,
      };
    default:
      return /CERT|SIGNATURE|TLS|SSL/.test(code)
        ? { reason: 'Untrusted', remedy: `has a certificate that we do not trust: check the authority in ${source}` }
        : { reason: 'Unreachable', remedy: `cannot be reached: check that it runs, and the server in ${source}` };
  }
}
