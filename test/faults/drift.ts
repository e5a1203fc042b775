// Changes by hand in AWS are corrected within the audit period.
import { setTimeout as sleep } from 'node:timers/promises';
import { ACMClient, ImportCertificateCommand, RemoveTagsFromCertificateCommand } from '@aws-sdk/client-acm';
import {
  AuthorizeSecurityGroupIngressCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import {
  DeleteRuleCommand,
  DeregisterTargetsCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyRuleCommand,
  RegisterTargetsCommand,
  RemoveListenerCertificatesCommand,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import { awsOf } from '../integration/support/aws.ts';
import { type Rig, startRig } from '../integration/support/gatehouse.ts';
import { everythingOfOurs } from '../integration/support/left.ts';
import { gateway, http, httpRoute, https } from '../integration/support/objects.ts';
import { programmed } from '../integration/support/status.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { gone } from './awaiting.ts';
import { compare, isSame, pictureOf } from './picture.ts';
import { family, type Options, type Scenario } from './scenario.ts';
import { until } from './workload.ts';

/** Short, to save time. The default is ten minutes. */
const auditSeconds = 10;

interface Stage {
  readonly rig: Rig;
  readonly ns: string;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
  readonly acm: ACMClient;
  stop(): Promise<void>;
}

async function open({ program }: Options): Promise<Stage> {
  const rig = await startRig({ gatehouse: { program, flags: { 'audit-period': `${auditSeconds}s` } } });
  const ns = await rig.freshNamespace('drift');
  await rig.backend(ns, 'web');
  const client = clientOf(rig.aws);
  const elbv2 = new ElasticLoadBalancingV2Client(client);
  const ec2 = new EC2Client(client);
  const acm = new ACMClient(client);
  const stop = async (): Promise<void> => {
    for (const each of [elbv2, ec2, acm]) each.destroy();
    await rig.stop();
  };
  return { rig, ns, elbv2, ec2, acm, stop };
}

const first = <T>(items: Iterable<T>): T => {
  for (const item of items) return item;
  throw new Error('Expected one');
};

/** By the changed resource. */
type Changes = Readonly<Record<string, (stage: Stage) => Promise<unknown>>>;

const viewOf = ({ rig, ns }: Stage) => {
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, `${ns}/gw`);
  return {
    loadBalancer: first(loadBalancers),
    listener: first(listeners.filter(({ listener }) => listener.port === 443)).listener,
    rule: first(first(listeners).rules),
    group: first(targetGroups).group,
    securityGroup: first(securityGroups),
  };
};

const strange = { Id: '10.0.48.250', Port: 9999 };

const certificateNamed = ({ rig, ns }: Stage, name: string) =>
  first(
    [...rig.aws.world().acm.certificates.values()].filter(
      ({ tags }) => tags.get('gatehouse.dev/resource') === `certificate/${ns}/${name}`,
    ),
  );

const changes: Changes = {
  'a rule is deleted': (stage) => stage.elbv2.send(new DeleteRuleCommand({ RuleArn: viewOf(stage).rule.arn })),
  'a rule answers otherwise': (stage) =>
    stage.elbv2.send(
      new ModifyRuleCommand({
        RuleArn: viewOf(stage).rule.arn,
        Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '418' } }],
      }),
    ),
  'tags are removed': (stage) => {
    const { loadBalancer, group, rule } = viewOf(stage);
    const TagKeys = ['gatehouse.dev/gateway', 'gatehouse.dev/spec'];
    return stage.elbv2.send(new RemoveTagsCommand({ ResourceArns: [loadBalancer.arn, group.arn, rule.arn], TagKeys }));
  },
  'a target is taken out': (stage) => {
    const { arn, targets } = viewOf(stage).group;
    const { id, port } = first(targets.values());
    return stage.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: id, Port: port }] }));
  },
  'a strange target is put in': (stage) =>
    stage.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn: viewOf(stage).group.arn, Targets: [strange] })),
  'a certificate is taken from the listener': (stage) => {
    const { arn, certificates } = viewOf(stage).listener;
    const Certificates = [{ CertificateArn: first(certificates) }];
    return stage.elbv2.send(new RemoveListenerCertificatesCommand({ ListenerArn: arn, Certificates }));
  },
  "the listener's default certificate is another": (stage) => {
    const { arn, certificates } = viewOf(stage).listener;
    const Certificates = [{ CertificateArn: first(certificates) }];
    return stage.elbv2.send(new ModifyListenerCommand({ ListenerArn: arn, Certificates }));
  },
  'a certificate is imported over ours': async (stage) => {
    const { arn } = certificateNamed(stage, 'one');
    const { certificatePem, privateKey } = await selfSigned(['one.example.com'], 'EC_prime256v1', Date.now(), '02');
    const PrivateKey = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const Certificate = Buffer.from(certificatePem);
    return stage.acm.send(new ImportCertificateCommand({ CertificateArn: arn, Certificate, PrivateKey }));
  },
  'tags of a certificate are removed': (stage) =>
    stage.acm.send(
      new RemoveTagsFromCertificateCommand({
        CertificateArn: certificateNamed(stage, 'one').arn,
        Tags: [{ Key: 'gatehouse.dev/spec' }],
      }),
    ),
  'an ingress rule is revoked': (stage) => {
    const { id, ruleIds } = viewOf(stage).securityGroup;
    const { securityGroupRules } = stage.rig.aws.world().ec2;
    const ingress = [...ruleIds].filter((each) => securityGroupRules.get(each)?.isEgress === false);
    return stage.ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId: id, SecurityGroupRuleIds: [first(ingress)] }),
    );
  },
  'an ingress rule is added': (stage) =>
    stage.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: viewOf(stage).securityGroup.id,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      }),
    ),
  'what admits load balancers to the nodes is revoked': (stage) => {
    const { securityGroupRules } = stage.rig.aws.world().ec2;
    const { id, groupId } = first(
      [...securityGroupRules.values()].filter(({ tags }) =>
        tags.get('gatehouse.dev/resource')?.startsWith('admission/'),
      ),
    );
    return stage.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds: [id] }));
  },
};

