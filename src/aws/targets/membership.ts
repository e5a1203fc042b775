// The targets of each target group, as last confirmed. In memory these are the members. For restarts, one hash per group is
// kept in the cluster. If this hash equals the hash of the desired targets, the group is not read.

import type { Clock } from '../../kube/clock.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type Target, targetsHash } from '../model/targets.ts';
import { saveMembersMs } from '../timings.ts';

/** Keeps the hashes across restarts. Keys are `NAME.ID` of target groups, which a ConfigMap allows. */
export interface MembershipPersistence {
  load(): Promise<Readonly<Record<string, string>>>;
  save(hashes: Readonly<Record<string, string>>): Promise<void>;
}

export interface MembershipOptions {
  readonly persistence: MembershipPersistence;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The lock of a target group. Only one pass at a time reads and changes its members. */
export const targetsLock = (arn: string): string => `targets ${arn}`;

export const targetKey = ({ id, port }: Target): string => `${id} ${port}`;

const hashOf = (targets: readonly Target[]): string =>
  targetsHash(targets.toSorted((a, b) => (targetKey(a) < targetKey(b) ? -1 : 1)));

const persistenceKey = (arn: string): string => (arn.split(':targetgroup/')[1] ?? arn).replace('/', '.');

export class Membership {
  readonly #options: MembershipOptions;
  readonly #members = new Map<string, readonly Target[]>();
  #hashes: Record<string, string> = {};
  #saving = false;
  #changed = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Loads the kept hashes. Without them, every group is read once. */
  async load(): Promise<void> {
    this.#hashes = { ...(await this.#options.persistence.load()) };
  }

  /** Undefined if not known. */
  members(arn: string): readonly Target[] | undefined {
    return this.#members.get(arn);
  }

  /** Whether the kept hash says that the group has exactly these targets. If so, they are its members from now on. */
  confirms(arn: string, desired: readonly Target[]): boolean {
    if (this.#hashes[persistenceKey(arn)] !== hashOf(desired)) return false;
    this.#members.set(arn, desired);
    return true;
  }

  confirm(arn: string, members: readonly Target[]): void {
    this.#members.set(arn, members);
    this.#setHash(arn, hashOf(members));
  }

  /** Call it when a write failed half-way or the group is gone: the next pass reads the members. */
  forget(arn: string): void {
    this.#members.delete(arn);
    this.#setHash(arn, undefined);
  }

  /** Forgets the hashes of groups that no longer exist. */
  retain(arns: Iterable<string>): void {
    const kept = new Set([...arns].map(persistenceKey));
    for (const key of Object.keys(this.#hashes)) {
      if (kept.has(key)) continue;
      delete this.#hashes[key];
      this.#save();
    }
  }

  /** Saves changes at once, before the process ends. */
  async flush(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    await this.#options.persistence.save({ ...this.#hashes });
  }

  #setHash(arn: string, hash: string | undefined): void {
    const key = persistenceKey(arn);
    if (this.#hashes[key] === hash) return;
    if (hash === undefined) delete this.#hashes[key];
    else this.#hashes[key] = hash;
    this.#save();
  }

  /** Saves after a short delay, so that several changes are one write. */
  #save(): void {
    this.#changed = true;
    if (this.#saving) return;
    this.#saving = true;
    const { clock, logger, signal } = this.#options;
    clock
      .sleep(saveMembersMs, signal)
      .then(() => {
        this.#saving = false;
        return this.flush();
      })
      .catch((error: unknown) => {
        this.#saving = false;
        if (signal.aborted) return;
        logger.warn({ err: error }, 'the targets that were confirmed could not be saved');
        this.#save();
      });
  }
}
