// Which changes of a listener's rules wait for which others: those that may answer the same request keep their order, and no tenant
// waits for another whose changes there is no time for.
import type { ObjectKey } from '../../kube/object.ts';
import { namespaceOf } from '../model/owner.ts';
import type { ResourceId, RuleResource } from '../model/resources.ts';
import { overlap, type Scope, scopeOf } from '../model/scope.ts';
import type { OwnedRule } from '../observed.ts';

/** Of one rule, or of one that takes the place of another. */
export interface RuleChange {
  readonly namespace: string;
  /** Before and after. */
  readonly scopes: readonly Scope[];
}

export class Order {
  readonly #gateway: ObjectKey;
  readonly #behind: ReadonlySet<string>;
  readonly #desired = new Map<RuleResource, RuleChange>();

  /** @param behind the namespaces for whose steps there was no time before */
  constructor(gateway: ObjectKey, behind: ReadonlySet<string>) {
    this.#gateway = gateway;
    this.#behind = behind;
  }

  /** Whether there was no time before for the steps of some namespace. */
  get isPressed(): boolean {
    return this.#behind.size > 0;
  }

  isBehind(resource: ResourceId): boolean {
    return this.#behind.has(namespaceOf(resource, this.#gateway));
  }

  ofDesired(rule: RuleResource): RuleChange {
    const known = this.#desired.get(rule);
    if (known !== undefined) return known;
    const change = {
      namespace: namespaceOf(rule.id, this.#gateway),
      scopes: [scopeOf(rule.spec.conditions)],
    };
    this.#desired.set(rule, change);
    return change;
  }

  ofExisting({ id, scope }: OwnedRule): RuleChange {
    return { namespace: namespaceOf(id, this.#gateway), scopes: [scope] };
  }

  /** Of an existing rule that becomes a desired one. */
  ofBoth(rule: RuleResource, existing: OwnedRule): RuleChange {
    const { namespace, scopes } = this.ofDesired(rule);
    return { namespace, scopes: [...scopes, existing.scope] };
  }

  waits(change: RuleChange, other: RuleChange): boolean {
    if (change.namespace !== other.namespace && this.#behind.has(other.namespace)) return false;
    return meet(change, other);
  }
}

/** Whether some request may be answered by both. */
export const meet = (change: RuleChange, other: RuleChange): boolean =>
  change.scopes.some((scope) => other.scopes.some((each) => overlap(scope, each)));
