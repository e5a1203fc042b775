// Which listeners of a port get a 404 rule that isolates them from less specific listeners. The Gateway's own listeners do, and
// existing rules stay. Listeners of ListenerSets come after all routes, so that they take no room from other teams' routes.
import { isolation, type PortView } from '../../gateway/entries.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { ModelContext } from './context.ts';
import { expressEntry, type PlannedRule, type RankedRule } from './express-entries.ts';
import { orderingRules, packOrderedTightly } from './pack-port.ts';
import { atomId } from './shares.ts';

export interface OpenListener {
  readonly port: number;
  readonly listener: string;
}

interface Optional extends OpenListener {
  readonly precedence: number;
}

/** A port's rules as they would be with room to isolate all listeners. */
interface PortRules {
  readonly view: PortView;
  readonly rules: readonly PlannedRule[];
}

/** How many hosts one rule can have. */
const HOSTS_PER_RULE = 5;

export class Isolation {
  readonly #context: ModelContext;
  readonly #views: readonly PortView[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #granted = new Set<string>();

  /** @param places the rules in AWS, by `atomId` */
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

  /** Whether the listener is isolated, or needs no isolation. */
  readonly isolates = (port: number, listener: string): boolean => this.#granted.has(keyOf(port, listener));

  /** Isolates listeners while there is room, the oldest ListenerSets first. @returns listeners without room */
  *fill(chosen: readonly RankedRule[]): Steps<readonly OpenListener[]> {
    const byPort = Map.groupBy(chosen, ({ planned }) => planned.port);
    const ports: PortRules[] = [];
    for (const view of this.#views) {
      const packing = { context: this.#context, view, isolates: () => true };
      const rules = yield* orderingRules(packing, byPort.get(view.port.port) ?? []);
      ports.push({ view, rules });
    }
    const wanted = ports.flatMap((port) => this.#optional(port)).toSorted((a, b) => a.precedence - b.precedence);
    if (wanted.length === 0) return [];
    const limit = this.#context.options.quotas.rulesPerLoadBalancer;
    const fits = (count: number): boolean => {
      const granted = new Set(wanted.slice(0, count).map(({ port, listener }) => keyOf(port, listener)));
      const isThere = ({ port, entry: { source, listener } }: PlannedRule) =>
        source.kind === 'rule' || this.isolates(port, listener) || granted.has(keyOf(port, listener));
      return ports.flatMap(({ rules }) => packOrderedTightly(rules.filter(isThere))).length <= limit;
    };
    const count = yield* most(Math.min(wanted.length, limit * HOSTS_PER_RULE), fits);
    for (const { port, listener } of wanted.slice(0, count)) this.#granted.add(keyOf(port, listener));
    return wanted.slice(count).map(({ port, listener }) => ({ port, listener }));
  }

  /** The listeners of a port that still need isolation. */
  #optional({ view, rules }: PortRules): readonly Optional[] {
    const { port } = view.port;
    const precedences = new Map(view.listeners.map(({ name, precedence = 0 }) => [name, precedence]));
    return rules.flatMap(({ entry: { source, listener } }) =>
      source.kind === 'isolate' && !this.isolates(port, listener)
        ? { port, listener, precedence: precedences.get(listener) ?? 0 }
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

/** The largest number up to `limit` that fits, or 0. If a number fits, all smaller ones fit, too. */
function* most(limit: number, fits: (count: number) => boolean): Steps<number> {
  if (fits(limit)) return limit;
  let [low, high] = [0, limit];
  while (high - low > 1) {
    yield;
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
