import { Agent, fetch } from 'undici';
import { readKubeconfig } from './kubeconfig.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface RequestOptions {
  /** Sent as JSON, which is also YAML, because server-side apply has its own content type. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

/** One user's connection to one API server. */
export interface Connection {
  readonly url: string;
  /**
   * The parsed answer, with the caller's type. Throws an ApiError if the server refuses. `path` begins with a slash.
   */
  request<T = unknown>(method: Method, path: string, options?: RequestOptions): Promise<T>;
  /** The lines of a streaming answer, such as a watch, each as it arrives. */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
  close(): Promise<void>;
}

/** An error answer of the API server. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status. */
  readonly status: number;
  /** The reason in the server's Status object (`NotFound`, `Forbidden`, …); empty if it sent none. */
  readonly reason: string;

  constructor(request: string, status: number, body: string) {
    const { reason = '', message = body } = parseStatus(body);
    super(`${request}: ${status} ${reason}: ${message}`);
    this.status = status;
    this.reason = reason;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

/** Connects with a kubeconfig that the local cluster wrote. Nothing is sent yet. */
export async function connect(kubeconfig: string): Promise<Connection> {
  const { url, ca, user } = await readKubeconfig(kubeconfig);
  const identity = user.kind === 'certificate' ? { cert: user.pair.certificate, key: user.pair.key } : {};
  const authorization = user.kind === 'token' ? { authorization: `Bearer ${user.token}` } : {};
  // With HTTP/2, a watch that is aborted while the connection closes throws where nobody can catch it.
  const dispatcher = new Agent({ connect: { ca, ...identity }, allowH2: false });
  const headers = { accept: 'application/json', ...authorization };
  return {
    url,
    request: async (method, path, { body, contentType = 'application/json', signal } = {}) => {
      const response = await fetch(new URL(path, url), {
        method,
        dispatcher,
        headers: { ...headers, 'content-type': contentType },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      const text = await response.text();
      if (!response.ok) throw new ApiError(`${method} ${path}`, response.status, text);
      return response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : text;
    },
    lines: async function* (path, signal) {
      const response = await fetch(new URL(path, url), { dispatcher, headers, signal });
      if (!response.ok || response.body === null)
        throw new ApiError(`GET ${path}`, response.status, await response.text());
      let rest = '';
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = `${rest}${text}`.split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function parseStatus(body: string): { readonly reason?: string; readonly message?: string } {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}
