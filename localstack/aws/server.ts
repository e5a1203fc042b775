// The embedded AWS as an HTTP server.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Calls } from './calls.ts';
import { type Clock, systemClock } from './clock.ts';
import { control } from './control.ts';
import type { Reachable } from './dataplane/reachable.ts';
import { type Named, namedOf } from './dns/names.ts';
import { type Dns, startDns } from './dns/server.ts';
import { Endpoint } from './endpoint.ts';
import type { Faults } from './faults/faults.ts';
import { type FaultPlanInput, readFaultPlan } from './faults/plan.ts';
import type { Iam } from './iam/iam.ts';
import { readPolicy } from './iam/policy.ts';
import { type AwsOptions, defaultOptions } from './options.ts';
import { defaultQuotas, type Quotas } from './quotas.ts';
import { type Random, systemRandom, uuid } from './random.ts';
import type { Seed } from './seed.ts';
import { AwsError } from './service.ts';
import type { BucketUse } from './throttle.ts';
import { encodeError, type WireResponse } from './wire/protocols.ts';
import type { World } from './world.ts';

export interface StartOptions extends Partial<Omit<AwsOptions, 'quotas' | 'policies' | 'faults'>> {
  /** Only quotas that differ from AWS's defaults. */
  readonly quotas?: Partial<Quotas>;
  /** Policy documents by the ARN of their role or user; `*` is for all others. */
  readonly policies?: Readonly<Record<string, unknown>>;
  readonly faults?: FaultPlanInput;
  /** The initial state, from another embedded AWS's `save`. It contains the seed, if any. */
  readonly state?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A running embedded AWS. */
export interface Aws {
  /** The value for AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly options: AwsOptions;
  readonly calls: Calls;
  /** The use of AWS's token buckets, whether throttling is on or not. */
  readonly bucketUses: () => readonly BucketUse[];
  readonly faults: Faults;
  readonly iam: Iam;
  /** The seed's ids; undefined without the `seed` option. */
  readonly seeded: () => Seed | undefined;
  /** The state of a region, for tests that read it directly. */
  readonly world: (region?: string) => World;
  /** The load balancers that forward traffic; none without the `dataPlane` option. */
  readonly reachable: () => readonly Reachable[];
  /** `ADDRESS:PORT` of the DNS server; undefined without the `dns` option. */
  readonly dns: string | undefined;
  /** The account's complete state as text: the `state` of another embedded AWS. */
  readonly save: () => string;
  /** Back to the start: empty, the seed, or the initial state. */
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
  const body = await readBody(request);
  if (url.pathname.startsWith('/_aws/')) return control(method, url.pathname, body, endpoint);
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

async function dnsOf({ dns, dataPlane }: AwsOptions, names: () => readonly Named[]): Promise<Dns | undefined> {
  if (dns === undefined) return undefined;
  if (!dataPlane) throw new Error('A DNS server needs a data plane: without one no load balancer has an address');
  return await startDns(dns, names);
}

/** Starts an embedded AWS on 127.0.0.1. */
export async function startAws(given: StartOptions = {}): Promise<Aws> {
  const { clock = systemClock, random = systemRandom, quotas, policies = {}, faults = {}, state, ...switches } = given;
  const options: AwsOptions = {
    ...defaultOptions,
    ...switches,
    quotas: { ...defaultQuotas, ...quotas },
    policies: Object.fromEntries(Object.entries(policies).map(([to, document]) => [to, readPolicy(document)])),
    faults: readFaultPlan(faults),
  };
  const endpoint = new Endpoint(options, clock, random, state);
  const server = createServer((request, response) => {
    serve(endpoint, request, response, uuid(random)).catch(() => {
      // A fault cut the connection, or the client closed it while we read the request.
      response.destroy();
    });
  });
  // Longer than clients keep idle connections, so that we never close a connection during a request.
  server.keepAliveTimeout = 75_000;
  const reachable = () => endpoint.dataPlane?.reachable() ?? [];
  const names = () => reachable().map(namedOf);
  const port = await listen(server, options.port);
  const dns = await dnsOf(options, names).catch((error: unknown) => {
    server.close();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    options: { ...options, port },
    calls: endpoint.calls,
    bucketUses: () => endpoint.throttle.uses(),
    faults: endpoint.faults,
    iam: endpoint.iam,
    seeded: () => endpoint.seeded,
    world: (region = options.region) => endpoint.world(region),
    reachable,
    dns: dns?.place,
    save: () => endpoint.save(),
    reset: () => endpoint.reset(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        endpoint.dataPlane?.close();
        dns?.close();
      }),
  };
}
