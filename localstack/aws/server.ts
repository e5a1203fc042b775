// The embedded AWS as an HTTP server.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Calls } from './calls.ts';
import { type Clock, systemClock } from './clock.ts';
import { control } from './control.ts';
import { Endpoint } from './endpoint.ts';
import { type AwsOptions, defaultOptions } from './options.ts';
import { defaultQuotas, type Quotas } from './quotas.ts';
import { type Random, systemRandom, uuid } from './random.ts';
import type { Seed } from './seed.ts';
import { AwsError } from './service.ts';
import { encodeError, type WireResponse } from './wire/protocols.ts';
import type { World } from './world.ts';

export interface StartOptions extends Partial<Omit<AwsOptions, 'quotas'>> {
  /** Those that differ from AWS's defaults. */
  readonly quotas?: Partial<Quotas>;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A running embedded AWS. */
export interface Aws {
  /** What AWS_ENDPOINT_URL is to be. */
  readonly url: string;
  readonly options: AwsOptions;
  readonly calls: Calls;
  /** What was seeded; undefined without the `seed` option. */
  readonly seeded: () => Seed | undefined;
  /** The state of a region, for tests that look behind the wire. */
  readonly world: (region?: string) => World;
  /** Back to how it started: empty, or the seed alone. */
  readonly reset: () => void;
  readonly close: () => Promise<void>;
}

const maxBodyBytes = 4 << 20;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new AwsError('RequestEntityTooLarge', 'The request is too large', 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function respond(endpoint: Endpoint, request: IncomingMessage, requestId: string): Promise<WireResponse> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method ?? 'GET';
  if (url.pathname.startsWith('/_aws/')) return control(method, url.pathname, endpoint);
  const body = await readBody(request);
  const authorization = header(request, 'authorization');
  const target = header(request, 'x-amz-target');
  return await endpoint.answer({ method, url, authorization, target, body }, requestId);
}

async function serve(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const { status, contentType, body } = await respond(endpoint, request, requestId).catch((error: unknown) => {
    if (error instanceof AwsError) return encodeError('query', '', requestId, error);
    throw error;
  });
  response.writeHead(status, { 'content-type': contentType, 'x-amzn-requestid': requestId });
  response.end(body);
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

/** Starts an embedded AWS on 127.0.0.1. */
export async function startAws(given: StartOptions = {}): Promise<Aws> {
  const { clock = systemClock, random = systemRandom, quotas, ...switches } = given;
  const options: AwsOptions = { ...defaultOptions, ...switches, quotas: { ...defaultQuotas, ...quotas } };
  const endpoint = new Endpoint(options, clock, random);
  const server = createServer((request, response) => {
    serve(endpoint, request, response, uuid(random)).catch(() => {
      // The client went away while its request was read.
      response.destroy();
    });
  });
  // Longer than clients keep an idle connection, so that none is closed under a request on its way.
  server.keepAliveTimeout = 75_000;
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    options: { ...options, port },
    calls: endpoint.calls,
    seeded: () => endpoint.seeded,
    world: (region = options.region) => endpoint.world(region),
    reset: () => endpoint.reset(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
