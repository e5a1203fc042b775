// The index behind GetResources. In AWS it is separate from the services, and lags behind them: for a while it lists deleted
// resources, misses new ones and shows old tags.

import type { Service } from '../service.ts';
import type { World } from '../world.ts';
import { taggableResources } from './resources.ts';

export interface IndexEntry {
  readonly arn: string;
  readonly tags: ReadonlyMap<string, string>;
}

interface Version {
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Undefined: it did not exist. */
  readonly tags: ReadonlyMap<string, string> | undefined;
}

export class LaggingIndex {
  readonly #world: World;
  /** Oldest first. The index shows the first version of each resource. */
  readonly #history = new Map<string, Version[]>();
  #isFirst = true;

  constructor(world: World) {
    this.#world = world;
  }

  get #lagMs(): number {
    return this.#world.options.taggingLagSeconds * 1000;
  }

  /** Call it after each possible change. Everything at the first call counts as old. */
  observe(): void {
    const since = this.#isFirst ? Number.NEGATIVE_INFINITY : this.#world.clock.now();
    this.#isFirst = false;
    const seen = new Set<string>();
    for (const { arn, tags } of taggableResources(this.#world)) {
      seen.add(arn);
      this.#record(arn, { since, tags });
    }
    for (const arn of this.#history.keys()) if (!seen.has(arn)) this.#record(arn, { since, tags: undefined });
  }

  #record(arn: string, { since, tags }: Version): void {
    const versions = this.#history.get(arn) ?? [];
    if (sameTags(versions.at(-1)?.tags, tags)) return;
    versions.push({ since, tags: tags === undefined ? undefined : new Map(tags) });
    this.#history.set(arn, versions);
  }

  /** Every tagged resource in the index, in its state before the lag. */
  *entries(): Generator<IndexEntry> {
    if (this.#lagMs === 0) {
      for (const resource of taggableResources(this.#world)) if (resource.tags.size > 0) yield resource;
      return;
    }
    this.observe();
    const asOf = this.#world.clock.now() - this.#lagMs;
    for (const [arn, versions] of this.#history) {
      const shown = versions.findLastIndex(({ since }) => since <= asOf);
      const tags = versions[shown]?.tags;
      if (tags !== undefined && tags.size > 0) yield { arn, tags };
      if (shown > 0) versions.splice(0, shown);
      if (versions.length === 1 && versions[0]?.tags === undefined && shown >= 0) this.#history.delete(arn);
    }
  }

  /** The same services, but the index records each change immediately after its action. */
  watching(services: readonly Service[]): readonly Service[] {
    return services.map((service) => ({
      ...service,
      actions: Object.fromEntries(
        Object.entries(service.actions).map(([name, action]) => [
          name,
          async (...call: Parameters<typeof action>) => {
            if (this.#lagMs === 0) return await action(...call);
            this.observe();
            try {
              return await action(...call);
            } finally {
              this.observe();
            }
          },
        ]),
      ),
    }));
  }
}

function sameTags(a: ReadonlyMap<string, string> | undefined, b: ReadonlyMap<string, string> | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
