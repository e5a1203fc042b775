// What each Gateway's Envoys are to have: the model, and the endpoints of its backends, which change apart from it.
import type { EndpointSlice } from '../api/core.ts';
import type { EnvoyModel } from '../envoy/model/build.ts';
import { endpointsOf } from '../envoy/model/endpoints.ts';
import { authoritiesName } from '../envoy/model/names.ts';
import { authoritiesOf, servicesOf, type Upstream } from '../envoy/model/upstreams.ts';
import type { Resource, Snapshot } from '../envoy/snapshot.ts';
import type { ObjectKey } from '../kube/object.ts';

type PublishedModel = Pick<EnvoyModel, 'snapshot' | 'upstreams' | 'made' | 'taken'>;
type Endpoints = ReadonlyMap<string, Resource>;

interface Publication {
  readonly model: PublishedModel;
  readonly upstreams: EnvoyModel['upstreams'];
  endpoints: Endpoints;
  readonly secrets: Snapshot['secrets'];
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
   * @param inUse the clusters that Envoys may still use. They keep their endpoints and their secrets
   * @returns all that the Gateway's Envoys are to have
   */
  publish(gateway: ObjectKey, model: PublishedModel, inUse: () => ReadonlySet<string>): Snapshot {
    const last = this.#byGateway.get(gateway);
    const left = [...(last?.upstreams ?? [])].filter(([name]) => !model.upstreams.has(name));
    const used = left.length === 0 ? new Set<string>() : inUse();
    const kept = left.filter(([name]) => used.has(name));
    const upstreams = new Map([...kept, ...model.upstreams]);
    const endpoints = new Map([...upstreams].map(([name, each]) => [name, this.#endpoints(name, each, last)]));
    const secrets = new Map([...secretsOf(kept, last?.secrets ?? new Map()), ...model.snapshot.secrets]);
    this.#byGateway.set(gateway, { model, upstreams, endpoints, secrets });
    this.#index(gateway, last?.upstreams ?? new Map(), upstreams);
    return { ...model.snapshot, endpoints, secrets };
  }

  /** What is published follows its EndpointSlices by `refresh`. */
  #endpoints(name: string, upstream: Upstream, last: Publication | undefined): Resource {
    const known = last?.upstreams.get(name) === upstream ? last.endpoints.get(name) : undefined;
    return known ?? endpointsOf(upstream, this.#slicesOf);
  }

  #index(gateway: ObjectKey, before: PublishedModel['upstreams'], upstreams: PublishedModel['upstreams']): void {
    const services = namesOf(upstreams);
    for (const service of namesOf(before)) {
      if (services.has(service)) continue;
      const gateways = this.#byService.get(service);
      gateways?.delete(gateway);
      if (gateways?.size === 0) this.#byService.delete(service);
    }
    for (const service of services) {
      const gateways = this.#byService.get(service);
      if (gateways === undefined) this.#byService.set(service, new Set([gateway]));
      else gateways.add(gateway);
    }
  }

  /** What was published last. */
  model(gateway: ObjectKey): PublishedModel | undefined {
    return this.#byGateway.get(gateway)?.model;
  }

  withdraw(gateway: ObjectKey): void {
    this.#index(gateway, this.#byGateway.get(gateway)?.upstreams ?? new Map(), new Map());
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

/** An Envoy waits for the secrets of a cluster before it uses any. */
const secretsOf = (upstreams: readonly (readonly [string, Upstream])[], secrets: Snapshot['secrets']) =>
  upstreams.flatMap(([, upstream]) =>
    authoritiesOf(upstream).flatMap((configMaps) => {
      const secret = secrets.get(authoritiesName(configMaps));
      return secret === undefined ? [] : [[secret.name, secret] as const];
    }),
  );

/** Undefined if nothing has changed. */
function refreshed(
  { upstreams, endpoints }: Publication,
  service: ObjectKey,
  slicesOf: (service: ObjectKey) => readonly EndpointSlice[],
): Endpoints | undefined {
  const fresh = [...upstreams]
    .filter(([, upstream]) => servicesOf(upstream).some((each) => each.service === service))
    .map(([name, upstream]): [string, Resource] => [name, endpointsOf(upstream, slicesOf)])
    .filter(([name, each]) => !isSame(endpoints.get(name), each));
  return fresh.length === 0 ? undefined : new Map([...endpoints, ...fresh]);
}

const isSame = (a: Resource | undefined, b: Resource): boolean =>
  a?.version === b.version && a.nearby?.version === b.nearby?.version;
