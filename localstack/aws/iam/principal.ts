import type { Policy } from './policy.ts';

/** Policies by the ARN of their role or user; `*` is for all others. */
export type Policies = Readonly<Record<string, Policy>>;

const everyone = '*';

/** The identity whose permissions a caller has. */
export interface Identity {
  /** The role's or user's own ARN: aws:PrincipalArn. */
  readonly arn: string;
  /** Undefined: nothing is evaluated. */
  readonly policy: Policy | undefined;
}

/** A role session has the role's permissions. Its ARN does not have the role's path. */
function isOf(principal: string, attached: string): boolean {
  const [, account, name] = /^arn:[\w-]+:sts::(\d+):assumed-role\/([^/]+)\//.exec(principal) ?? [];
  if (account === undefined) return principal === attached;
  return attached.includes(`:iam::${account}:role/`) && attached.split('/').at(-1) === name;
}

/**
 * A user without a policy may do everything, like the account's administrator. A role without a policy may do nothing.
 * @param principal the caller's ARN, as in STS
 */
export function identify(policies: Policies, principal: string): Identity {
  const attached = Object.keys(policies).find((each) => isOf(principal, each));
  if (attached !== undefined) return { arn: attached, policy: policies[attached] };
  const [, account, name] = /:sts::(\d+):assumed-role\/([^/]+)\//.exec(principal) ?? [];
  const arn = account === undefined ? principal : `arn:aws:iam::${account}:role/${name}`;
  return { arn, policy: policies[everyone] ?? (account === undefined ? undefined : []) };
}
