// Deletions that AWS refuses because the resource is in use: why they wait, and when to try again. AWS's own use ends within
// minutes, so at first we only wait. If it takes longer, we look for other users of the resource, but seldom.

import type { Clock } from '../../kube/clock.ts';
import type { AwsClients } from '../clients.ts';
import type { Holder } from '../cloud-problem.ts';
import { AwsError } from '../errors.ts';
import type { Problem } from '../problem.ts';
import { heldDeletion, passAgainMs } from '../timings.ts';
import { holdersOf } from './holders.ts';
import type { Held } from './run.ts';

interface Sight {
  readonly since: number;
  readonly seen: number;
  readonly looked: number;
  readonly holders: readonly Holder[];
}

export class HeldDeletions {
  readonly #clients: AwsClients;
  readonly #clock: Clock;
  readonly #sights = new Map<string, Sight>();

  constructor(clients: AwsClients, clock: Clock) {
    this.#clients = clients;
    this.#clock = clock;
  }

  /** Why these deletions wait, for the status. */
  async explain(held: readonly Held[]): Promise<readonly Problem[]> {
    const now = this.#clock.monotonic();
    for (const [arn, { seen }] of this.#sights) if (now - seen > heldDeletion.forgetAfterMs) this.#sights.delete(arn);
    const problems: Problem[] = [];
    for (const { resource, arn, detail } of held) {
      const { holders } = await this.#see(arn, now);
      problems.push({ kind: 'deletion-held', resource, arn, detail, holders });
    }
    return problems;
  }

  /** How long to wait before these are tried again, in milliseconds. It grows with each attempt. */
  retryMs(held: readonly Held[]): number {
    const now = this.#clock.monotonic();
    const waited = held.map(({ arn }) => now - (this.#sights.get(arn)?.since ?? now));
    return Math.min(heldDeletion.longestRetryMs, Math.max(passAgainMs, Math.min(...waited) / 4));
  }

  async #see(arn: string, now: number): Promise<Sight> {
    const before = this.#sights.get(arn) ?? { since: now, seen: now, looked: Number.NEGATIVE_INFINITY, holders: [] };
    const { lookForHoldersAfterMs, lookForHoldersAgainMs } = heldDeletion;
    const isDue = now - before.since >= lookForHoldersAfterMs && now - before.looked >= lookForHoldersAgainMs;
    const found = isDue ? { looked: now, holders: (await this.#holdersOf(arn)) ?? before.holders } : {};
    const sight = { ...before, seen: now, ...found };
    this.#sights.set(arn, sight);
    return sight;
  }

  /** Undefined if AWS does not answer. That is no failure, because the deletion is tried again anyway. */
  async #holdersOf(arn: string): Promise<readonly Holder[] | undefined> {
    try {
      return await holdersOf(this.#clients, arn);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return undefined;
    }
  }
}
