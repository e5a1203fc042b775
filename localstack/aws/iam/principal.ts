import type { Policy } from './policy.ts';

/** By the ARN of the role or user that a policy is attached to; `*` is everyone who is not named. */
export type Policies = Readonly<Record<string, Policy>>;

const everyone = '*';

/** Whose permissions a caller has. */
export interface Identity {
  /** The role's or user's own ARN: aws:PrincipalArn. */
  readonly arn: string;
  /** Undefined: nothing is evaluated. */
  readonly policy: Policy | undefined;
}

/** The session of a role has the role's permissions; its ARN lacks the role's path. */
function isOf(principal: string, attached: string): boolean {
  const [, account, name] = /^arn:[\w-]+:sts::(\d+):assumed-role\/([^/]+)\//.exec(principal) ?? [];
  if (account === undefined) return principal === attached;
  return attached.includes(`:iam::${account}:role/`) && attached.split('/').at(-1) === name;
}

/**
 * A user whom no policy names may do everything, as the administrator who set the account up; a role that no policy names
 * may do nothing.
 * @param principal the caller's ARN, as STS tells it
 */
export function identify(policies: Policies, principal: string): Identity {
  const attached = Object.keys(policies).find((each) => isOf(principal, each));
  if (attached !== undefined) return { arn: attached, policy: policies[attached] };
  const [, account, name] = /:sts::(\d+):assumed-role\/([^/]+)\//.exec(principal) ?? [];
  const arn = account === undefined ? principal : `arn:aws:iam::${account}:role/${name}`;
  return { arn, policy: policies[everyone] ?? (account === undefined ? undefined : []) };
}
