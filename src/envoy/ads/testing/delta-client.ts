// A small delta client over TLS, in place of an Envoy.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { type ResourceKind, typeUrls } from '../../snapshot.ts';
import { AggregatedDiscoveryService } from '../../xds/envoy/service/discovery/v3/ads_pb.ts';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
} from '../../xds/envoy/service/discovery/v3/discovery_pb.ts';

export interface DeltaClientOptions {
  readonly host: string;
  readonly port: number;
  /** The name in the certificate. */
  readonly serverName: string;
  /** PEM. */
  readonly authorities: string;
  readonly token: string;
  readonly node: string;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

type Fields = Omit<MessageInitShape<typeof DeltaDiscoveryRequestSchema>, 'typeUrl' | 'node' | '$typeName'>;

export class DeltaClient {
  readonly #node: string;
  readonly #requests: DeltaDiscoveryRequest[] = [];
  #wake = Promise.withResolvers<void>();
  readonly #responses: AsyncIterator<DeltaDiscoveryResponse>;

  constructor({ host, port, serverName, authorities, token, node, signal }: DeltaClientOptions) {
    this.#node = node;
    const transport = createGrpcTransport({
      baseUrl: `https://${host}:${port}`,
      nodeOptions: { ca: authorities, servername: serverName },
    });
    const options = { headers: { authorization: `Bearer ${token}` }, signal };
    const client = createClient(AggregatedDiscoveryService, transport);
    this.#responses = client.deltaAggregatedResources(this.#outgoing(), options)[Symbol.asyncIterator]();
  }

  request(kind: ResourceKind, fields: Fields = {}): void {
    const node = { id: this.#node };
    this.#requests.push(create(DeltaDiscoveryRequestSchema, { typeUrl: typeUrls[kind], node, ...fields }));
    this.#wake.resolve();
  }

  /** Rejects if the server ends the stream. */
  async next(): Promise<DeltaDiscoveryResponse> {
    const next = await this.#responses.next();
    if (next.done === true) throw new Error('The stream has ended');
    return next.value;
  }

  /** Waits for a response and acknowledges it. Its resources are name and version. */
  async accept(kind: ResourceKind): Promise<Readonly<Record<string, string>>> {
    const response = await this.next();
    if (response.typeUrl !== typeUrls[kind]) throw new Error(`Expected ${kind}, got ${response.typeUrl}`);
    this.request(kind, { responseNonce: response.nonce });
    const removed = response.removedResources.map((name) => [name, 'removed'] as const);
    return Object.fromEntries([...response.resources.map(({ name, version }) => [name, version] as const), ...removed]);
  }

  async *#outgoing(): AsyncGenerator<DeltaDiscoveryRequest> {
    for (;;) {
      yield* this.#requests.splice(0);
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}
