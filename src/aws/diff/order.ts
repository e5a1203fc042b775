// The order in which a listener's rules change. Rules that may answer the same request keep their order. No tenant waits for
// another tenant whose steps were recalled.
import { namespaceOf, type Owner } from '../model/owner.ts';
import type { ResourceId, RuleResource } from '../model/resources.ts';
import { overlap, type Scope, scopeOf } from '../model/scope.ts';
import type { OwnedRule } from '../observed.ts';

/** The change of a rule, or its replacement by another rule. */
export interface RuleChange {
  readonly namespace: string;
  /** The rule before the change and after it. */
  readonly scopes: readonly Scope[];
}

export class Order {
  readonly #owner: Owner;
  readonly #behind: ReadonlySet<string>;
  readonly #desired = new Map<RuleResource, RuleChange>();

  /** @param behind the namespaces whose steps were recalled last time */
  constructor(owner: Owner, behind: ReadonlySet<string>) {
    this.#owner = owner;
    this.#behind = behind;
  }

  /** Whether steps of some namespace were recalled last time. */
  get isPressed(): boolean {
    return this.#behind.size > 0;
  }

  isBehind(resource: ResourceId): boolean {
    return this.#behind.has(namespaceOf(resource, this.#owner));
  }

  ofDesired(rule: RuleResource): RuleChange {
    const known = this.#desired.get(rule);
    if (known !== undefined) return known;
    const change = {
      namespace: namespaceOf(rule.id, this.#owner),
      scopes: [scopeOf(rule.spec.conditions)],
    };
    this.#desired.set(rule, change);
    return change;
  }

  ofExisting({ id, scope }: OwnedRule): RuleChange {
    return { namespace: namespaceOf(id, this.#owner), scopes: [scope] };
  }

  /** The change of an existing rule into a desired rule. */
  ofBoth(rule: RuleResource, existing: OwnedRule): RuleChange {
    const { namespace, scopes } = this.ofDesired(rule);
    return { namespace, scopes: [...scopes, existing.scope] };
  }

  waits(change: RuleChange, other: RuleChange): boolean {
    if (change.namespace !== other.namespace && this.#behind.has(other.namespace)) return false;
    return meet(change, other);
  }
}

/** Whether both may answer the same request. */
export const meet = (change: RuleChange, other: RuleChange): boolean =>
  change.scopes.some((scope) => other.scopes.some((each) => overlap(scope, each)));
