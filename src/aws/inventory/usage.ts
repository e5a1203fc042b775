// Which target groups are in use, since when, and which have been seen healthy. This decides when a group may replace another
// group, and when the replaced group may be deleted.

import type { Clock } from '../../kube/clock.ts';
import type { OwnedTargetGroup } from '../observed.ts';
import type { Health } from '../targets/health.ts';
import type { Membership } from '../targets/membership.ts';
import { afterRegistrationMs, firstHealthyTargetMs } from '../timings.ts';
import type { OwnedRecord, TargetGroupRecord } from './records.ts';

interface Use {
  /** The time since which something forwards to the group, or nothing does. */
  readonly since: number;
  readonly referred: boolean;
  readonly serving: boolean;
  /** How long to wait at most for a healthy target of the group. */
  readonly patienceMs: number;
}

export class Usage {
  readonly #clock: Clock;
  readonly #membership: Pick<Membership, 'members'>;
  readonly #uses = new Map<string, Use>();
  readonly #healthy = new Set<string>();
  /** Since when AWS is known to have registered the targets, in milliseconds since the epoch. */
  readonly #registered = new Map<string, number>();

  constructor(clock: Clock, membership: Pick<Membership, 'members'>) {
    this.#clock = clock;
    this.#membership = membership;
  }

  /** Call it with all records of one Gateway whenever one of them changes. */
  update(records: readonly OwnedRecord[]): void {
    const weights = new Map<string, number>();
    // The groups of NLBs: only an NLB's listener forwards by itself, without rules.
    const network = new Set<string>();
    for (const record of records) {
      if (record.kind !== 'rule' && record.kind !== 'listener') continue;
      for (const { arn, weight } of record.kind === 'rule' ? record.targetGroups : record.forwards) {
        weights.set(arn, Math.max(weight, weights.get(arn) ?? 0));
        if (record.kind === 'listener') network.add(arn);
      }
    }
    for (const { kind, arn } of records) {
      if (kind !== 'target-group') continue;
      const referred = weights.has(arn);
      const before = this.#uses.get(arn);
      const since = before?.referred === referred ? before.since : this.#clock.now();
      const patienceMs = network.has(arn) ? firstHealthyTargetMs.network : firstHealthyTargetMs.application;
      this.#uses.set(arn, { since, referred, serving: (weights.get(arn) ?? 0) > 0, patienceMs });
      // AWS checks the health only of groups that something forwards to.
      if (!referred) this.#forgetHealth(arn);
    }
  }

  saw(arn: string, { healthy, registered }: Pick<Health, 'healthy' | 'registered'>): void {
    if (healthy) this.#healthy.add(arn);
    if (!registered) this.#registered.delete(arn);
    else if (!this.#registered.has(arn)) this.#registered.set(arn, this.#clock.now());
  }

  forget(arn: string): void {
    this.#uses.delete(arn);
    this.#forgetHealth(arn);
  }

  #forgetHealth(arn: string): void {
    this.#healthy.delete(arn);
    this.#registered.delete(arn);
  }

  observe(record: TargetGroupRecord, now: number): OwnedTargetGroup {
    const use = this.#uses.get(record.arn);
    const proven =
      this.#healthy.has(record.arn) ||
      this.#membership.members(record.arn)?.length === 0 ||
      (use?.referred === true && now - use.since >= use.patienceMs);
    const registered = now - (this.#registered.get(record.arn) ?? now) >= afterRegistrationMs;
    return {
      ...record,
      serves: use?.serving === true,
      proven,
      ...(registered && { registered }),
      ...(use === undefined || use.referred ? {} : { unusedSince: use.since }),
    };
  }
}
