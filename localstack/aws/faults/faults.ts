// Chooses the fault of a call.
import { AwsError, type Service } from '../service.ts';
import { throttled } from '../throttle.ts';
import { type FaultPlan, type FaultRule, noFaults } from './plan.ts';
import { seeded } from './seeded.ts';

/** The fault of a call. */
export interface Fate {
  readonly delayMs: number;
  /** `cut` is before the call is carried out, `answer-lost` after it. */
  readonly outcome:
    | { readonly kind: 'act' | 'cut' | 'answer-lost' }
    | { readonly kind: 'refuse'; readonly error: AwsError };
}

/** Thrown to cut the connection instead of answering. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
}

function globOf(action: string): RegExp {
  return new RegExp(`^${action.replaceAll('*', '.*')}$`);
}

/** The default codes are in the common errors of each service, on docs.aws.amazon.com. EC2 has other codes. */
function errorOf({ status, code, message }: Extract<FaultRule, { kind: 'error' }>, { protocol }: Service): AwsError {
  const own = protocol === 'ec2' ? { failed: 'InternalError', unavailable: 'Unavailable' } : undefined;
  const failed = own?.failed ?? 'InternalFailure';
  const unavailable = own?.unavailable ?? 'ServiceUnavailable';
  return new AwsError(code ?? (status === 503 ? unavailable : failed), message ?? 'A fault that was asked for', status);
}

type Late = Exclude<FaultRule, { kind: 'latency' }>;

function fateOf(rule: Late, service: Service): Fate {
  switch (rule.kind) {
    case 'throttle':
      return { delayMs: 0, outcome: { kind: 'refuse', error: throttled(service.name) } };
    case 'error':
      return { delayMs: 0, outcome: { kind: 'refuse', error: errorOf(rule, service) } };
    case 'reset':
      return { delayMs: 0, outcome: { kind: 'cut' } };
    case 'timeout':
      return { delayMs: rule.ms, outcome: { kind: 'cut' } };
    case 'answer-lost':
      return { delayMs: 0, outcome: { kind: 'answer-lost' } };
  }
  return rule satisfies never;
}

export class Faults {
  #plan: FaultPlan = noFaults;
  #random: () => number = seeded(noFaults.seed);
  /** How often each rule of the plan applied. */
  #met: number[] = [];

  constructor(plan: FaultPlan) {
    this.set(plan);
  }

  get plan(): FaultPlan {
    return this.#plan;
  }

  /** How often each rule applied, in the plan's order. */
  get met(): readonly number[] {
    return this.#met;
  }

  /** Replaces the plan, and starts the new one from its beginning. */
  set(plan: FaultPlan): void {
    this.#plan = plan;
    this.#random = seeded(plan.seed);
    this.#met = plan.rules.map(() => 0);
  }

  /** Draws the fault of a call, and counts the rules that apply. */
  draw(service: Service, action: string): Fate {
    let delayMs = 0;
    for (const [index, rule] of this.#plan.rules.entries()) {
      if (!this.#meets(rule, index, service, action)) continue;
      this.#met[index] = (this.#met[index] ?? 0) + 1;
      if (rule.kind === 'latency') {
        delayMs += rule.ms;
      } else {
        const fate = fateOf(rule, service);
        return { delayMs: delayMs + fate.delayMs, outcome: fate.outcome };
      }
    }
    return { delayMs, outcome: { kind: 'act' } };
  }

  #meets({ service, action, probability, times }: FaultRule, index: number, called: Service, name: string): boolean {
    if (service !== undefined && service !== called.name) return false;
    if (action !== undefined && !globOf(action).test(name)) return false;
    if (times !== undefined && (this.#met[index] ?? 0) >= times) return false;
    return probability === undefined || this.#random() < probability;
  }
}
