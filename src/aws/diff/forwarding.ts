// A resource that forwards to target groups: a rule of an ALB, or the listener of an NLB.
import type { ListenerResource, RuleAction, RuleResource } from '../model/resources.ts';
import type { Forward, OwnedListener, OwnedRule } from '../observed.ts';

export type Forwarding =
  | { readonly desired: RuleResource; readonly owned: OwnedRule }
  | { readonly desired: ListenerResource; readonly owned: OwnedListener };

export const actionOf = (desired: RuleResource | ListenerResource): RuleAction =>
  desired.kind === 'rule' ? desired.spec.action : desired.spec.defaultAction;

export const forwardsOf = (owned: OwnedRule | OwnedListener): readonly Forward[] =>
  owned.kind === 'rule' ? owned.targetGroups : owned.forwards;
