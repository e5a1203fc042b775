// The ports that all target groups of the cluster need. They are kept together, because no rule may be revoked while any group
// needs it.

import type { ObjectKey } from '../../kube/object.ts';
import { type Reach, reachKey } from './admission-ranges.ts';
import type { Need } from './reach.ts';

const keysOf = (needs: readonly Need[]): ReadonlySet<string> =>
  new Set(needs.flatMap(({ reaches }) => reaches.map(reachKey)));

const eachOnce = (reaches: readonly Reach[]): readonly Reach[] => [
  ...new Map(reaches.map((reach) => [reachKey(reach), reach])).values(),
];

/** Joins both needs, because AWS may still send requests to a group's earlier targets. */
export const joined = (before: Need | undefined, now: Need): Need =>
  before === undefined
    ? now
    : {
        ...now,
        reaches: eachOnce([...before.reaches, ...now.reaches]),
        carried: now.carried.union(before.carried),
      };

export class Needs {
  /** By the ARN of the target group. */
  readonly #byArn = new Map<string, Need>();
  /** Needs of target groups that a Gateway will have. So all their ports open at once, not group by group. */
  readonly #coming = new Map<ObjectKey, readonly Need[]>();

  get(arn: string): Need | undefined {
    return this.#byArn.get(arn);
  }

  arns(): readonly string[] {
    return [...this.#byArn.keys()];
  }

  /** @returns whether the group needs other ports or security groups than before */
  set(arn: string, need: Need): boolean {
    const before = this.#byArn.get(arn);
    this.#byArn.set(arn, need);
    return before === undefined || keysOf([before]).symmetricDifference(keysOf([need])).size > 0;
  }

  /** @returns whether it was known */
  forget(arn: string): boolean {
    return this.#byArn.delete(arn);
  }

  /** @returns whether they need other ports or security groups than before */
  setComing(gateway: ObjectKey, needs: readonly Need[]): boolean {
    const before = this.#coming.get(gateway) ?? [];
    this.#coming.set(gateway, needs);
    return keysOf(before).symmetricDifference(keysOf(needs)).size > 0;
  }

  /** @returns whether the Gateway had any */
  forgetComing(gateway: ObjectKey): boolean {
    return this.#coming.delete(gateway);
  }

  all(): readonly Reach[] {
    return [...this.#byArn.values(), ...[...this.#coming.values()].flat()].flatMap(({ reaches }) => reaches);
  }

  /** The ports that these target groups need, and that the Gateway's future groups will need. */
  of(arns: readonly string[], gateway?: ObjectKey): readonly Reach[] {
    const coming = gateway === undefined ? [] : (this.#coming.get(gateway) ?? []);
    return [...arns.flatMap((arn) => this.#byArn.get(arn) ?? []), ...coming].flatMap(({ reaches }) => reaches);
  }

  /** The security groups that these target groups need. */
  securityGroupsOf(arns: readonly string[]): ReadonlySet<string> {
    return new Set(this.of(arns).map(({ groupId }) => groupId));
  }
}
