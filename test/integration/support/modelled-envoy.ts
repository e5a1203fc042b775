// A real Envoy on loopback that has the model of a topology, and backends that say what they got.
import { createSocket } from 'node:dgram';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
  Server,
} from 'node:http';
import { connect, createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished } from 'vitest';
import { freePorts } from '../../../localstack/cluster/ports.ts';
import type { EndpointSlice } from '../../../src/api/core.ts';
import { issueServerCertificate, makeAuthority } from '../../../src/envoy/ads/issue.ts';
import { startAds, web } from '../../../src/envoy/ads/testing/ads-under-test.ts';
import { buildEnvoy } from '../../../src/envoy/model/build.ts';
import { endpointsOf } from '../../../src/envoy/model/endpoints.ts';
import { servicesOf, type Upstream } from '../../../src/envoy/model/upstreams.ts';
import type { Resource, Snapshot } from '../../../src/envoy/snapshot.ts';
import type { BackendService } from '../../../src/gateway/backend-service.ts';
import { finish } from '../../../src/gateway/steps.ts';
import { certificate } from '../../../src/gateway/testing/sample.ts';
import type { Topology } from '../../../src/gateway/topology.ts';
import { startEnvoy } from './envoy.ts';

/** What a backend got. */
export interface Got {
  /** The Service's name. */
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly got: Got | undefined;
}

export interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What answers requests, connections or datagrams. */
export type Backend =
  | RequestListener
  | { readonly tcp: (socket: Socket) => void }
  /** It listens nowhere yet. */
  | { readonly server: NetServer }
  | { readonly udp: (datagram: Buffer) => string }
  /** A server of the test's own, on loopback. */
  | { readonly port: number };

export interface ModelledEnvoyOptions {
  /** Changes what the model made. */
  readonly change?: (snapshot: Omit<Snapshot, 'endpoints'>) => Omit<Snapshot, 'endpoints'>;
  /** Backends by the Service's name. The others tell what they got. A Service of `undefined` has no endpoints. */
  readonly backends?: Readonly<Record<string, Backend | undefined>>;
}

/** Starts Envoy with the topology, whose ports of a number have one port of loopback each. It ends with the test. */
export async function startModelledEnvoy(topology: Topology, options: ModelledEnvoyOptions = {}) {
  const ads = await startAds();
  const free = await freePorts(3);
  const [port = 0] = free;
  const backends = new Backends(options.backends ?? {});
  const keyPair = await selfSigned();
  /** Returns when Envoy has it. */
  const publish = async (next: Topology): Promise<void> => {
    const numbers = [...new Set(next.ports.map((each) => each.port))];
    const standingPorts = numbers.map((number, index) => [number, free[index] ?? 0] as const);
    const keyPairs = new Map([[certificate, keyPair]]);
    const model = finish(buildEnvoy(next, { families: ['IPv4'], keyPairs, standingPorts }));
    const endpoints = await backends.endpoints([...model.upstreams.values()]);
    const snapshot = options.change?.(model.snapshot) ?? model.snapshot;
    ads.server.publish(web, { ...snapshot, endpoints: new Map(endpoints.map((each) => [each.name, each])) });
    await expect
      .poll(() => ads.server.states(web).map(({ isCurrent, rejected }) => ({ isCurrent, rejected })), {
        timeout: 20_000,
        interval: 2,
      })
      .toEqual([{ isCurrent: true, rejected: [] }]);
  };
  const envoy = await startEnvoy({ pod: 'one', adsPort: ads.port, authorities: ads.authorities });
  await publish(topology);
  return {
    ...ads,
    ...envoy,
    envoyPort: port,
    /** Envoy's ports, in the order of the topology's port numbers. */
    envoyPorts: free,
    publish,
    ask: (path: string, asked: Asked = {}) => ask(port, path, asked),
    /** Sends bytes as they are. The answer is all that comes until the connection ends. */
    send: (bytes: string) => send(port, bytes),
  };
}

class Backends {
  readonly #handlers: Readonly<Record<string, Backend | undefined>>;
  readonly #servers = new Map<string, Promise<number>>();

  constructor(handlers: Readonly<Record<string, Backend | undefined>>) {
    this.#handlers = handlers;
  }

  async endpoints(upstreams: readonly Upstream[]): Promise<readonly Resource[]> {
    const services = upstreams.flatMap(servicesOf);
    const found = await Promise.all(services.map(async (each) => [each.service, await this.#slices(each)] as const));
    const slices = new Map(found);
    return upstreams.map((upstream) => endpointsOf(upstream, (service) => slices.get(service) ?? []));
  }

  async #slices({ service, transport }: BackendService): Promise<readonly EndpointSlice[]> {
    const name = service.slice(service.indexOf('/') + 1);
    if (name in this.#handlers && this.#handlers[name] === undefined) return [];
    const started = this.#servers.get(name) ?? start(this.#handlers[name] ?? echo(name));
    this.#servers.set(name, started);
    return [
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { namespace: 'shop', name },
        addressType: 'IPv4',
        ports: [{ name: '', port: await started, protocol: transport ?? 'TCP' }],
        endpoints: [{ addresses: ['127.0.0.1'] }],
      },
    ];
  }
}

const echo =
  (service: string): RequestListener =>
  ({ method, url: path, headers }, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ service, method, path, headers }));

async function start(backend: Backend): Promise<number> {
  if (typeof backend !== 'function' && 'udp' in backend) return startUdp(backend.udp);
  if (typeof backend !== 'function' && 'port' in backend) return backend.port;
  // Longer than Envoy's, so that Envoy never uses a connection that just ends.
  const server =
    typeof backend === 'function'
      ? createServer({ maxHeaderSize: 1024 * 1024, keepAliveTimeout: 3_600_000 }, backend)
      : 'server' in backend
        ? backend.server
        : createTcpServer(backend.tcp);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    if (server instanceof Server) server.closeAllConnections();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function startUdp(answer: (datagram: Buffer) => string): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram, { port, address }) => socket.send(answer(datagram), port, address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

async function selfSigned() {
  const validity = { from: Date.now() - 60_000, until: Date.now() + 600_000 };
  const issued = await issueServerCertificate(await makeAuthority('test', validity), 'a.com', validity);
  return { chain: issued.certificate, key: issued.key };
}

async function ask(port: number, path: string, { method = 'GET', host = 'shop.com', headers }: Asked): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers: { ...headers, host }, agent: false });
  const incoming = Promise.withResolvers<IncomingMessage>();
  outgoing.on('error', incoming.reject).on('response', incoming.resolve).end();
  const { statusCode: status = 0, headers: received } = await incoming.promise;
  const body = await text(await incoming.promise);
  const got: Got | undefined = received['content-type'] === 'application/json' ? JSON.parse(body) : undefined;
  return { status, headers: received, body, got };
}

async function send(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}
