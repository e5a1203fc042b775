// Plans and executes changes during a term. It remembers how the last run of each Gateway ended, because the next needs it.

import type { Clock } from '../../kube/clock.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { diff } from '../diff/diff.ts';
import type { Plan } from '../diff/step.ts';
import type { Progress } from '../inventory/progress.ts';
import { DEFAULT_QUOTAS } from '../model/options.ts';
import { type Owner, ownerName } from '../model/owner.ts';
import type { Model } from '../model/resources.ts';
import type { Observed } from '../observed.ts';
import { executePlan } from './execute.ts';
import type { ExecuteContext, Outcome, ProblemsById } from './run.ts';

/** How the last plan of a Gateway ended. */
interface LastRun {
  /** The namespaces whose steps were recalled. */
  readonly behind: ReadonlySet<string>;
  readonly problemsById: ProblemsById;
}

const nobody: ReadonlySet<string> = new Set();

export interface RunsOptions extends Omit<ExecuteContext, 'owner' | 'recall' | 'problemsBefore'> {
  readonly clock: Clock;
  readonly progress: Progress;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #last = new Map<ObjectKey, LastRun>();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** @param model absent if everything is to be deleted */
  plan(owner: Owner, model: Model | undefined, observed: Observed): Plan {
    const { rulesPerLoadBalancer } = DEFAULT_QUOTAS;
    const { handover } = this.#options;
    return diff(model, observed, { rulesPerLoadBalancer, handover, behind: this.#lastOf(owner)?.behind ?? nobody });
  }

  /** @param recall recalls steps that have made no call yet, because others wait */
  async execute(owner: Owner, plan: Plan, recall?: AbortSignal): Promise<Outcome> {
    const { progress, logger, ...context } = this.#options;
    const last = this.#lastOf(owner);
    if (owner.kind === 'gateway') progress.awaits(owner.key, plan);
    const outcome = await executePlan(plan, {
      ...context,
      owner,
      logger: logger.child({ gateway: ownerName(owner) }),
      ...(recall && { recall }),
      ...(last && { problemsBefore: last.problemsById }),
    });
    const { behind, problemsById } = outcome;
    if (owner.kind !== 'gateway') return outcome;
    if (behind.length > 0 || problemsById.size > 0) {
      this.#last.set(owner.key, { behind: new Set(behind), problemsById });
    } else {
      this.#last.delete(owner.key);
    }
    return outcome;
  }

  forget(gateway: ObjectKey): void {
    this.#last.delete(gateway);
  }

  #lastOf(owner: Owner): LastRun | undefined {
    return owner.kind === 'gateway' ? this.#last.get(owner.key) : undefined;
  }
}
