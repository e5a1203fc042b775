import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { Credentials, TlsMaterial } from './credentials.ts';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest wait for the head of the answer, connecting included. */
  readonly headTimeoutMs: number;
  /** The longest silence in the body of the answer. */
  readonly bodyTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** The server sent nothing for too long. */
class SilenceError extends Error {
  override readonly name = 'SilenceError';
  readonly code = 'ETIMEDOUT_SILENT';
}

/** We close idle connections before the API server does so, after 90 s. */
const poolOptions = { keepAlive: true, keepAliveMsecs: 30_000, timeout: 30_000 } as const;

interface ConnectionOptions {
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/**
 * The pool of connections to one API server. It uses Node's own client, because undici's WebAssembly parser needs 25 MiB more
 * (the whole controller may use 150).
 */
export class Transport {
  readonly #url: URL;
  readonly #credentials: Credentials;
  readonly #pool: http.Agent;
  #current: { readonly material: TlsMaterial; readonly options: ConnectionOptions } | undefined;

  /** @param proxyUrl the HTTP proxy to use, if any */
  constructor(url: URL, credentials: Credentials, proxyUrl: string | undefined) {
    this.#url = url;
    this.#credentials = credentials;
    const proxyEnv = proxyUrl === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl } };
    const Agent = url.protocol === 'https:' ? https.Agent : http.Agent;
    this.#pool = new Agent({ ...poolOptions, ...proxyEnv });
  }

  /** Resolves with the head of the answer. The caller must read the body, or destroy it. */
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
      // Node omits content-length in a DELETE.
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
    // Later errors show only in the answer's body.
    request.on('error', () => undefined);
    request.setTimeout(bodyTimeoutMs);
    return head;
  }

  close(): void {
    this.#pool.destroy();
  }

  /** Reads certificates each time, so that new connections use rotated ones. Equal certificates share one TLS context. */
  async #connectionOptions(): Promise<ConnectionOptions> {
    const material = await this.#credentials.tls();
    if (this.#current === undefined || !isDeepStrictEqual(this.#current.material, material)) {
      const { ca, cert, key, ...options } = material;
      this.#current = { material, options: { ...options, secureContext: createSecureContext({ ca, cert, key }) } };
    }
    return this.#current.options;
  }
}

/** @throws the error that broke the connection */
export async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
