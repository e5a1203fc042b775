// Envoy's aggregated discovery service, in delta form, over HTTP/2 with TLS.
import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { create } from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from '@connectrpc/connect';
import { type ConnectNodeAdapterOptions, connectNodeAdapter } from '@connectrpc/connect-node';
import { type ObjectKey, parseObjectKey } from '../../kube/object.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type Resource, type ResourceKind, resourceKinds, type Snapshot, typeUrls } from '../snapshot.ts';
import { AggregatedDiscoveryService } from '../xds/envoy/service/discovery/v3/ads_pb.ts';
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '../xds/envoy/service/discovery/v3/discovery_pb.ts';
import type { Request, Response } from './delta.ts';
import { Identities, type IdentitiesOptions, type Identity } from './identities.ts';
import { type Placement, type PlaceOf, Publications } from './publications.ts';
import { Strangers } from './strangers.ts';
import { LARGEST_REQUEST, type Stream } from './stream.ts';
import type { EnvoyState, Summary } from './summary.ts';

/** PEM. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface AdsServerOptions extends Omit<IdentitiesOptions, 'isOurs'> {
  readonly placeOf: PlaceOf;
  /** Called when `states` of a Gateway may answer differently. */
  readonly onChange: (gateway: ObjectKey) => void;
  readonly certificate: ServerCertificate;
  readonly logger: Logger;
  /** How long a connection may take until its first good token, in milliseconds. */
  readonly proofMs?: number;
}

/** For the first request of a stream. */
const firstRequestMs = 10_000;
/** For what is left to say when the service stops. */
const closingMs = 3_000;

type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/** Where a request comes from. */
const peerKey = createContextKey<Peer>({ remoteAddress: undefined, remotePort: undefined });

const kindsByUrl: ReadonlyMap<string, ResourceKind> = new Map(resourceKinds.map((kind) => [typeUrls[kind], kind]));

export class AdsServer {
  readonly #options: AdsServerOptions;
  readonly #identities: Identities;
  readonly #publications: Publications;
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #connections = new Set<Socket>();
  readonly #strangers: Strangers;

