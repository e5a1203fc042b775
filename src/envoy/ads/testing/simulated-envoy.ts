// An Envoy as the delta protocol sees it: it subscribes, applies, rejects, and remembers what it has.
import { type Resource, type ResourceKind, resourceKinds, typeUrls } from '../../snapshot.ts';
import type { Request, Response } from '../delta.ts';
import { perKind } from '../history.ts';

/** @param refs the clusters of a route table, or the route table of a listener */
export function fakeResource(
  kind: ResourceKind,
  name: string,
  version: string,
  refs: readonly string[] = [],
): Resource {
  const text = JSON.stringify(refs);
  return { name, version: `${version} ${text}`, bytes: Buffer.from(text), typeUrl: typeUrls[kind] };
}

export const refsOf = ({ bytes }: Resource): readonly string[] => JSON.parse(Buffer.from(bytes).toString());

export const isBad = ({ version }: Resource): boolean => version.startsWith('bad');

export class SimulatedEnvoy {
  readonly has = perKind(() => new Map<string, Resource>());
  /** Clusters that wait for endpoints. */
  readonly warming = new Set<string>();
  /** What went wrong in the data plane. */
  readonly faults: string[] = [];
  readonly #names = perKind(() => new Set<string>());
  readonly #started = new Set<ResourceKind>();
  #requests: Request[] = [];
  /** The answer to the last response with clusters. */
  #held: Partial<Request> | undefined;
  readonly #random: () => number;

  /** @param random says which resources of a rejected batch are applied */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A new stream: the first request of each kind names the versions that Envoy has. */
  connect(): void {
    this.#requests = [];
    this.#held = undefined;
    this.#started.clear();
    for (const kind of resourceKinds) {
      const subscribe = [...this.#names[kind]];
      const isWildcard = kind === 'clusters' || kind === 'listeners';
      if (isWildcard || subscribe.length > 0) this.#request(kind, { subscribe });
    }
  }

  nextRequest(): Request | undefined {
    return this.#requests.shift();
  }

  receive(response: Response): void {
    const { kind, resources, removed, nonce } = response;
    const bad = resources.filter(isBad);
    const applied = resources.filter((each) => !isBad(each) && (bad.length === 0 || this.#random() < 0.5));
    const error = bad.length === 0 ? undefined : bad.map(({ name }) => `${name} is bad`).join();
    for (const each of applied) this.#apply(kind, each);
    for (const name of removed) this.#remove(kind, name);
    for (const { name } of kind === 'endpoints' ? bad : []) this.warming.delete(name);
    const answer = { kind, nonce, error };
    if (kind === 'clusters') this.#held = answer;
    else this.#request(kind, answer);
    this.#follow();
    this.#release();
    this.#check();
  }

  /** Envoy answers for clusters when each has endpoints, or knows that there are none. */
  #release(): void {
    if (this.#held === undefined || this.warming.size > 0) return;
    this.#request('clusters', this.#held);
    this.#held = undefined;
  }

  #apply(kind: ResourceKind, resource: Resource): void {
    const { name, version } = resource;
    if (kind === 'clusters' && this.has.clusters.get(name)?.version !== version) this.warming.add(name);
    if (kind === 'endpoints') this.warming.delete(name);
    this.has[kind].set(name, resource);
    for (const cluster of kind === 'routes' ? refsOf(resource) : []) {
      if (this.warming.has(cluster)) this.faults.push(`${name} came while ${cluster} had no endpoints`);
    }
  }

  #remove(kind: ResourceKind, name: string): void {
    this.has[kind].delete(name);
    this.warming.delete(name);
  }

  /** Subscribes to what clusters and listeners refer to, and to nothing else. */
  #follow(): void {
    this.#subscribe('endpoints', new Set(this.has.clusters.keys()));
    this.#subscribe('routes', new Set([...this.has.listeners.values()].flatMap(refsOf)));
  }

  #subscribe(kind: ResourceKind, wanted: ReadonlySet<string>): void {
    const names = this.#names[kind];
    const subscribe = [...wanted.difference(names)];
    const unsubscribe = [...names.difference(wanted)];
    if (subscribe.length + unsubscribe.length === 0) return;
    for (const name of unsubscribe) {
      names.delete(name);
      this.has[kind].delete(name);
    }
    for (const name of subscribe) names.add(name);
    this.#request(kind, { subscribe, unsubscribe });
  }

  #request(kind: ResourceKind, fields: Partial<Request>): void {
    const isFirst = !this.#started.has(kind);
    this.#started.add(kind);
    const versions = [...this.has[kind]].map(([name, { version }]) => [name, version] as const);
    const initialVersions = isFirst ? Object.fromEntries(versions) : {};
    const empty = { subscribe: [], unsubscribe: [], nonce: '', error: undefined };
    this.#requests.push({ kind, ...empty, initialVersions, ...fields });
  }

  #check(): void {
    for (const route of this.has.routes.values()) {
      for (const cluster of refsOf(route)) {
        if (!this.has.clusters.has(cluster)) this.faults.push(`${route.name} refers to ${cluster}, which is gone`);
      }
    }
  }
}