/** In addition to the picture: our certificates in ACM, and their tags. */
const wholePicture = (stage: Stage): readonly string[] => [
  ...pictureOf(stage.rig, [`${stage.ns}/gw`]),
  ...[...stage.rig.aws.world().acm.certificates.values()].map(
    ({ material, tags }) =>
      `${tags.get('gatehouse.dev/resource')} ${tags.get('gatehouse.dev/spec')} ${material?.certificatePem.trim()}`,
  ),
];

/** Audits ignore recent changes for a tenth of the period. Then a turn of the audit finds them, and the next pass corrects them. */
const patienceMs = 2.5 * auditSeconds * 1000;

const byHand: Scenario<Stage> = {
  name: 'drift',
  what: `rules, tags, targets, certificates and security groups are changed by hand; an audit period of ${auditSeconds} s`,
  run: async (stage) => {
    const { rig, ns } = stage;
    const gw = gateway(ns, 'gw', [http(), https(['one', 'two'])]);
    await rig.apply([
      await tlsSecret(ns, 'one', ['one.example.com']),
      await tlsSecret(ns, 'two', ['two.example.com']),
      gw,
      httpRoute(ns, 'web', ['gw'], ['web']),
    ]);
    await programmed(rig, gw);
    // One or two audits, so that nothing counts as recent any more.
    await sleep(2 * auditSeconds * 1000);
    const expected = wholePicture(stage);
    const failures: string[] = [];
    const times: string[] = [];
    for (const [what, change] of Object.entries(changes)) {
      await change(stage);
      if (isSame(compare(wholePicture(stage), expected))) failures.push(`${what}: changed nothing`);
      const started = performance.now();
      const right = await until(() => isSame(compare(wholePicture(stage), expected)), patienceMs);
      times.push(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
      if (right) continue;
      const { missing, duplicates, strange: beside } = compare(wholePicture(stage), expected);
      failures.push(`${what}: ${[...missing, ...duplicates, ...beside].map((line) => line.slice(0, 160)).join('; ')}`);
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
};

export const drift = family(open, [byHand]);