  constructor(options: AdsServerOptions) {
    this.#options = options;
    this.#identities = new Identities({
      ...options,
      isOurs: (claimed) => options.placeOf(claimed) !== undefined,
    });
    this.#publications = new Publications(options.placeOf, options.onChange);
    const { certificate, key } = options.certificate;
    this.#strangers = new Strangers(options.proofMs);
    const adapter: Omit<ConnectNodeAdapterOptions, 'routes'> = {
      connect: false,
      grpcWeb: false,
      readMaxBytes: LARGEST_REQUEST,
      contextValues: ({ socket }) => createContextValues().set(peerKey, socket),
    };
    this.#server = createSecureServer(
      { cert: certificate, key, settings: { maxConcurrentStreams: 16 } },
      connectNodeAdapter({ ...adapter, routes: (router) => this.#route(router) }),
    );
    this.#server.on('error', (error) => options.logger.error({ err: error }, 'the configuration service failed'));
    this.#server.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
      this.#strangers.add(socket);
    });
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
  }

  /** Begins to serve. Envoys of Gateways without a snapshot wait. */
  async listen(port: number, host?: string): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error(`Expected a port, got ${String(address)}`);
    return address;
  }

  /** For new connections. */
  useCertificate({ certificate, key }: ServerCertificate): void {
    this.#server.setSecureContext({ cert: certificate, key });
  }

  publish(gateway: ObjectKey, snapshot: Snapshot): void {
    this.#publications.publish(gateway, snapshot);
  }

  /** Changes the endpoints alone. Does nothing before the Gateway's first snapshot, which has endpoints, too. */
  publishEndpoints(gateway: ObjectKey, endpoints: ReadonlyMap<string, Resource>): void {
    const snapshot = this.#publications.snapshot(gateway);
    if (snapshot !== undefined) this.publish(gateway, { ...snapshot, endpoints });
  }

  /** The clusters that Envoys of a Gateway may still use, also of earlier snapshots. Each needs endpoints. */
  clusters(gateway: ObjectKey): ReadonlySet<string> {
    return this.#publications.clusters(gateway);
  }

  /** Ends the streams of the Gateway's Envoys. They keep what they have. */
  withdraw(gateway: ObjectKey): void {
    this.#publications.withdraw(gateway, new ConnectError('the Gateway has no configuration', Code.Unavailable));
  }

  /** The Envoys of a Gateway that are connected to this process. */
  states(gateway: ObjectKey): readonly EnvoyState[] {
    return this.#publications.states(gateway);
  }

  /** The same, short and without its versions: what this replica tells the leader. */
  summary(gateway: ObjectKey): Summary {
    return this.#publications.summary(gateway);
  }

  /** Call it when `placeOf` may answer differently. */
  podsChanged(): void {
    this.#publications.podsChanged(new ConnectError('this pod is gone', Code.PermissionDenied));
  }

  async close(): Promise<void> {
    this.#publications.endAll(new ConnectError('Gatehouse is stopping', Code.Unavailable));
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const session of this.#sessions) session.close();
    // A session may end while its connection stays, so the connections are ended.
    const late = setTimeout(() => {
      for (const socket of this.#connections) socket.destroy();
    }, closingMs);
    await closed;
    clearTimeout(late);
  }

  #route(router: ConnectRouter): void {
    router.service(AggregatedDiscoveryService, {
      deltaAggregatedResources: (requests, context) => this.#serve(requests, context),
    });
  }

  async *#serve(
    requests: AsyncIterable<DeltaDiscoveryRequest>,
    context: HandlerContext,
  ): AsyncGenerator<DeltaDiscoveryResponse> {
    const identity = await this.#identify(context);
    const incoming = requests[Symbol.asyncIterator]();
    const first = await this.#soon(incoming.next());
    if (first.done === true) return;
    const placement = this.#place(identity, first.value.node?.id ?? '');
    const { gateway } = placement;
    const log = this.#options.logger.child({ gateway, pod: identity.pod });
    const stream = this.#publications.open(identity, placement);
    log.info({}, 'An Envoy connected');
    const ended = new AbortController();
    void stream.retry(this.#options.clock, ended.signal);
    try {
      this.#request(gateway, stream, first.value, log);
      void this.#read(incoming, gateway, stream, log);
      for await (const response of stream.responses()) yield encode(response);
    } finally {
      ended.abort();
      this.#publications.close(gateway, stream);
      log.info({}, 'An Envoy disconnected');
    }
  }

  async #soon<T>(first: Promise<T>): Promise<T> {
    const abort = new AbortController();
    const tooLate = this.#options.clock.sleep(firstRequestMs, abort.signal).then(() => {
      throw new ConnectError('no request came', Code.DeadlineExceeded);
    });
    try {
      return await Promise.race([first, tooLate]);
    } finally {
      abort.abort();
    }
  }

  /** Hands the requests to the stream. When they end, the stream ends. */
  async #read(
    incoming: AsyncIterator<DeltaDiscoveryRequest>,
    gateway: ObjectKey,
    stream: Stream,
    log: Logger,
  ): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await incoming.next();
        if (done === true) break;
        this.#request(gateway, stream, value, log);
      }
      stream.end();
    } catch (error) {
      // The connection broke. Envoy comes again.
      stream.end(ConnectError.from(error));
    }
  }

  #request(gateway: ObjectKey, stream: Stream, message: DeltaDiscoveryRequest, log: Logger): void {
    const kind = kindsByUrl.get(message.typeUrl);
    if (kind === undefined) return log.warn({ type: message.typeUrl }, 'An Envoy asked for an unknown type');
    const request = decode(kind, message);
    if (request.error !== undefined) log.warn({ kind, error: request.error }, 'An Envoy rejected a response');
    this.#publications.request(gateway, stream, request);
  }

  async #identify({ requestHeader, values }: HandlerContext): Promise<Identity> {
    const [, token] = /^Bearer (\S+)$/.exec(requestHeader.get('authorization') ?? '') ?? [];
    if (token === undefined) throw new ConnectError('a bearer token is needed', Code.Unauthenticated);
    const peer = values.get(peerKey);
    const identity = await this.#identities.identify(token, peer.remoteAddress ?? '').catch((error: unknown) => {
      this.#options.logger.warn({ error }, 'A token was not reviewed');
      throw new ConnectError('the token can not be reviewed now', Code.Unavailable);
    });
    if (identity === undefined) throw new ConnectError('the token is not good here', Code.Unauthenticated);
    this.#strangers.prove(peer);
    return identity;
  }

  #place(identity: Identity, node: string): Placement {
    const { name } = parseObjectKey(identity.pod);
    if (node !== name) throw new ConnectError(`the token is not that of node ${node}`, Code.PermissionDenied);
    const placement = this.#options.placeOf(identity);
    if (placement === undefined) throw new ConnectError('this pod is no Envoy of a Gateway', Code.PermissionDenied);
    return placement;
  }
}

function decode(kind: ResourceKind, message: DeltaDiscoveryRequest): Request {
  return {
    kind,
    subscribe: message.resourceNamesSubscribe,
    unsubscribe: message.resourceNamesUnsubscribe,
    initialVersions: message.initialResourceVersions,
    nonce: message.responseNonce,
    error: message.errorDetail?.message,
  };
}

function encode({ kind, nonce, resources, removed }: Response): DeltaDiscoveryResponse {
  return create(DeltaDiscoveryResponseSchema, {
    typeUrl: typeUrls[kind],
    nonce,
    removedResources: [...removed],
    resources: resources.map(({ name, version, typeUrl, bytes }) => ({
      name,
      version,
      resource: { typeUrl, value: bytes },
    })),
  });
}
