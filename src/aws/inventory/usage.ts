// Which target groups are in use, since when, and which have been seen healthy. It decides when a group may replace another
// one, and when the replaced one may be deleted.

import type { Clock } from '../../kube/clock.ts';
import type { OwnedTargetGroup } from '../observed.ts';
import type { Membership } from '../targets/membership.ts';
import { firstHealthyTargetMs } from '../timings.ts';
import type { OwnedRecord, TargetGroupRecord } from './records.ts';

interface Use {
  /** Since when rules refer to it, or since when none does. */
  readonly since: number;
  readonly referred: boolean;
  readonly serving: boolean;
}

export class Usage {
  readonly #clock: Clock;
  readonly #membership: Membership;
  readonly #uses = new Map<string, Use>();
  readonly #healthy = new Set<string>();

  constructor(clock: Clock, membership: Membership) {
    this.#clock = clock;
    this.#membership = membership;
  }

  /** Call it with all records of one Gateway whenever one of them changes. */
  update(records: readonly OwnedRecord[]): void {
    const weights = new Map<string, number>();
    for (const record of records) {
      const forwards = record.kind === 'rule' ? record.targetGroups : record.kind === 'listener' ? record.forwards : [];
      for (const { arn, weight } of forwards) weights.set(arn, Math.max(weight, weights.get(arn) ?? 0));
    }
    for (const { kind, arn } of records) {
      if (kind !== 'target-group') continue;
      const referred = weights.has(arn);
      const before = this.#uses.get(arn);
      const since = before?.referred === referred ? before.since : this.#clock.now();
      this.#uses.set(arn, { since, referred, serving: (weights.get(arn) ?? 0) > 0 });
      // AWS checks the health only of groups that a rule refers to.
      if (!referred) this.#healthy.delete(arn);
    }
  }

  sawHealthy(arn: string): void {
    this.#healthy.add(arn);
  }

  forget(arn: string): void {
    this.#uses.delete(arn);
    this.#healthy.delete(arn);
  }

  observe(record: TargetGroupRecord, now: number): OwnedTargetGroup {
    const use = this.#uses.get(record.arn);
    const ready =
      use?.serving === true ||
      this.#healthy.has(record.arn) ||
      this.#membership.members(record.arn)?.length === 0 ||
      (use?.referred === true && now - use.since >= firstHealthyTargetMs);
    return { ...record, ready, ...(use === undefined || use.referred ? {} : { unusedSince: use.since }) };
  }
}
