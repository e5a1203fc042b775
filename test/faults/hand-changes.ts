// Changes by hand in AWS, each of which is corrected within the audit period.
import { setTimeout as sleep } from 'node:timers/promises';
import { ACMClient } from '@aws-sdk/client-acm';
import { EC2Client, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { SecurityGroupRule } from '../../localstack/aws/ec2/state.ts';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { awsOf } from '../integration/support/aws.ts';
import { type Rig, startRig } from '../integration/support/gatehouse.ts';
import { everythingOfOurs } from '../integration/support/left.ts';
import { programmed } from '../integration/support/status.ts';
import { gone } from './awaiting.ts';
import { compare, isSame, pictureOf } from './picture.ts';
import type { Options, Scenario } from './scenario.ts';
import { until } from './workload.ts';

/** Short, to save time. The default is ten minutes. */
const auditSeconds = 10;

export interface Stage {
  readonly rig: Rig;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
  readonly acm: ACMClient;
  stop(): Promise<void>;
}

export async function open({ program }: Options): Promise<Stage> {
  const rig = await startRig({ gatehouse: { program, flags: { 'audit-period': `${auditSeconds}s` } } });
  const client = clientOf(rig.aws);
  const elbv2 = new ElasticLoadBalancingV2Client(client);
  const ec2 = new EC2Client(client);
  const acm = new ACMClient(client);
  const stop = async (): Promise<void> => {
    for (const each of [elbv2, ec2, acm]) each.destroy();
    await rig.stop();
  };
  return { rig, elbv2, ec2, acm, stop };
}

export const first = <T>(items: Iterable<T>): T => {
  for (const item of items) return item;
  throw new Error('Expected one');
};

/** Where the changes are made: the Gateway `gw` of a namespace. */
export interface Place extends Stage {
  readonly ns: string;
}

/** By the changed resource. */
export type Changes = Readonly<Record<string, (place: Place) => Promise<unknown>>>;

const tagOf = ({ tags }: { readonly tags: ReadonlyMap<string, string> }): string =>
  tags.get('gatehouse.dev/resource') ?? '';

export const certificateNamed = ({ rig, ns }: Place, name: string) =>
  first([...rig.aws.world().acm.certificates.values()].filter((each) => tagOf(each) === `certificate/${ns}/${name}`));

/** Revokes the first matching rule of the Gateway's security groups. */
export function revokeIngress({ rig, ns, ec2 }: Place, isMeant: (rule: SecurityGroupRule) => boolean = () => true) {
  const { securityGroupRules } = rig.aws.world().ec2;
  const ruleIds = awsOf(rig, `${ns}/gw`).securityGroups.flatMap((group) => [...group.ruleIds]);
  const rules = ruleIds.flatMap((each) => securityGroupRules.get(each) ?? []);
  const { id, groupId } = first(rules.filter((rule) => !rule.isEgress && isMeant(rule)));
  return ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds: [id] }));
}

/** Revokes the first matching rule that admits load balancers to targets. */
export function revokeAdmission({ rig, ec2 }: Place, isMeant: (rule: SecurityGroupRule) => boolean = () => true) {
  const { id, groupId } = first(
    [...rig.aws.world().ec2.securityGroupRules.values()].filter(
      (rule) => tagOf(rule).startsWith('admission/') && isMeant(rule),
    ),
  );
  return ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds: [id] }));
}

/** In addition to the picture: our certificates in ACM, and their tags. */
const wholePicture = (stage: Place): readonly string[] => [
  ...pictureOf(stage.rig, [`${stage.ns}/gw`]),
  ...[...stage.rig.aws.world().acm.certificates.values()].map(
    ({ material, tags }) =>
      `${tags.get('gatehouse.dev/resource')} ${tags.get('gatehouse.dev/spec')} ${material?.certificatePem.trim()}`,
  ),
];

/** Audits ignore recent changes for a tenth of the period. Then a turn of the audit finds them, and the next pass corrects them. */
const patienceMs = 2.5 * auditSeconds * 1000;

interface Play {
  readonly name: string;
  readonly what: string;
  /** Creates the Gateway's backends. @returns the other objects, the Gateway first */
  readonly set: (rig: Rig, ns: string) => Promise<readonly [KubeObject, ...KubeObject[]]>;
  readonly changes: Changes;
}

export const byHand = ({ name, what, set, changes }: Play): Scenario<Stage> => ({
  name,
  what: `${what} are changed by hand; an audit period of ${auditSeconds} s`,
  run: async (stage) => {
    const { rig } = stage;
    const place = { ...stage, ns: await rig.freshNamespace('drift') };
    const [gw, ...others] = await set(rig, place.ns);
    await rig.apply([...others, gw]);
    await programmed(rig, gw);
    // One or two audits, so that nothing counts as recent any more.
    await sleep(2 * auditSeconds * 1000);
    const expected = wholePicture(place);
    const failures: string[] = [];
    const times: string[] = [];
    for (const [changed, change] of Object.entries(changes)) {
      await change(place);
      if (isSame(compare(wholePicture(place), expected))) failures.push(`${changed}: changed nothing`);
      const started = performance.now();
      const right = await until(() => isSame(compare(wholePicture(place), expected)), patienceMs);
      times.push(`${changed}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
      if (right) continue;
      const { missing, duplicates, strange } = compare(wholePicture(place), expected);
      failures.push(
        `${changed}: ${[...missing, ...duplicates, ...strange].map((line) => line.slice(0, 160)).join('; ')}`,
      );
    }
    await rig.remove([gw]);
    await gone(rig, gw);
    return {
      count: `${times.length} changes`,
      failures,
      duplicates: [],
      leaks: everythingOfOurs(rig.aws),
      notes: times,
    };
  },
});
