// What the Envoys of one Gateway have accepted and refused. All of their streams share it.
import { type Resource, type ResourceKind, resourceKinds, type Snapshot } from '../snapshot.ts';

/** An Envoy that starts while a resource is bad gets the last good version, which others have accepted before. */
export class History {
  readonly #good = perKind(() => new Map<string, Resource>());
  /** Version by name. */
  readonly #refused = perKind(() => new Map<string, string>());

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

  /** Envoys have last good versions of some listeners or route tables instead of these. */
  refuses(snapshot: Snapshot): boolean {
    return (['listeners', 'routes'] as const).some((kind) =>
      [...this.#refused[kind]].some(([name, version]) => snapshot[kind].get(name)?.version === version),
    );
  }

  /** Forgets resources that no longer exist. */
  keep(snapshot: Snapshot): void {
    for (const kind of resourceKinds) {
      for (const names of [this.#good[kind], this.#refused[kind]]) {
        for (const name of names.keys()) if (!snapshot[kind].has(name)) names.delete(name);
      }
    }
  }
}

/** A value for each kind of resources. */
export const perKind = <T>(make: (kind: ResourceKind) => T): Readonly<Record<ResourceKind, T>> => ({
  clusters: make('clusters'),
  endpoints: make('endpoints'),
  secrets: make('secrets'),
  listeners: make('listeners'),
  routes: make('routes'),
});
