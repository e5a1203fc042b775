import type { Dispatcher } from 'undici';
// oxlint-disable-next-line no-restricted-imports -- undici's folder, not ours
import request from 'undici/lib/api/api-request.js';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { Credentials } from './credentials.ts';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest wait for the answer's head. */
  readonly headersTimeoutMs: number;
  /** The longest silence within the answer's body. */
  readonly bodyTimeoutMs: number;
  readonly signal: AbortSignal;
}

const connectOptions = { timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000, allowH2: false } as const;

/** The one pool of connections to one API server. */
export class Transport {
  readonly #origin: string;
  readonly #dispatcher: Dispatcher;

  private constructor(origin: string, dispatcher: Dispatcher) {
    this.#origin = origin;
    this.#dispatcher = dispatcher;
  }

  /** @param proxyUrl an HTTP proxy to reach the server through */
  static async create(origin: string, credentials: Credentials, proxyUrl: string | undefined): Promise<Transport> {
    // Longer than a request a second apart, shorter than the API server's own 90 s.
    const pool = { keepAliveTimeout: 30_000, allowH2: false } as const;
    if (proxyUrl !== undefined) {
      const { ProxyAgent } = await import('undici');
      const requestTls = { ...connectOptions, ...(await credentials.tls()) };
      return new Transport(origin, new ProxyAgent({ ...pool, uri: proxyUrl, requestTls }));
    }
    return new Transport(origin, new Agent({ ...pool, connect: connector(credentials) }));
  }

  async request({ headersTimeoutMs, bodyTimeoutMs, ...rest }: TransportRequest): Promise<Dispatcher.ResponseData> {
    return await request.call(this.#dispatcher, {
      origin: this.#origin,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      ...rest,
    });
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

/** Reads the certificates for each new connection, so that rotated ones are taken up. */
function connector(credentials: Credentials): buildConnector.connector {
  return (options, callback) => {
    credentials.tls().then(
      (tls) => buildConnector({ ...connectOptions, ...tls })(options, callback),
      // oxlint-disable-next-line promise/no-callback-in-promise -- undici's connectors take callbacks
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}
