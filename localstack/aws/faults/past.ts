// One region as it was: what reads that lag behind writes are answered from.
import type { Service } from '../service.ts';
import { servicesOf } from '../services.ts';
import type { World } from '../world.ts';

interface Moment {
  /** Milliseconds since 1970: until when it was like this. */
  readonly until: number;
  readonly services: readonly Service[];
}

/** Of the lag: writes closer together than this share one moment, for a copy of the region is not cheap. */
const coarseness = 0.05;

const laggingServices = new Set(['elasticloadbalancing', 'ec2', 'acm']);
const readNames = /^(Describe|Get|List)/;

/** Whether an action answers from the past when reads lag. The tagging API has a lag of its own. */
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

  /** To be called before whatever may change something. What time alone changes is not kept: it shows without a lag. */
  keep(lagMs: number): void {
    const now = this.#world.clock.now();
    const last = this.#moments.at(-1)?.until ?? Number.NEGATIVE_INFINITY;
    if (now - last < lagMs * coarseness) return;
    this.#moments = this.#moments.filter(({ until }) => until > now - lagMs);
    const { ec2, acm, elbv2 } = this.#world;
    const world: World = { ...this.#world, ...structuredClone({ ec2, acm, elbv2 }) };
    this.#moments.push({ until: now, services: servicesOf(world) });
  }

  /** The service over the region as it was `lagMs` ago; undefined where nothing has changed since. */
  asOf(lagMs: number, name: string): Service | undefined {
    const then = this.#world.clock.now() - lagMs;
    return this.#moments.find(({ until }) => until > then)?.services.find((service) => service.name === name);
  }
}
