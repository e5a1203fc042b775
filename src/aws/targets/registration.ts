// Registers targets. AWS refuses a whole call if one target is bad. So the bad targets are found, and the others registered.
import { RegisterTargetsCommand, type TargetDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsClients } from '../clients.ts';
import { type AwsError, isInvalid } from '../errors.ts';
import type { Target } from '../model/targets.ts';
import { targetKey } from './membership.ts';
import type { Refused, TargetRefusals } from './target-refusals.ts';

export interface RegistrationOptions {
  readonly clients: AwsClients;
  readonly arn: string;
  readonly describe: (target: Target) => TargetDescription;
  /** The group's members. Registered targets are added. */
  readonly known: Map<string, Target>;
  readonly refusals: TargetRefusals;
}

/** Targets among which at least one may be bad. If their call was tried, at least one is certainly bad. */
interface Suspect extends Refused {
  readonly isTried: boolean;
}

export class Registration {
  readonly #options: RegistrationOptions;
  #suspects: Suspect[] = [];

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** One call. @throws AwsError if the targets are not the reason */
  async register(targets: readonly Target[]): Promise<void> {
    const error = await this.#attempt(targets);
    if (error !== undefined) this.#suspects.push({ targets, detail: error.detail, failures: 0, isTried: true });
  }

  /**
   * Looks for the bad targets, also among earlier refused targets whose retry is due, within the limit for such calls.
   * @throws AwsError if the targets are not the reason
   */
  async narrow(): Promise<void> {
    const { arn, refusals } = this.#options;
    const due = refusals.takeDue(arn);
    if (due !== undefined) this.#suspects.push({ ...due, failures: due.failures + 1, isTried: false });
    for (let next = this.#suspects[0]; next !== undefined; next = this.#suspects[0]) {
      const error = next.isTried ? next : refusals.takeProbe() ? await this.#attempt(next.targets) : 'later';
      // Removed only now, because if the attempt throws, `holdRest` must still see it.
      this.#suspects.shift();
      if (error === 'later') refusals.hold(arn, next);
      else if (error !== undefined) this.#divide({ ...next, detail: error.detail });
    }
  }

  /** The suspects that are left wait for their retry. */
  holdRest(): void {
    for (const suspect of this.#suspects.splice(0)) this.#options.refusals.hold(this.#options.arn, suspect);
  }

  #divide({ targets, detail, failures }: Refused): void {
    const { arn, refusals } = this.#options;
    const { bad, maybe } = divided(targets, detail);
    for (const target of bad) refusals.hold(arn, { targets: [target], detail, failures });
    this.#suspects.push(...maybe.map((part) => ({ targets: part, detail, failures, isTried: false })));
  }

  /** @returns the error, if one of the targets is bad */
  async #attempt(targets: readonly Target[]): Promise<AwsError | undefined> {
    const { clients, arn, describe, known } = this.#options;
    try {
      await clients.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: targets.map(describe) }));
    } catch (error) {
      if (isInvalid(error)) return error;
      throw error;
    }
    for (const target of targets) known.set(targetKey(target), target);
    return undefined;
  }
}

/** AWS mostly names the bad target. Then the other targets are tried together. Otherwise each half is tried. */
function divided(
  targets: readonly Target[],
  detail: string,
): { readonly bad: readonly Target[]; readonly maybe: readonly (readonly Target[])[] } {
  if (targets.length === 1) return { bad: targets, maybe: [] };
  const words = new Set(detail.split(/[^0-9A-Za-z.:-]+/).map((word) => word.replace(/[.:]+$/, '')));
  const { bad = [], others = [] } = Object.groupBy(targets, ({ id }) => (words.has(id) ? 'bad' : 'others'));
  if (bad.length > 0) return { bad, maybe: others.length === 0 ? [] : [others] };
  const half = Math.ceil(targets.length / 2);
  return { bad: [], maybe: [targets.slice(0, half), targets.slice(half)] };
}
