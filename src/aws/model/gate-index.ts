// Which rules of a load balancer are gates of which other rules of the same route.
import { isBehind } from '../../gateway/gates.ts';
import { routeId } from '../../gateway/route-id.ts';
import type { PlannedRule, SourceRule } from './express-entries.ts';

import type { ResourceId } from './resources.ts';

/** It is asked about rules in order, and remembers them as possible gates of later rules. */
export class GateIndex {
  readonly #sources: ReadonlyMap<string, SourceRule>;
  /** By port and route. */
  readonly #seen = new Map<string, { readonly id: ResourceId; readonly source: SourceRule }[]>();

  constructor(sources: readonly SourceRule[]) {
    this.#sources = new Map(sources.map((source) => [source.id, source]));
  }

  /** The earlier rules that are gates of this rule. */
  before(id: ResourceId, { port, sources }: PlannedRule): readonly ResourceId[] {
    const gates = new Set<ResourceId>();
    for (const { route, rule } of sources) {
      const source = this.#sources.get(`${routeId(route)}/${rule}`);
      if (source === undefined) continue;
      const key = `${port} ${routeId(route)}`;
      const seen = this.#seen.get(key) ?? [];
      for (const gate of seen) {
        if (gate.id !== id && isBehind(gate.source.rule, source.rule)) gates.add(gate.id);
      }
      if (!seen.some((each) => each.id === id && each.source === source)) seen.push({ id, source });
      this.#seen.set(key, seen);
    }
    return [...gates];
  }
}
