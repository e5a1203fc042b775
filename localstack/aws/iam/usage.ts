import type { Asked, Grant } from './evaluate.ts';
import type { Policy } from './policy.ts';
import type { Policies } from './principal.ts';

export interface PolicyUsage {
  /** The entries of Action that allowed a call, by statement. If several statements allow a call, all are listed. */
  readonly used: Readonly<Record<string, readonly string[]>>;
  readonly unused: Readonly<Record<string, readonly string[]>>;
}

export interface Denial {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly times: number;
}

export interface IamReport {
  /** By the role or user of the policy. */
  readonly policies: Readonly<Record<string, PolicyUsage>>;
  /** Every allowed action. */
  readonly allowed: readonly string[];
  readonly denied: readonly Denial[];
}

/** Records how the policies were used. */
export class Usage {
  readonly #policies: Policies;
  readonly #grants = new Map<Policy, Set<string>>();
  readonly #allowed = new Set<string>();
  readonly #denied = new Map<string, Denial>();

  constructor(policies: Policies) {
    this.#policies = policies;
  }

  allowed(policy: Policy, { action }: Asked, by: readonly Grant[]): void {
    const grants = this.#grants.get(policy) ?? new Set();
    this.#grants.set(policy, grants);
    for (const grant of by) grants.add(keyOf(grant));
    this.#allowed.add(action);
  }

  denied(principal: string, { action, resource }: Asked): void {
    const key = `${principal} ${action} ${resource}`;
    const times = (this.#denied.get(key)?.times ?? 0) + 1;
    this.#denied.set(key, { principal, action, resource, times });
  }

  report(): IamReport {
    const usages = Object.entries(this.#policies).map(
      ([attached, policy]) => [attached, this.#usageOf(policy)] as const,
    );
    return {
      policies: Object.fromEntries(usages),
      allowed: [...this.#allowed].toSorted(),
      denied: [...this.#denied.values()],
    };
  }

  #usageOf(policy: Policy): PolicyUsage {
    const grants = this.#grants.get(policy) ?? new Set();
    const words = (isUsed: boolean) =>
      Object.fromEntries(
        policy.flatMap(({ name, effect, actions }) => {
          const found = actions.patterns.filter((action) => grants.has(keyOf({ statement: name, action })) === isUsed);
          return effect === 'Allow' && found.length > 0 ? [[name, found]] : [];
        }),
      );
    return { used: words(true), unused: words(false) };
  }

  clear(): void {
    this.#grants.clear();
    this.#allowed.clear();
    this.#denied.clear();
  }
}

const keyOf = ({ statement, action }: Grant): string => `${statement} ${action}`;
