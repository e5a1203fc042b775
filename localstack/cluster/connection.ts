import { Agent, fetch } from 'undici';
import { readKubeconfig } from './kubeconfig.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface RequestOptions {
  /** Sent as JSON, which is YAML too: server-side apply has a content type of its own. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

/** One user's connection to one API server. */
export interface Connection {
  readonly url: string;
  /**
   * The parsed answer, which the caller knows the type of. Throws an ApiError where the server refuses. `path` begins
   * with a slash.
   */
  request<T = unknown>(method: Method, path: string, options?: RequestOptions): Promise<T>;
  /** The lines of an answer that goes on, as a watch's does, each when it comes. */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
  close(): Promise<void>;
}

/** What the API server answered instead of what was asked for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status. */
  readonly status: number;
  /** The reason in the server's Status object (`NotFound`, `Forbidden`, …); empty where it sent none. */
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
  // By HTTP/2 a watch that is given up while the connection closes throws where nobody can catch it.
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
