// What the Envoys of one Gateway have accepted and refused. All of their streams share it.
import { type Resource, type ResourceKind, resourceKinds, type Snapshot } from '../snapshot.ts';

type Clusters = Snapshot['clusters'];

/** The kinds that refer to clusters. */
const referrers = ['listeners', 'routes'] as const;

type Referrer = (typeof referrers)[number];

/** A version of a listener or route table. */
export interface Reference {
  readonly kind: Referrer;
  readonly name: string;
  readonly version: string;
}

/** An Envoy that starts while a resource is bad gets the last good version, which others have accepted before. */
export class History {
  readonly #good = perKind(() => new Map<string, Resource>());
  /** Version by name. */
  readonly #refused = perKind(() => new Map<string, string>());
  /** The clusters that each version in use may refer to: those of a snapshot that had it. */
  readonly #clusters = new Map<string, Clusters>();

  accepted(kind: ResourceKind, resource: Resource): void {
    this.#good[kind].set(resource.name, resource);
    if (this.wasRefused(kind, resource)) this.#refused[kind].delete(resource.name);
  }

  refused(kind: ResourceKind, { name, version }: Resource): void {
    this.#refused[kind].set(name, version);
  }

  /** The last accepted version. */
  lastGood(kind: ResourceKind, name: string): Resource | undefined {
    return this.#good[kind].get(name);
  }

  /** If so, it would make an Envoy refuse a whole batch. */
  wasRefused(kind: ResourceKind, { name, version }: Resource): boolean {
    return this.#refused[kind].get(name) === version;
  }

  /** Undefined if no snapshot had this version since Gatehouse started. */
  clustersOf(reference: Reference): Clusters | undefined {
    return this.#clusters.get(keyOf(reference));
  }

  /** The clusters of the snapshot, and those of each last good version, because Envoys may refuse the newer one. */
  clustersWith(snapshot: Snapshot): Clusters {
    const older = this.#goodOnes().filter(({ kind, name, version }) => snapshot[kind].get(name)?.version !== version);
    return new Map([...older.flatMap((each) => [...(this.clustersOf(each) ?? [])]), ...snapshot.clusters]);
  }

  #goodOnes(): readonly Reference[] {
    return referrers.flatMap((kind) => referencesOf(kind, this.#good[kind]));
  }

  /**
   * Remembers the snapshot, and forgets what is not in use.
   * @param held what Envoys have, or are about to get
   */
  keep(snapshot: Snapshot, held: readonly Reference[]): void {
    for (const kind of resourceKinds) {
      for (const names of [this.#good[kind], this.#refused[kind]]) {
        for (const name of names.keys()) if (!snapshot[kind].has(name)) names.delete(name);
      }
    }
    const used = new Set([...this.#goodOnes(), ...held].map(keyOf));
    for (const key of this.#clusters.keys()) if (!used.has(key)) this.#clusters.delete(key);
    for (const each of referencesIn(snapshot)) this.#clusters.set(keyOf(each), snapshot.clusters);
  }
}

const keyOf = ({ kind, name, version }: Reference): string => `${kind} ${version} ${name}`;

const referencesOf = (kind: Referrer, resources: ReadonlyMap<string, Resource>): readonly Reference[] =>
  [...resources.values()].map(({ name, version }) => ({ kind, name, version }));

export const referencesIn = (snapshot: Snapshot): readonly Reference[] =>
  referrers.flatMap((kind) => referencesOf(kind, snapshot[kind]));

/** A value for each kind of resources. */
export const perKind = <T>(make: (kind: ResourceKind) => T): Readonly<Record<ResourceKind, T>> => ({
  clusters: make('clusters'),
  endpoints: make('endpoints'),
  secrets: make('secrets'),
  listeners: make('listeners'),
  routes: make('routes'),
});
