// The output of `gatehouse cleanup`.

import { type OwnedResource, TAG } from '../aws/observed.ts';
import type { Leftovers } from '../aws/sweep/leftovers.ts';

/** Everything of one cluster. Listeners and rules are only counted, because they are deleted with their load balancer. */
export function leftoversLines(
  { clusterUid, resources, rules }: Leftovers,
  clusterName: string,
  living: string | undefined,
): readonly string[] {
  const kept = clusterUid === living ? ': the living cluster of KUBECONFIG. Nothing of it is deleted.' : '';
  const byGateway = Map.groupBy(resources, ({ tags }) => tags[TAG.gateway] ?? '');
  const shared = byGateway.get('') ?? [];
  byGateway.delete('');
  return [
    `Cluster "${clusterName}", UID ${clusterUid}${kept}`,
    ...[...byGateway].flatMap(([gateway, own]) => [
      `  Gateway ${gateway}`,
      ...own.flatMap(resourceLine),
      ...counts(own),
    ]),
    ...(shared.length === 0 ? [] : ['  shared by its Gateways', ...shared.flatMap(resourceLine)]),
    ...(rules.length === 0 ? [] : ['  rules on the security groups of nodes and pods']),
    ...rules.map(({ ruleId, groupId, protocol, fromPort, toPort }) => {
      const ports = fromPort === toPort ? `${fromPort}` : `${fromPort}-${toPort}`;
      return `    ${ruleId} of ${groupId}, ${protocol === 'udp' ? 'UDP port' : 'port'} ${ports}`;
    }),
    '',
  ];
}

const resourceLine = ({ kind, id, arn }: OwnedResource): readonly string[] =>
  kind === 'listener' || kind === 'rule' ? [] : [`    ${id}  ${arn}`];

const number = (count: number, of: string): string => `${count} ${of}${count === 1 ? '' : 's'}`;

function counts(resources: readonly OwnedResource[]): readonly string[] {
  const count = (kind: OwnedResource['kind']): number => resources.filter((each) => each.kind === kind).length;
  const [listeners, rules] = [count('listener'), count('rule')];
  return listeners === 0 ? [] : [`    with ${number(listeners, 'listener')} and ${number(rules, 'rule')}`];
}

export function summary(all: readonly Leftovers[], clusterName: string, living: string | undefined): readonly string[] {
  const dead = all.filter(({ clusterUid }) => clusterUid !== living);
  if (dead.length === 0) return ['No other cluster uses the name. Nothing was deleted.'];
  return [
    'Nothing was deleted. If a cluster does not exist any more, delete its resources with:',
    ...dead.map(
      ({ clusterUid }) => `  gatehouse cleanup --cluster-name ${clusterName} --cluster-uid ${clusterUid} --yes`,
    ),
  ];
}

/** @param step `delete ID ARN` or `revoke RULE of GROUP` */
export const deletionLine = (step: string): string =>
  step
    .replace(/^delete (\S*) ?/, 'deleted $1 ')
    .replace(/^revoke/, 'revoked')
    .trimEnd();
