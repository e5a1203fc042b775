// Past states of one region, for reads that lag behind writes.
import type { Service } from '../service.ts';
import { servicesOf } from '../services.ts';
import type { World } from '../world.ts';

interface Moment {
  /** The end of this state, in milliseconds since 1970. */
  readonly until: number;
  readonly services: readonly Service[];
}

/** A share of the lag. Writes closer together than this share one copy of the region, because a copy is not cheap. */
const coarseness = 0.05;

const laggingServices = new Set(['elasticloadbalancing', 'ec2', 'acm']);
const readNames = /^(Describe|Get|List)/;

/** Whether an action reads a past state when reads lag. The tagging API has its own lag. */
export function isLagging(service: Service, action: string): boolean {
  return laggingServices.has(service.name) && readNames.test(action);
}

export class Past {
  readonly #world: World;
  /** Oldest first. */
  #moments: Moment[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Call it before each possible change. Changes by the passing of time show without a lag. */
  keep(lagMs: number): void {
    const now = this.#world.clock.now();
    const last = this.#moments.at(-1)?.until ?? Number.NEGATIVE_INFINITY;
    if (now - last < lagMs * coarseness) return;
    this.#moments = this.#moments.filter(({ until }) => until > now - lagMs);
    const { ec2, acm, elbv2 } = this.#world;
    const world: World = { ...this.#world, ...structuredClone({ ec2, acm, elbv2 }) };
    this.#moments.push({ until: now, services: servicesOf(world) });
  }

  /** The service on the region's state `lagMs` ago; undefined if nothing has changed since. */
  asOf(lagMs: number, name: string): Service | undefined {
    const then = this.#world.clock.now() - lagMs;
    return this.#moments.find(({ until }) => until > then)?.services.find((service) => service.name === name);
  }
}
