// An Envoy that accepts everything. It connects again when its stream has ended, as after a restart of the service.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ResourceKind, resourceKinds, typeUrls } from '../../snapshot.ts';
import type { DeltaDiscoveryResponse } from '../../xds/envoy/service/discovery/v3/discovery_pb.ts';
import { perKind } from '../history.ts';
import { DeltaClient, type DeltaClientOptions } from './delta-client.ts';

const againMs = 20;

export class ConnectedEnvoy {
  /** By name, the bytes of each resource. */
  readonly has = perKind(() => new Map<string, Uint8Array>());
  readonly #options: Omit<DeltaClientOptions, 'signal'>;

  constructor(options: Omit<DeltaClientOptions, 'signal'>) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#stream(signal).catch(() => undefined);
      await sleep(againMs);
    }
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const client = new DeltaClient({ ...this.#options, signal });
    for (const kind of ['clusters', 'listeners'] as const) client.request(kind);
    while (!signal.aborted) {
      const response = await client.next();
      const kind = kindOf(response);
      this.#accept(kind, response);
      client.request(kind, { responseNonce: response.nonce });
      const names = response.resources.map(({ name }) => name);
      if (kind === 'clusters') client.request('endpoints', { resourceNamesSubscribe: names });
    }
  }

  #accept(kind: ResourceKind, { resources, removedResources }: DeltaDiscoveryResponse): void {
    for (const { name, resource } of resources) this.has[kind].set(name, resource?.value ?? new Uint8Array());
    for (const name of removedResources) this.has[kind].delete(name);
  }
}

function kindOf({ typeUrl }: DeltaDiscoveryResponse): ResourceKind {
  const kind = resourceKinds.find((each) => typeUrls[each] === typeUrl);
  if (kind === undefined) throw new Error(`Expected a kind of resources, got ${typeUrl}`);
  return kind;
}
