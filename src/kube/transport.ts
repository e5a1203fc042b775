import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { Credentials, TlsMaterial } from './credentials.ts';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest silence before the answer's head, connecting included. */
  readonly headTimeoutMs: number;
  /** The longest silence within the answer's body. */
  readonly bodyTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** The server did not say anything for too long. */
class SilenceError extends Error {
  override readonly name = 'SilenceError';
  readonly code = 'ETIMEDOUT_SILENT';
}

/** Idle connections are closed before the API server does so, after 90 s. */
const poolOptions = { keepAlive: true, keepAliveMsecs: 30_000, timeout: 30_000 } as const;

interface ConnectionOptions {
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/**
 * The one pool of connections to one API server. It is Node's own: undici compiles a parser to WebAssembly with its
 * first request, and takes 25 MiB more in all, of the 150 that the whole controller may have.
 */
export class Transport {
  readonly #url: URL;
  readonly #credentials: Credentials;
  readonly #pool: http.Agent;
  #current: { readonly material: TlsMaterial; readonly options: ConnectionOptions } | undefined;

  /** @param proxyUrl an HTTP proxy to reach the server through */
  constructor(url: URL, credentials: Credentials, proxyUrl: string | undefined) {
    this.#url = url;
    this.#credentials = credentials;
    const proxyEnv = proxyUrl === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl } };
    const Agent = url.protocol === 'https:' ? https.Agent : http.Agent;
    this.#pool = new Agent({ ...poolOptions, ...proxyEnv });
  }

  /** Resolves with the answer's head; its body is still to be read, or destroyed. */
  async request(options: TransportRequest): Promise<IncomingMessage> {
    const { signal, body = '', bodyTimeoutMs, headTimeoutMs, headers, method, path } = options;
    const connection = this.#url.protocol === 'https:' ? await this.#connectionOptions() : {};
    signal.throwIfAborted();
    const { request: open } = this.#url.protocol === 'https:' ? https : http;
    const request = open({
      host: this.#url.hostname.replace(/^\[|\]$/g, ''),
      port: this.#url.port,
      agent: this.#pool,
      timeout: headTimeoutMs,
      ...connection,
      method,
      path,
      // Node would leave it out of a DELETE.
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    let answer: IncomingMessage | undefined;
    const cut = (reason: Error) => (answer ?? request).destroy(reason);
    const abort = () => cut(signal.reason instanceof Error ? signal.reason : new Error('Aborted'));
    signal.addEventListener('abort', abort, { once: true });
    request.once('close', () => signal.removeEventListener('abort', abort));
    request.on('timeout', () => cut(new SilenceError('No answer')));
    request.end(body);
    const [head]: IncomingMessage[] = await once(request, 'response');
    if (head === undefined) throw new Error('An answer without a head');
    answer = head;
    // What goes wrong later shows in the answer's body, and there only.
    request.on('error', () => undefined);
    request.setTimeout(bodyTimeoutMs);
    return head;
  }

  close(): void {
    this.#pool.destroy();
  }

  /** Read anew each time, so that new connections take up rotated certificates; equal ones share their context. */
  async #connectionOptions(): Promise<ConnectionOptions> {
    const material = await this.#credentials.tls();
    if (this.#current === undefined || !isDeepStrictEqual(this.#current.material, material)) {
      const { ca, cert, key, ...options } = material;
      this.#current = { material, options: { ...options, secureContext: createSecureContext({ ca, cert, key }) } };
    }
    return this.#current.options;
  }
}

/** @throws what broke the connection */
export async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
