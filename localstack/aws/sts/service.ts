import type { CallContext, Input, Output, Service } from '../service.ts';
import type { World } from '../world.ts';
import { newSession, readDuration, readRole, roleId } from './session.ts';
import { readWebIdentityToken } from './web-identity-token.ts';

/** STS. docs.aws.amazon.com/STS/latest/APIReference */
export function stsService(world: World): Service {
  return {
    name: 'sts',
    protocol: 'query',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    version: '2011-06-15',
    actions: {
      AssumeRole: (input) => assumeRole(world, input),
      AssumeRoleWithWebIdentity: (input) => assumeRoleWithWebIdentity(world, input),
      GetCallerIdentity: (_, context) => getCallerIdentity(context),
    },
  };
}

function assumeRole(world: World, input: Input): Output {
  const session = newSession(world, readRole(input), readDuration(input));
  return { ...session, PackedPolicySize: 0 };
}

/** The only call without a signature: the token is the proof. The token's signature is not verified here. */
function assumeRoleWithWebIdentity(world: World, input: Input): Output {
  const role = readRole(input);
  const duration = readDuration(input);
  const token = readWebIdentityToken(input['WebIdentityToken'], world.clock.now());
  return {
    ...newSession(world, role, duration),
    SubjectFromWebIdentityToken: token.subject,
    Audience: token.audience,
    Provider: token.issuer,
    PackedPolicySize: 0,
  };
}

/** An assumed role's id is `ID:SESSION`; a user has its own id. */
function getCallerIdentity({ principal, accountId }: CallContext): Output {
  const [kind, name = '', session] = (principal.split(':').at(-1) ?? '').split('/');
  return {
    Account: principal.split(':')[4] ?? accountId,
    Arn: principal,
    UserId: kind === 'assumed-role' ? `${roleId(name)}:${session}` : name,
  };
}
