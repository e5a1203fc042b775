// The health of a target after each check.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
import type { CheckedHealth, HealthCheck } from '../elbv2/state.ts';

/** The result of one check. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'mismatch'; readonly code: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'failed' };

export interface Verdict {
  readonly health: CheckedHealth;
  /** The number of checks in a row that contradict `health`. */
  readonly against: number;
}

const initial: CheckedHealth = {
  State: 'initial',
  Reason: 'Elb.InitialHealthChecking',
  Description: 'Initial health checks in progress',
};

export const unchecked: Verdict = { health: initial, against: 0 };

/** One passed check makes a new target healthy. Later, a threshold of checks in a row changes its state. */
export function judge(before: Verdict, outcome: Outcome, check: HealthCheck): Verdict {
  const passed = outcome.kind === 'passed';
  switch (before.health.State) {
    case 'initial':
      if (passed) return { health: { State: 'healthy' }, against: 0 };
      return counted(before, check.unhealthyThreshold, unhealthy(outcome));
    case 'healthy':
      if (passed) return { ...before, against: 0 };
      return counted(before, check.unhealthyThreshold, unhealthy(outcome));
    case 'unhealthy':
      // The reason comes from the last failure.
      if (!passed) return { health: unhealthy(outcome), against: 0 };
      return counted(before, check.healthyThreshold, { State: 'healthy' });
  }
  return before.health.State satisfies never;
}

function counted(before: Verdict, threshold: number, after: CheckedHealth): Verdict {
  const against = before.against + 1;
  return against >= threshold ? { health: after, against: 0 } : { ...before, against };
}

function unhealthy(outcome: Exclude<Outcome, { kind: 'passed' }>): CheckedHealth {
  switch (outcome.kind) {
    case 'mismatch':
      return {
        State: 'unhealthy',
        Reason: 'Target.ResponseCodeMismatch',
        Description: `Health checks failed with these codes: [${outcome.code}]`,
      };
    case 'timeout':
      return { State: 'unhealthy', Reason: 'Target.Timeout', Description: 'Request timed out' };
    case 'failed':
      return { State: 'unhealthy', Reason: 'Target.FailedHealthChecks', Description: 'Health checks failed' };
  }
  return outcome satisfies never;
}

/** Whether a matcher such as `200`, `200,202` or `200-299` has the code. */
export function matchesCode(codes: string, code: number): boolean {
  return codes.split(',').some((part) => {
    const [low, high = low] = part.split('-').map(Number);
    return low !== undefined && high !== undefined && code >= low && code <= high;
  });
}
