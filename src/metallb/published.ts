// What each Gateway's Envoys are to have: the model, and the endpoints of its backends, which change apart from it.
import type { EndpointSlice } from '../api/core.ts';
import type { EnvoyModel } from '../envoy/model/build.ts';
import { endpointsOf } from '../envoy/model/endpoints.ts';
import type { Resource, Snapshot } from '../envoy/snapshot.ts';
import type { ObjectKey } from '../kube/object.ts';

type PublishedModel = Pick<EnvoyModel, 'snapshot' | 'backends' | 'encoded' | 'taken'>;
type Endpoints = ReadonlyMap<string, Resource>;

interface Publication {
  readonly model: PublishedModel;
  readonly backends: EnvoyModel['backends'];
  endpoints: Endpoints;
}

export class Published {
  readonly #slicesOf: (service: ObjectKey) => readonly EndpointSlice[];
  readonly #byGateway = new Map<ObjectKey, Publication>();
  /** The Gateways that have the Service as a backend. */
  readonly #byService = new Map<ObjectKey, Set<ObjectKey>>();

  constructor(slicesOf: (service: ObjectKey) => readonly EndpointSlice[]) {
    this.#slicesOf = slicesOf;
  }

  /**
   * @param inUse the clusters that Envoys may still use. They keep their endpoints
   * @returns all that the Gateway's Envoys are to have
   */
  publish(gateway: ObjectKey, model: PublishedModel, inUse: ReadonlySet<string>): Snapshot {
    const before = this.#byGateway.get(gateway)?.backends ?? new Map();
    const backends = new Map([...[...before].filter(([name]) => inUse.has(name)), ...model.backends]);
    this.withdraw(gateway);
    const endpoints = new Map(
      [...backends].map(([name, backend]) => [name, endpointsOf(backend, this.#slicesOf(backend.service))]),
    );
    this.#byGateway.set(gateway, { model, backends, endpoints });
    for (const { service } of backends.values()) {
      const gateways = this.#byService.get(service) ?? new Set();
      this.#byService.set(service, gateways.add(gateway));
    }
    return { ...model.snapshot, endpoints };
  }

  /** What was published last. */
  model(gateway: ObjectKey): PublishedModel | undefined {
    return this.#byGateway.get(gateway)?.model;
  }

  withdraw(gateway: ObjectKey): void {
    for (const { service } of this.#byGateway.get(gateway)?.backends.values() ?? []) {
      const gateways = this.#byService.get(service);
      gateways?.delete(gateway);
      if (gateways?.size === 0) this.#byService.delete(service);
    }
    this.#byGateway.delete(gateway);
  }

  /** @returns all endpoints of each Gateway for which those of the Service have changed */
  refresh(service: ObjectKey): ReadonlyMap<ObjectKey, Endpoints> {
    const slices = this.#slicesOf(service);
    const changed = new Map<ObjectKey, Endpoints>();
    for (const gateway of this.#byService.get(service) ?? []) {
      const publication = this.#byGateway.get(gateway);
      const endpoints = publication && refreshed(publication, service, slices);
      if (publication === undefined || endpoints === undefined) continue;
      publication.endpoints = endpoints;
      changed.set(gateway, endpoints);
    }
    return changed;
  }
}

/** Undefined if nothing has changed. */
function refreshed(
  { backends, endpoints }: Publication,
  service: ObjectKey,
  slices: readonly EndpointSlice[],
): Endpoints | undefined {
  const fresh = [...backends]
    .filter(([, backend]) => backend.service === service)
    .map(([name, backend]): [string, Resource] => [name, endpointsOf(backend, slices)])
    .filter(([name, { version }]) => endpoints.get(name)?.version !== version);
  return fresh.length === 0 ? undefined : new Map([...endpoints, ...fresh]);
}
