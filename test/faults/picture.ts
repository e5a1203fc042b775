// Everything that Gatehouse has in AWS, one line per resource, without ARNs, so that a run with faults can be compared with
// an undisturbed one.

import type { SecurityGroupRule } from '../../localstack/aws/ec2/state.ts';
import { type Attribute, loadBalancerTable, targetGroupTable } from '../../localstack/aws/elbv2/attribute-tables.ts';
import type { HealthCheck } from '../../localstack/aws/elbv2/state.ts';
import { awsOf } from '../integration/support/aws.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { everythingOfOurs } from '../integration/support/left.ts';

/** Hidden tags: hashes of AWS's ids, and notes about attributes that were reset to their defaults. */
const passing = (key: string, what: string): boolean =>
  key === 'gatehouse.dev/attributes' || (key === 'gatehouse.dev/spec' && what.startsWith('gh-'));

const tagLine = (what: string, { tags }: { readonly tags: ReadonlyMap<string, string> }): string =>
  `${what} is tagged ${[...tags]
    .flatMap(([key, value]) => (passing(key, what) ? [] : `${key}=${value}`))
    .toSorted()
    .join(' ')}`;

/** @param gateways `NAMESPACE/NAME` */
export function pictureOf(rig: Rig, gateways: readonly string[]): readonly string[] {
  return [...everythingOfOurs(rig.aws), ...gateways.flatMap((gateway) => gatewayLines(rig, gateway))].toSorted();
}

function gatewayLines(rig: Rig, gateway: string): readonly string[] {
  const { acm, ec2 } = rig.aws.world();
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, gateway);
  return [
    ...loadBalancers.flatMap((each) => [
      `${gateway} has ${each.name}, ${each.type}, ${each.scheme}, in ${each.subnets.map(({ zone }) => zone).join(' ')}`,
      `${each.name} has the security groups ${each.securityGroups.map((id) => ec2.securityGroups.get(id)?.groupName).join(' ')}`,
      ...attributeLines(each.name, loadBalancerTable(each), each.attributes),
      tagLine(each.name, each),
    ]),
    ...listeners.flatMap(({ listener, rules, words, otherwise }) => {
      const name = `${gateway}:${listener.port}`;
      const shown = [listener.defaultCertificate ?? [], [...listener.certificates]].flat();
      return [
        `${name} speaks ${[listener.protocol, listener.sslPolicy, listener.alpnPolicy].join(' ').trim()}`,
        `${name} otherwise${otherwise}`,
        ...shown.map((arn) => `${name} shows ${acm.certificates.get(arn)?.subjectAlternativeNames.join(' ')}`),
        ...words.map((word, index) => `${name} rule ${index + 1}: ${word}`),
        ...rules
          .filter(({ priority }) => priority !== 'default')
          .map((rule, index) => tagLine(`${name} rule ${index + 1}`, rule)),
      ];
    }),
    ...targetGroups.flatMap(({ group, name, targets }) => [
      `${name} has ${targets.join(' ') || 'no targets'}, checked with ${healthWords(group.healthCheck)}`,
      ...attributeLines(name, targetGroupTable(group), group.attributes),
      tagLine(name, group),
    ]),
    ...securityGroups.flatMap((group) => [
      tagLine(group.groupName, group),
      ...[...group.ruleIds]
        .flatMap((id) => ec2.securityGroupRules.get(id) ?? [])
        .map(
          ({ isEgress, protocol, fromPort, toPort, peer }) =>
            `${group.groupName} lets ${isEgress ? 'out' : 'in'} ${protocol} ${fromPort}-${toPort} ${peerWords(rig, peer)}`,
        ),
    ]),
  ];
}

const peerWords = (rig: Rig, peer: SecurityGroupRule['peer']): string =>
  peer.kind === 'group'
    ? (rig.aws.world().ec2.securityGroups.get(peer.groupId)?.groupName ?? 'a group that is gone')
    : JSON.stringify(peer);

const healthWords = ({ protocol, port, path = '', intervalSeconds, unhealthyThreshold }: HealthCheck): string =>
  `${protocol} at ${port}${path} each ${intervalSeconds} s, ${unhealthyThreshold} times`;

/** The attributes that have other values than AWS's defaults. */
const attributeLines = (
  what: string,
  table: readonly Attribute[],
  set: ReadonlyMap<string, string>,
): readonly string[] =>
  table.flatMap(({ key, value }) => {
    const own = set.get(key) ?? value;
    return own === value ? [] : [`${what} has ${key} ${own}`];
  });

export interface Difference {
  /** Expected, but missing. */
  readonly missing: readonly string[];
  /** More often than expected. */
  readonly duplicates: readonly string[];
  /** Not expected at all. */
  readonly strange: readonly string[];
}

export function compare(actual: readonly string[], expected: readonly string[]): Difference {
  const left = [...actual];
  const missing = expected.filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  return {
    missing,
    duplicates: left.filter((line) => expected.includes(line)),
    strange: left.filter((line) => !expected.includes(line)),
  };
}

export const isSame = ({ missing, duplicates, strange }: Difference): boolean =>
  missing.length + duplicates.length + strange.length === 0;
