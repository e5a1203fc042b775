// The pass that deletes shared resources without a user. It runs once for all Gateways' passes that ended meanwhile.
import type { Clock } from '../../kube/clock.ts';
import { WorkQueue } from '../../kube/queue.ts';
import { sameJson } from '../../kube/same-json.ts';
import { runWorkers, type WorkResult } from '../../kube/workers.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AwsError } from '../errors.ts';
import type { Problem } from '../problem.ts';
import { failedRelease, releaseTogetherMs } from '../timings.ts';
import type { Shared } from './shared.ts';

const key = 'shared';

export interface ReleasePassOptions {
  readonly shared: Pick<Shared, 'release'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called if AWS's refusals have changed, because the statuses of all Gateways report them. */
  readonly onProblemsChanged: () => void;
}

export class ReleasePass {
  readonly #options: ReleasePassOptions;
  readonly #queue: WorkQueue<typeof key>;
  #problems: readonly Problem[] = [];

  constructor(options: ReleasePassOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock, ...failedRelease });
  }

  /** AWS's refusals in the last pass. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Call it when a Gateway has changed, because it may have been the last to use a shared resource. */
  due(): void {
    this.#queue.addAfter(key, releaseTogetherMs);
  }

  run(signal: AbortSignal): Promise<void> {
    return runWorkers(this.#queue, 1, () => this.#release(), signal, this.#options.logger.child({ pass: 'shared' }));
  }

  async #release(): Promise<WorkResult> {
    const { shared, clock, onProblemsChanged } = this.#options;
    try {
      const { problems, retryAt } = await shared.release();
      const before = this.#problems;
      this.#problems = problems;
      if (!sameJson(before, problems)) onProblemsChanged();
      if (problems.length > 0) return { unfinished: problems.map(({ kind }) => kind).join(', ') };
      return retryAt === undefined ? {} : { requeueAfterMs: Math.max(retryAt - clock.now(), 0) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { unfinished: error.message };
    }
  }
}
