// The two small HTTP servers of the process: metrics, and the probes.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Registry } from '@prometheus-io/client';

/** The address is in use, or is not an address of this machine. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** @throws ListenError */
async function listen(server: Server, flag: string, address: string): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port: Number(address.slice(colon + 1)), ...(host === '' ? {} : { host }) }, resolve);
  try {
    await promise;
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : error;
    throw new ListenError(`--${flag}: could not listen on ${address}: ${String(code)}`, { cause: error });
  }
}

export interface Probes {
  /** What is wrong; undefined if nothing is. */
  readonly ready: () => string | undefined;
  readonly healthy: () => string | undefined;
}

/**
 * Serves /metrics on one address, /healthz and /readyz on the other, until the signal aborts. An address is `[HOST]:PORT`,
 * or `0` for none.
 * @throws ListenError
 */
export async function serveTelemetry(
  addresses: { readonly metrics: string; readonly probes: string },
  registry: Registry,
  probes: Probes,
  signal: AbortSignal,
): Promise<void> {
  const metrics = createServer((request, response) => {
    void answer(request.url === '/metrics' ? () => registry.metrics() : undefined, registry.contentType, response);
  });
  const paths: Readonly<Record<string, () => string | undefined>> = {
    '/healthz': probes.healthy,
    '/readyz': probes.ready,
  };
  const health = createServer((request, response) => {
    const probe = paths[request.url ?? ''];
    const fault = probe?.();
    if (fault !== undefined) response.writeHead(503, { 'content-type': 'text/plain' }).end(fault);
    else void answer(probe && (() => 'ok'), 'text/plain', response);
  });
  for (const [server, flag, address] of [
    [metrics, 'metrics-bind-addr', addresses.metrics],
    [health, 'health-probe-bind-addr', addresses.probes],
  ] as const) {
    if (address === '0') continue;
    await listen(server, flag, address);
    signal.addEventListener('abort', () => server.close().closeAllConnections(), { once: true });
  }
}

/** Answers 404 if the text is undefined. */
async function answer(
  text: (() => string | Promise<string>) | undefined,
  contentType: string,
  response: ServerResponse,
): Promise<void> {
  if (text === undefined) {
    response.writeHead(404).end();
    return;
  }
  try {
    response.writeHead(200, { 'content-type': contentType }).end(await text());
  } catch {
    response.writeHead(500).end();
  }
}
