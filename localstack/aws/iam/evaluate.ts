// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
import { type Context, holds } from './conditions.ts';
import { isLike } from './glob.ts';
import type { Policy, Statement } from './policy.ts';

/** One permission that a call needs: an action on a resource, with the context of request and resource. */
export interface Asked {
  /** `elasticloadbalancing:CreateRule` */
  readonly action: string;
  /** An ARN, or `*` if AWS has no narrower scope. */
  readonly resource: string;
  readonly context: Context;
}

/** An entry of a statement's Action that allowed a call. */
export interface Grant {
  readonly statement: string;
  readonly action: string;
}

export type Decision =
  | { readonly kind: 'allowed'; readonly by: readonly Grant[] }
  | { readonly kind: 'denied'; readonly isExplicit: boolean };

/** An explicit deny wins over every allow. Without an allow the call is denied. */
export function decide(policy: Policy, asked: Asked): Decision {
  const applying = policy.filter((statement) => applies(statement, asked));
  if (applying.some(({ effect }) => effect === 'Deny')) return { kind: 'denied', isExplicit: true };
  if (applying.length === 0) return { kind: 'denied', isExplicit: false };
  return { kind: 'allowed', by: applying.flatMap((statement) => grantsOf(statement, asked.action)) };
}

function applies({ actions, resources, conditions }: Statement, { action, resource, context }: Asked): boolean {
  return (
    actions.patterns.some((pattern) => isAction(pattern, action)) !== actions.isNegated &&
    resources.patterns.some((pattern) => isLike(pattern, resource)) !== resources.isNegated &&
    conditions.every((condition) => holds(condition, context))
  );
}

/** With NotAction, all its entries together allow the call. */
function grantsOf({ name, actions }: Statement, action: string): Grant[] {
  const words = actions.isNegated ? actions.patterns : actions.patterns.filter((pattern) => isAction(pattern, action));
  return words.map((word) => ({ statement: name, action: word }));
}

/** Action names ignore case. */
function isAction(pattern: string, action: string): boolean {
  return isLike(pattern.toLowerCase(), action.toLowerCase());
}
