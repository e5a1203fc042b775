// Rules that others gave our listeners. Gatehouse deletes only what it has made. But such a rule may take requests or connections
// from the routes, so the Gateway's status names its port until an audit no longer finds it.
import type { Rule } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ObjectKey } from '../../kube/object.ts';
import type { AwsClients } from '../clients.ts';
import type { RulesOfOthers } from '../cloud-problem.ts';
import type { ResourceId } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { describeTags } from './describe.ts';
import type { Drift } from './drift.ts';
import type { Inventory } from './inventory.ts';

/** @param rules all rules of one of our listeners. A rule with our tags is ours, even if its creation was never answered */
export async function haveForeign(
  { clients, inventory }: { readonly clients: AwsClients; readonly inventory: Inventory },
  rules: readonly Rule[],
): Promise<boolean> {
  const unknown = rules.flatMap(({ RuleArn, IsDefault }) =>
    RuleArn === undefined || IsDefault === true || inventory.get(RuleArn) !== undefined ? [] : RuleArn,
  );
  const tags = await describeTags(clients, unknown);
  return [...tags.values()].some((each) => each[TAG.resource] === undefined);
}

/** The listeners with such rules, as the last audits found them. */
export class ForeignRules {
  readonly #listeners = new Map<ObjectKey, readonly ResourceId[]>();

  /** @param drift what an audit of the whole Gateway has found */
  note(gateway: ObjectKey, drift: readonly Drift[]): void {
    this.#listeners.set(
      gateway,
      drift.flatMap(({ resource, aspect }) => (aspect === 'foreign-rules' ? resource : [])),
    );
  }

  forget(gateway: ObjectKey): void {
    this.#listeners.delete(gateway);
  }

  /** @param existing the Gateway's resources in AWS */
  problemsOf(gateway: ObjectKey, existing: readonly { readonly id: ResourceId }[]): readonly RulesOfOthers[] {
    const ids = new Set(existing.map(({ id }) => id));
    const listeners = (this.#listeners.get(gateway) ?? []).filter((id) => ids.has(id));
    return listeners.length === 0 ? [] : [rulesOfOthers(listeners)];
  }
}

/** @param listeners logical ids, which end with the port */
export function rulesOfOthers(listeners: readonly ResourceId[]): RulesOfOthers {
  const ports = new Set(listeners.map((id) => Number(id.split('/').at(-1))));
  return { kind: 'rules-of-others', ports: [...ports].toSorted((a, b) => a - b) };
}
