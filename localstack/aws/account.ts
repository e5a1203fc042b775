import type { Clock } from './clock.ts';
import type { AwsOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Saved } from './saved.ts';
import type { Service } from './service.ts';
import { servicesOf } from './services.ts';
import type { Sessions } from './sessions.ts';
import { newRegionState, type RegionState } from './state.ts';
import type { World } from './world.ts';

/** One region of the account: its state and the services over it. */
export interface Region {
  readonly world: World;
  readonly services: readonly Service[];
}

/** The account. A region is created, empty, when it is first used. */
export class Account {
  readonly sessions: Sessions = new Map();
  /** S3 objects by `BUCKET/KEY`. S3 has no regions here. */
  readonly objects = new Map<string, string>();
  readonly #options: AwsOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #regions = new Map<string, Region>();

  constructor(options: AwsOptions, clock: Clock, random: Random) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
  }

  region(name: string): Region {
    return this.#regions.get(name) ?? this.#open(name, newRegionState(name, this.#options.accountId));
  }

  #open(name: string, state: RegionState): Region {
    const world: World = {
      ...state,
      region: name,
      accountId: this.#options.accountId,
      options: this.#options,
      clock: this.#clock,
      random: this.#random,
      sessions: this.sessions,
      objects: this.objects,
    };
    const region = { world, services: servicesOf(world) };
    this.#regions.set(name, region);
    return region;
  }

  /** Only regions that were used. */
  worlds(): readonly World[] {
    return [...this.#regions.values()].map(({ world }) => world);
  }

  clear(): void {
    this.#regions.clear();
    this.sessions.clear();
    this.objects.clear();
  }

  save(): Omit<Saved, 'seeded'> {
    const regions = new Map(this.worlds().map(({ region, ec2, acm, elbv2 }) => [region, { ec2, acm, elbv2 }]));
    return { regions, sessions: this.sessions, objects: this.objects };
  }

  /** Restores a saved state. Call it only on an empty account. */
  restore({ regions, sessions, objects }: Omit<Saved, 'seeded'>): void {
    for (const [name, state] of regions) this.#open(name, state);
    for (const [id, session] of sessions) this.sessions.set(id, session);
    for (const [key, object] of objects) this.objects.set(key, object);
  }
}
