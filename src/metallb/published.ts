// What each Gateway's Envoys are to have: the model, and the endpoints of its backends, which change apart from it.
import type { EndpointSlice } from '../api/core.ts';
import type { EnvoyModel } from '../envoy/model/build.ts';
import { endpointsOf } from '../envoy/model/endpoints.ts';
import { servicesOf } from '../envoy/model/upstreams.ts';
import type { Resource, Snapshot } from '../envoy/snapshot.ts';
import type { ObjectKey } from '../kube/object.ts';

type PublishedModel = Pick<EnvoyModel, 'snapshot' | 'upstreams' | 'encoded' | 'taken'>;
type Endpoints = ReadonlyMap<string, Resource>;

interface Publication {
  readonly model: PublishedModel;
  readonly upstreams: EnvoyModel['upstreams'];
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
    const before = this.#byGateway.get(gateway)?.upstreams ?? new Map();
    const upstreams = new Map([...[...before].filter(([name]) => inUse.has(name)), ...model.upstreams]);
    this.withdraw(gateway);
    const endpoints = new Map([...upstreams].map(([name, each]) => [name, endpointsOf(each, this.#slicesOf)]));
    this.#byGateway.set(gateway, { model, upstreams, endpoints });
    for (const service of namesOf(upstreams)) {
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
    for (const service of namesOf(this.#byGateway.get(gateway)?.upstreams ?? new Map())) {
      const gateways = this.#byService.get(service);
      gateways?.delete(gateway);
      if (gateways?.size === 0) this.#byService.delete(service);
    }
    this.#byGateway.delete(gateway);
  }

  /** @returns all endpoints of each Gateway for which those of the Service have changed */
  refresh(service: ObjectKey): ReadonlyMap<ObjectKey, Endpoints> {
    const changed = new Map<ObjectKey, Endpoints>();
    for (const gateway of this.#byService.get(service) ?? []) {
      const publication = this.#byGateway.get(gateway);
      const endpoints = publication && refreshed(publication, service, this.#slicesOf);
      if (publication === undefined || endpoints === undefined) continue;
      publication.endpoints = endpoints;
      changed.set(gateway, endpoints);
    }
    return changed;
  }
}

const namesOf = (upstreams: EnvoyModel['upstreams']): ReadonlySet<ObjectKey> =>
  new Set([...upstreams.values()].flatMap(servicesOf).map(({ service }) => service));

/** Undefined if nothing has changed. */
function refreshed(
  { upstreams, endpoints }: Publication,
  service: ObjectKey,
  slicesOf: (service: ObjectKey) => readonly EndpointSlice[],
): Endpoints | undefined {
  const fresh = [...upstreams]
    .filter(([, upstream]) => servicesOf(upstream).some((each) => each.service === service))
    .map(([name, upstream]): [string, Resource] => [name, endpointsOf(upstream, slicesOf)])
    .filter(([name, { version }]) => endpoints.get(name)?.version !== version);
  return fresh.length === 0 ? undefined : new Map([...endpoints, ...fresh]);
}
