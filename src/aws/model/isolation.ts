// Which listeners of a port are kept apart from less specific ones by a 404 of their own. Those of the Gateway itself are, and
// what is so in AWS stays so. Those of ListenerSets come after all routes, as far as there is room: nobody's listeners take
// room from others' routes.
import { isolation, type PortView } from '../../gateway/entries.ts';
import type { ModelContext } from './context.ts';
import { expressEntry, type PlannedRule, type RankedRule } from './express-entries.ts';
import { orderedRules, packTightly } from './pack-port.ts';
import { atomId } from './shares.ts';

export interface OpenListener {
  readonly port: number;
  readonly listener: string;
}

interface Optional extends OpenListener {
  readonly precedence: number;
}

/** As many hosts as one rule takes. */
const HOSTS_PER_RULE = 5;

export class Isolation {
  readonly #context: ModelContext;
  readonly #views: readonly PortView[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #granted = new Set<string>();

  /** @param places by `atomId`, what AWS has */
  constructor(context: ModelContext, views: readonly PortView[], places: ReadonlyMap<string, number>) {
    this.#context = context;
    this.#views = views;
    this.#places = places;
    for (const view of views) {
      for (const { name, precedence, hostname } of view.listeners) {
        if (precedence === undefined || this.#stands(view, name, hostname))
          this.#granted.add(keyOf(view.port.port, name));
      }
    }
  }

  /** Whether the listener is kept apart where it has to be. */
  readonly isolates = (port: number, listener: string): boolean => this.#granted.has(keyOf(port, listener));

  /** Grants what there is still room for, the oldest ListenerSets' first. @returns those that there is none for */
  fill(chosen: readonly RankedRule[]): readonly OpenListener[] {
    const limit = this.#context.options.quotas.rulesPerLoadBalancer;
    const byPort = Map.groupBy(chosen, ({ planned }) => planned.port);
    const all = this.#views.flatMap((view) => this.#optional(view, byPort.get(view.port.port) ?? []));
    const wanted = all.toSorted((a, b) => a.precedence - b.precedence);
    if (wanted.length === 0) return [];
    const fits = (count: number): boolean => {
      const granted = new Set(wanted.slice(0, count).map(({ port, listener }) => keyOf(port, listener)));
      const isolates = (port: number, listener: string) =>
        this.isolates(port, listener) || granted.has(keyOf(port, listener));
      const packed = this.#views.flatMap((view): readonly PlannedRule[] => {
        const { port } = view.port;
        const packing = { context: this.#context, view, isolates: (listener: string) => isolates(port, listener) };
        return packTightly(packing, byPort.get(port) ?? []);
      });
      return packed.length <= limit;
    };
    const count = most(Math.min(wanted.length, limit * HOSTS_PER_RULE), fits);
    for (const { port, listener } of wanted.slice(0, count)) this.#granted.add(keyOf(port, listener));
    return wanted.slice(count).map(({ port, listener }) => ({ port, listener }));
  }

  /** The listeners of a port that would need it beside those that have it. */
  #optional(view: PortView, chosen: readonly RankedRule[]): readonly Optional[] {
    const { port } = view.port;
    const precedences = new Map(view.listeners.map(({ name, precedence = 0 }) => [name, precedence]));
    const needed = orderedRules(
      { context: this.#context, view, isolates: (name) => !this.isolates(port, name) },
      chosen,
    );
    return needed.flatMap(({ entry }) =>
      entry.source.kind === 'isolate'
        ? { port, listener: entry.listener, precedence: precedences.get(entry.listener) ?? 0 }
        : [],
    );
  }

  #stands(view: PortView, listener: string, hostname: string | undefined): boolean {
    if (this.#places.size === 0) return false;
    const { planned } = expressEntry(this.#context, view, isolation({ name: listener, hostname }));
    return planned !== undefined && this.#places.has(atomId(planned.port, planned.behaviour, planned.match));
  }
}

const keyOf = (port: number, listener: string): string => `${port} ${listener}`;

/** The largest number up to `limit` that fits, where each number below one that fits does so, too; 0 if none does. */
function most(limit: number, fits: (count: number) => boolean): number {
  if (fits(limit)) return limit;
  let [low, high] = [0, limit];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
