// The embedded AWS as an HTTP server. A request goes decode → authenticate → throttle → act → encode, in `answer`.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Account } from './account.ts';
import { authenticate, readCredential } from './authenticate.ts';
import { Calls } from './calls.ts';
import { type Clock, systemClock } from './clock.ts';
import { control } from './control.ts';
import { type Addressed, address, readInput, type WireRequest } from './decode.ts';
import { releaseLoadBalancers } from './elbv2/release.ts';
import { type AwsOptions, defaultOptions } from './options.ts';
import { defaultQuotas, type Quotas } from './quotas.ts';
import { type Random, systemRandom, uuid } from './random.ts';
import { type Seed, seed } from './seed.ts';
import { AwsError, type Service } from './service.ts';
import { Throttle } from './throttle.ts';
import { encodeError, encodeResult, type WireResponse } from './wire/protocols.ts';
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

function asAwsError(thrown: unknown): AwsError {
  if (thrown instanceof AwsError) return thrown;
  console.error(thrown);
  return new AwsError('InternalFailure', 'The embedded AWS failed; its own output says why', 500);
}

function unknownAction(service: Service, action: string): AwsError {
  const message = `The action ${action} is not valid for this endpoint.`;
  return service.protocol === 'json'
    ? new AwsError('UnknownOperationException', message)
    : new AwsError('InvalidAction', message);
}

/** Starts an embedded AWS on 127.0.0.1. */
export async function startAws(given: StartOptions = {}): Promise<Aws> {
  const { clock = systemClock, random = systemRandom, quotas, ...switches } = given;
  const options: AwsOptions = { ...defaultOptions, ...switches, quotas: { ...defaultQuotas, ...quotas } };
  const account = new Account(options, clock, random);
  const throttle = new Throttle(clock);
  const calls = new Calls(clock);
  let seeded: Seed | undefined;

  async function act(addressed: Addressed, body: string, world: World, requestId: string): Promise<WireResponse> {
    const { service, action, credential } = addressed;
    calls.count(service.name, action);
    const input = readInput(addressed, body);
    const principal = authenticate(credential, service, options, account.sessions, clock);
    const perform = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
    if (!perform) throw unknownAction(service, action);
    if (options.throttling) throttle.take(service, action, world.region);
    releaseLoadBalancers(world);
    const context = { region: world.region, accountId: options.accountId, requestId, principal };
    return encodeResult({ service, action, requestId }, await perform(input, context));
  }

  async function answer(request: WireRequest, requestId: string): Promise<WireResponse> {
    const { world, services } = account.region(readCredential(request.authorization)?.region || options.region);
    let protocol: Service['protocol'] = request.target === undefined ? 'query' : 'json';
    let namespace = '';
    let name = '?';
    let error: AwsError | undefined;
    try {
      const addressed = address(request, services);
      protocol = addressed.service.protocol;
      namespace = addressed.service.namespace;
      name = `${addressed.service.name}:${addressed.action}`;
      return await act(addressed, request.body, world, requestId);
    } catch (thrown) {
      error = asAwsError(thrown);
      return encodeError(protocol, namespace, requestId, error);
    } finally {
      if (options.log) console.log(`${world.region} ${name} ${error ? `${error.code}: ${error.message}` : 'ok'}`);
    }
  }

  function reset(): void {
    account.clear();
    throttle.reset();
    seeded = options.seed ? seed(account.region(options.region).world) : undefined;
  }

  async function respond(request: IncomingMessage, requestId: string): Promise<WireResponse> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = request.method ?? 'GET';
    if (url.pathname.startsWith('/_aws/')) return control(method, url.pathname, { calls, reset, seeded: () => seeded });
    const body = await readBody(request);
    const authorization = header(request, 'authorization');
    return await answer({ method, url, authorization, target: header(request, 'x-amz-target'), body }, requestId);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = uuid(random);
    const { status, contentType, body } = await respond(request, requestId).catch((error: unknown) => {
      if (error instanceof AwsError) return encodeError('query', '', requestId, error);
      throw error;
    });
    response.writeHead(status, { 'content-type': contentType, 'x-amzn-requestid': requestId });
    response.end(body);
  }

  reset();
  const server = createServer((request, response) => {
    serve(request, response).catch(() => {
      // The client went away while its request was read.
      response.destroy();
    });
  });
  // Longer than clients keep an idle connection, so that none is closed under a request on its way.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : options.port;

  return {
    url: `http://127.0.0.1:${port}`,
    options: { ...options, port },
    calls,
    seeded: () => seeded,
    world: (region = options.region) => account.region(region).world,
    reset,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
