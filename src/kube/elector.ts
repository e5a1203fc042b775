import type { Logger } from '../telemetry/logger.ts';
import type { KubeClient } from './client.ts';
import { type Clock, jitter, type Random } from './clock.ts';
import { isAlreadyExists, isConflict, isNotFound } from './kube-error.ts';
import { type Lease, type LeaseSpec, leases, microTime } from './leases.ts';
import { objectKey } from './object.ts';

/** All in milliseconds. */
export interface ElectorTiming {
  /** How long others wait after the leader's last renewal. */
  readonly leaseDurationMs: number;
  /** After this time without a renewal the leader stops its work, which must end within the rest of the lease. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

const defaultTiming: ElectorTiming = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

export interface ElectorOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process, even if another process had the same pod name. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly timing?: Partial<ElectorTiming>;
}

export interface Leadership {
  /** The leader's work: it ends when the signal aborts. The lease is renewed until it has ended. */
  onStarted(signal: AbortSignal): Promise<void>;
  readonly onNewLeader?: (identity: string) => void;
}

/** `stopped`: our signal aborted, or the work ended by itself. `lost`: another process may lead now. */
export type ElectionOutcome = 'stopped' | 'lost';

/**
 * Leader election with a Lease, like client-go's. It never compares the clocks of two machines: a holder counts as dead if
 * its record has not changed for the lease's duration, measured with our monotonic clock.
 */
