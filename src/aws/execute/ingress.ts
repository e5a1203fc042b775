// Applies the desired ingress rules to a load balancer's security groups.
import {
  AuthorizeSecurityGroupIngressCommand,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { isIpv6Cidr } from '../cidr.ts';
import type { AwsClients } from '../clients.ts';
import type { Step } from '../diff/step.ts';
import { isAlreadyExists, isNotFound, isQuotaReached } from '../errors.ts';
import { inParts } from '../in-parts.ts';
import { type PresentRule, presentRules, type ResolvedRule, resolved } from '../inventory/ingress-rules.ts';
import { DEFAULT_QUOTAS } from '../model/options.ts';
import { type Addition, ingressChanges } from './ingress-changes.ts';
import type { Run } from './run.ts';
import { writeTags } from './tagging.ts';

type SetIngress = Extract<Step, { kind: 'set-ingress' }>;

const limit = DEFAULT_QUOTAS.rulesPerSecurityGroup;

/** Authorizes new rules before it revokes old rules, if there is room for both. */
export async function setIngress(run: Run, { desired, fresh, tags }: SetIngress): Promise<void> {
  const { clients } = run.context;
  const groups = [desired.id, ...(desired.overflow ?? [])].map(run.arnOf);
  const [first = ''] = groups;
  const wanted = resolved(desired.ingress, run.arnOf);
  const ingress = async (present: readonly PresentRule[]) =>
    await change(clients, ingressChanges(groups, wanted, present, limit));
  if (fresh) {
    try {
      for (const each of ingressChanges(groups, wanted, [], limit).before) await authorize(clients, each);
    } catch (error) {
      // The answer to our first attempt was lost.
      if (!isAlreadyExists(error)) throw error;
      await ingress(await presentRules(clients, groups));
    }
  } else {
    await ingress(await presentRules(clients, groups));
  }
  await writeTags(run, first, tags);
}

async function change(clients: AwsClients, changes: ReturnType<typeof ingressChanges>): Promise<void> {
  const { before, revoke, after } = changes;
  const refused: Addition[] = [];
  for (const each of before) {
    try {
      await authorizeMissing(clients, each);
    } catch (error) {
      // The account's limit is lower than AWS's default: revoke first, to make room.
      if (!isQuotaReached(error) || revoke.length === 0) throw error;
      refused.push(each);
    }
  }
  for (const [GroupId, rules] of Map.groupBy(revoke, ({ groupId }) => groupId)) {
    const ids = rules.map(({ ruleId }) => ruleId);
    await inParts(ids, isNotFound, (SecurityGroupRuleIds) =>
      clients.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds })),
    );
  }
  for (const each of [...refused, ...after]) await authorizeMissing(clients, each);
}

async function authorize({ ec2 }: AwsClients, { groupId: GroupId, rules }: Addition): Promise<void> {
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: rules.map(permission) }));
}

async function authorizeMissing(clients: AwsClients, { groupId, rules }: Addition): Promise<void> {
  await inParts(rules, isAlreadyExists, (some) => authorize(clients, { groupId, rules: some }));
}

function permission({ protocol, fromPort, toPort, source, description: Description }: ResolvedRule): IpPermission {
  const base = { IpProtocol: protocol, FromPort: fromPort, ToPort: toPort };
  if (source.kind === 'group') return { ...base, UserIdGroupPairs: [{ GroupId: source.groupId, Description }] };
  return isIpv6Cidr(source.cidr)
    ? { ...base, Ipv6Ranges: [{ CidrIpv6: source.cidr, Description }] }
    : { ...base, IpRanges: [{ CidrIp: source.cidr, Description }] };
}
