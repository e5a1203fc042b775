import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../client.ts';
import { systemClock } from '../clock.ts';
import { connect } from '../connect.ts';

/** One request to the test's server. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly response: ServerResponse;
  readonly json: (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void;
  /** Begins the answer to a watch; the test sends lines with `response.write`. */
  readonly stream: () => void;
}

/** An HTTP server with the test's answers, and a client for it. */
export class ApiServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly client: KubeClient;
  readonly port: number;
  readonly #close: () => Promise<void>;

  private constructor(client: KubeClient, port: number, requests: string[], close: () => Promise<void>) {
    this.client = client;
    this.port = port;
    this.requests = requests;
    this.#close = close;
  }

  static async start(answer: (exchange: Exchange) => void, timeoutMs = 5000): Promise<ApiServer> {
    const requests: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        requests.push(`${request.method} ${request.url}`);
        answer(exchange(request, response, Buffer.concat(chunks).toString()));
      });
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = portOf(address);
    const { client, remove } = await clientFor(`http://127.0.0.1:${port}`, { timeoutMs });
    return new ApiServer(client, port, requests, async () => {
      client.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await remove();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Expected the server to listen on a port');
  return address.port;
}

function exchange(request: IncomingMessage, response: ServerResponse, body: string): Exchange {
  return {
    method: request.method ?? '',
    url: new URL(request.url ?? '/', 'http://localhost'),
    headers: request.headers,
    body,
    response,
    json: (status, answer, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(answer));
    },
    stream: () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
    },
  };
}

interface ClientOptions {
  readonly timeoutMs?: number;
  readonly proxyUrl?: string;
  /** In the format of a kubeconfig. */
  readonly user?: object;
}

/** A client of a server without TLS. Its default token is `the-secret-token`. */
export async function clientFor(
  server: string,
  { timeoutMs = 5000, proxyUrl, user = { token: 'the-secret-token' } }: ClientOptions = {},
): Promise<{ readonly client: KubeClient; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  const kubeconfig = join(folder, 'config');
  const config = {
    clusters: [{ name: 'test', cluster: { server, 'proxy-url': proxyUrl } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  const client = await connect({
    kubeconfig,
    userAgent: 'test',
    clock: systemClock,
    random: () => 0,
    timeoutMs,
    env: {},
  });
  return { client, remove: () => rm(folder, { recursive: true }) };
}