export class Elector {
  readonly #options: ElectorOptions;
  readonly #timing: ElectorTiming;
  /** The Lease as last seen or written. */
  #lease: Lease | undefined;
  /** When we last saw the record change, in monotonic time. */
  #observedAt = 0;
  /** When we sent the request of our last renewal; undefined while we do not hold the lease. */
  #renewedAt: number | undefined;
  #reportedLeader: string | undefined;

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
  }

  /** Whether no other process can hold the lease now. Check it right before each write to another system. */
  isLeader(): boolean {
    return this.#renewedAt !== undefined && this.#now() < this.#renewedAt + this.#timing.leaseDurationMs;
  }

  /** The last holder of the lease that we saw. */
  get leader(): string | undefined {
    return this.#lease?.spec?.holderIdentity || undefined;
  }

  /**
   * Waits for the lease, then runs the work while we hold it. Resolves when the work has ended; after `lost`
   * it may be called again. Rejects with the work's error.
   */
  async run(leadership: Leadership, signal: AbortSignal): Promise<ElectionOutcome> {
    if (!(await this.#acquire(leadership, signal))) return 'stopped';
    this.#options.logger.info({ identity: this.#options.identity }, 'became the leader');
    const stopWork = new AbortController();
    const stop = () => stopWork.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const workEnded = new AbortController();
    const work = leadership.onStarted(stopWork.signal).finally(() => workEnded.abort());
    const renewal = this.#renewUntil(workEnded.signal, leadership).then((outcome) => {
      if (outcome === 'lost') stopWork.abort(new Error('The leader lease was lost'));
      return outcome;
    });
    const [ended, outcome] = await Promise.allSettled([work, renewal]);
    signal.removeEventListener('abort', stop);
    await this.#release();
    if (ended.status === 'rejected' && !stopWork.signal.aborted) throw ended.reason;
    return outcome.status === 'fulfilled' ? outcome.value : 'lost';
  }

  async #acquire(leadership: Leadership, signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      if (await this.#attempt(leadership, this.#timing.renewDeadlineMs, signal)) return true;
      await clock.sleep(jitter(this.#timing.retryPeriodMs, 0.2, random), signal).catch(() => undefined);
    }
    return false;
  }

  async #renewUntil(ended: AbortSignal, leadership: Leadership): Promise<ElectionOutcome> {
    const { clock, logger } = this.#options;
    const { retryPeriodMs, renewDeadlineMs } = this.#timing;
    for (;;) {
      const remaining = (this.#renewedAt ?? 0) + renewDeadlineMs - this.#now();
      await clock.sleep(Math.max(0, Math.min(retryPeriodMs, remaining)), ended).catch(() => undefined);
      if (ended.aborted) return 'stopped';
      const left = (this.#renewedAt ?? 0) + renewDeadlineMs - this.#now();
      // Stop even if we were only frozen and nobody took over: `isLeader` may have been false meanwhile.
      if (left <= 0) break;
      const renewed = await this.#attempt(leadership, Math.min(left, renewDeadlineMs / 2), ended);
      if (!renewed && this.leader !== this.#options.identity && !ended.aborted) {
        this.#renewedAt = undefined;
        break;
      }
    }
    logger.warn({ leader: this.leader }, 'lost the leader lease');
    return 'lost';
  }

  /** Tries once to acquire or renew, for at most `timeoutMs`. */
  async #attempt(leadership: Leadership, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock, logger } = this.#options;
    const attempt = new AbortController();
    const timer = new AbortController();
    const cancel = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    clock.sleep(timeoutMs, timer.signal).then(
      () => attempt.abort(new Error(`No answer for ${timeoutMs} ms`)),
      () => undefined,
    );
    try {
      return await this.#acquireOrRenew(attempt.signal);
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, 'could not acquire or renew the leader lease');
      return false;
    } finally {
      timer.abort();
      signal.removeEventListener('abort', cancel);
      this.#reportLeader(leadership);
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, identity } = this.#options;
    // While we lead, the Lease is as we last wrote it. If it is not, the write fails with a conflict.
    if (!this.isLeader() || this.#lease === undefined) await this.#read(signal);
    const lease = this.#lease;
    if (lease !== undefined && !this.#mayTake(lease)) {
      this.#renewedAt = undefined;
      return false;
    }
    const sentAt = this.#now();
    try {
      this.#observe(
        lease === undefined
          ? await client.create(leases, this.#desired(undefined), signal)
          : await client.update(leases, this.#desired(lease), signal),
      );
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error;
      await this.#read(signal);
      // Someone else wrote the Lease: we still lead only if it names us.
      if (this.leader !== identity) this.#renewedAt = undefined;
      return false;
    }
    this.#renewedAt = sentAt;
    return true;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options;
    try {
      this.#observe(await client.get(leases, objectKey({ namespace, name }), signal));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#lease = undefined;
    }
  }

  #observe(lease: Lease): void {
    if (lease.metadata.resourceVersion !== this.#lease?.metadata.resourceVersion) this.#observedAt = this.#now();
    this.#lease = lease;
  }

  #mayTake(lease: Lease): boolean {
    const { holderIdentity, leaseDurationSeconds } = lease.spec ?? {};
    if (!holderIdentity || holderIdentity === this.#options.identity) return true;
    const duration = leaseDurationSeconds === undefined ? this.#timing.leaseDurationMs : leaseDurationSeconds * 1000;
    return this.#now() >= this.#observedAt + duration;
  }

  #desired(old: Lease | undefined): Lease {
    const { namespace, name, identity, clock } = this.#options;
    const now = microTime(clock.now());
    const spec = old?.spec;
    const kept = spec?.holderIdentity === identity;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: old?.metadata ?? { namespace, name },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#timing.leaseDurationMs / 1000),
        acquireTime: kept && spec.acquireTime !== undefined ? spec.acquireTime : now,
        renewTime: now,
        leaseTransitions: (spec?.leaseTransitions ?? -1) + (kept ? 0 : 1),
      },
    };
  }

  /** Releases the lease, so that the next leader starts at once. If that fails, the next leader waits until the lease expires. */
  async #release(): Promise<void> {
    const { client, clock, logger } = this.#options;
    const lease = this.#lease;
    const held = this.isLeader();
    this.#renewedAt = undefined;
    if (!held || lease === undefined) return;
    const now = microTime(clock.now());
    const spec: LeaseSpec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now };
    const timer = new AbortController();
    const cut = new AbortController();
    clock.sleep(this.#timing.retryPeriodMs, timer.signal).then(
      () => cut.abort(new Error('No answer')),
      () => undefined,
    );
    try {
      this.#observe(await client.update(leases, { ...lease, spec }, cut.signal));
      logger.info({}, 'released the leader lease');
    } catch (error) {
      logger.warn({ err: error }, 'could not release the leader lease');
    } finally {
      timer.abort();
    }
  }

  #reportLeader({ onNewLeader }: Leadership): void {
    const { leader } = this;
    if (leader === undefined || leader === this.#reportedLeader) return;
    this.#reportedLeader = leader;
    onNewLeader?.(leader);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
