// Reads the existing resources once, before anything is changed. If AWS does not answer, it is asked again later.

import type { Clock } from '../../kube/clock.ts';
import { problemsOf } from '../errors.ts';
import { resourceId } from '../model/naming.ts';
import type { Problem } from '../problem.ts';
import type { Membership } from '../targets/membership.ts';
import { inventoryRetryMs } from '../timings.ts';
import type { Inventory } from './inventory.ts';

export interface OpeningOptions {
  readonly inventory: Inventory;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export class Opening {
  readonly #options: OpeningOptions;
  #opened: Promise<readonly Problem[]> | undefined;

  constructor(options: OpeningOptions) {
    this.#options = options;
  }

  /** @returns the problems that block every pass */
  ready(): Promise<readonly Problem[]> {
    this.#opened ??= this.#load().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #load(): Promise<readonly Problem[]> {
    const { inventory, membership, clock, signal } = this.#options;
    const problems = await problemsOf(resourceId('inventory'), async () => {
      await membership.load();
      return inventory.load();
    });
    if (problems.length > 0) {
      const reopen = () => {
        this.#opened = undefined;
      };
      clock.sleep(inventoryRetryMs, signal).then(reopen, reopen);
    }
    return problems;
  }
}
