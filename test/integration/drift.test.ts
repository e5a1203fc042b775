// Changes by hand in AWS are found within one or two audit periods, reported, and corrected.

import { setTimeout as sleep } from 'node:timers/promises';
import { ACMClient, ImportCertificateCommand, RemoveTagsFromCertificateCommand } from '@aws-sdk/client-acm';
import {
  AuthorizeSecurityGroupIngressCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateRuleCommand,
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteRuleCommand,
  DeregisterTargetsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyLoadBalancerAttributesCommand,
  ModifyRuleCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
  RemoveListenerCertificatesCommand,
  RemoveTagsCommand,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import { get } from '../../localstack/cluster/apply.ts';
import { elbv2Client } from '../../localstack/elbv2-client.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { gateway, http, httpRoute, https } from './support/objects.ts';
import { programmed, readGateway } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

let rig: Rig;
let elbv2: ElasticLoadBalancingV2Client;
let ec2: EC2Client;
beforeAll(async () => {
  rig = await startRig({ gatehouse: { flags: { 'audit-period': '5s' } } });
  elbv2 = elbv2Client(rig.aws.url, rig.seed.region);
  ec2 = new EC2Client(clientOf(rig.aws));
});
afterAll(async () => {
  elbv2.destroy();
  ec2.destroy();
  await rig.stop();
});

/** The value of an attribute that nobody has set. */
const unset: ReadonlySet<string> = new Set(['idle_timeout.timeout_seconds 60', 'stickiness.enabled false']);

const attributesOf = ({ attributes }: { readonly attributes: ReadonlyMap<string, string> }) =>
  [...attributes].map((entry) => entry.join(' ')).filter((entry) => !unset.has(entry));

/** A Gateway's state in AWS without ARNs, numbers of priorities, and notes about attributes that were reset. */
function picture(gw: string): unknown {
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, gw);
  const { ec2: state } = rig.aws.world();
  const tags = (each: { readonly tags: ReadonlyMap<string, string> }) =>
    [...each.tags].flatMap(([key, value]) => (key === 'gatehouse.dev/attributes' ? [] : `${key}=${value}`)).toSorted();
  return {
    loadBalancers: loadBalancers.map((each) => [each.name, each.scheme, attributesOf(each), tags(each)]),
    listeners: listeners.map(({ listener, rules, words }) => [
      listener.port,
      listener.certificates.size,
      tags(listener),
      words,
      rules.map(tags),
    ]),
    targetGroups: targetGroups.map(({ group, targets }) => [
      group.name,
      targets,
      group.healthCheck.path,
      attributesOf(group),
      tags(group),
    ]),
    ingress: securityGroups.map((group) => [
      group.groupName,
      tags(group),
      [...group.ruleIds]
        .flatMap((id) => state.securityGroupRules.get(id) ?? [])
        .flatMap(({ isEgress, fromPort, peer }) => (isEgress ? [] : [`${fromPort} ${JSON.stringify(peer)}`]))
        .toSorted(),
    ]),
    admissions: [...state.securityGroupRules.values()]
      .filter((rule) => rule.tags.get('gatehouse.dev/resource')?.startsWith('admission/'))
      .map((rule) => `${rule.groupId} ${rule.fromPort}-${rule.toPort}`),
  };
}

/** A Gateway with HTTP, HTTPS with two certificates, and two routes. */
async function shop(name: string) {
  const ns = await rig.freshNamespace(name);
  const services = ['api', 'web'];
  for (const service of services) await rig.backend(ns, service);
  const gw = gateway(ns, 'gw', [http(), https(['one', 'two'])]);
  await rig.apply([
    await tlsSecret(ns, 'one', ['one.example.com']),
    await tlsSecret(ns, 'two', ['two.example.com']),
    gw,
    ...services.map((each) => httpRoute(ns, each, ['gw'], [each], { hostnames: [`${each}.example.com`] })),
  ]);
  await programmed(rig, gw);
  await eventually(() => {
    const { listeners, targetGroups } = awsOf(rig, `${ns}/gw`);
    expect(listeners.map(({ words, listener }) => [words.length, listener.certificates.size])).toEqual([
      [2, 0],
      [2, 1],
    ]);
    expect(targetGroups.map(({ targets }) => targets.length)).toEqual([2, 2]);
  });
  return { ns, gw: `${ns}/gw` };
}

interface EventList {
  readonly items: readonly {
    readonly reason: string;
    readonly note?: string;
    readonly regarding?: { name?: string };
  }[];
}

async function reportedOf(ns: string): Promise<string> {
  const events = await get<EventList>(rig.cluster.admin, `/apis/events.k8s.io/v1/namespaces/${ns}/events`);
  return (events?.items ?? []).flatMap(({ reason, note = '' }) => (reason === 'Drifted' ? [note] : [])).join('\n');
}

type View = ReturnType<typeof awsOf>;
const first = <T>(items: readonly T[]): T => {
  const [item] = items;
  if (item === undefined) throw new Error('Expected one');
  return item;
};
const ruleOf = ({ listeners }: View, index = 0) => first(first(listeners).rules.slice(index)).arn;
const groupOf = ({ targetGroups }: View) => first(targetGroups).group;
const balancerOf = ({ loadBalancers }: View) => first(loadBalancers).arn;

const revoke = (GroupId: string, ruleId: string) =>
  ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: [ruleId] }));

const foreignTarget = { Id: '10.0.48.250', Port: 9999 };

const changes: Readonly<Record<string, { readonly by: (view: View) => Promise<unknown>; readonly reported: string }>> =
  {
    'a rule that is deleted': {
      by: (view) => elbv2.send(new DeleteRuleCommand({ RuleArn: ruleOf(view) })),
      reported: '(missing)',
    },
    'a rule that is changed': {
      by: (view) =>
        elbv2.send(
          new ModifyRuleCommand({
            RuleArn: ruleOf(view),
            Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/hacked'] } }],
          }),
        ),
      reported: '(spec)',
    },
    'a rule that is moved behind another': {
      by: (view) =>
        elbv2.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn: ruleOf(view), Priority: 49_999 }] })),
      reported: '(priority)',
    },
    'a listener that is deleted': {
      by: ({ listeners }) => elbv2.send(new DeleteListenerCommand({ ListenerArn: first(listeners).listener.arn })),
      reported: '(missing)',
    },
    'a target that is taken out': {
      by: (view) => {
        const { arn, targets } = groupOf(view);
        const { id, port } = first([...targets.values()]);
        return elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: id, Port: port }] }));
      },
      reported: '(targets)',
    },
    'a target that is put in': {
      by: (view) =>
        elbv2.send(new RegisterTargetsCommand({ TargetGroupArn: groupOf(view).arn, Targets: [foreignTarget] })),
      reported: '(targets)',
    },
    'an attribute of a load balancer': {
      by: (view) =>
        elbv2.send(
          new ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn: balancerOf(view),
            Attributes: [{ Key: 'idle_timeout.timeout_seconds', Value: '7' }],
          }),
        ),
      reported: '(attributes)',
    },
    'an attribute of a target group': {
      by: (view) =>
        elbv2.send(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn: groupOf(view).arn,
            Attributes: [{ Key: 'stickiness.enabled', Value: 'true' }],
          }),
        ),
      reported: '(attributes)',
    },
    'the health check of a target group': {
      by: (view) =>
        elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn: groupOf(view).arn, HealthCheckPath: '/nowhere' })),
      reported: '(spec)',
    },
    'a tag of ownership that is removed': {
      by: (view) =>
        elbv2.send(
          new RemoveTagsCommand({
            ResourceArns: [balancerOf(view), groupOf(view).arn, ruleOf(view)],
            TagKeys: ['gatehouse.dev/gateway', 'gatehouse.dev/spec'],
          }),
        ),
      reported: '(tags)',
    },
    'an ingress rule that is removed': {
      by: ({ securityGroups }) => {
        const group = first(securityGroups);
        const rules = [...group.ruleIds].filter((id) => !rig.aws.world().ec2.securityGroupRules.get(id)?.isEgress);
        return revoke(group.id, first(rules));
      },
      reported: '(ingress)',
    },
    'a certificate that is removed from a listener': {
      by: ({ listeners }) => {
        const { arn, certificates } = first(listeners.slice(1)).listener;
        const [CertificateArn] = [...certificates];
        return elbv2.send(
          new RemoveListenerCertificatesCommand({ ListenerArn: arn, Certificates: [{ CertificateArn }] }),
        );
      },
      reported: '(certificates)',
    },
    'a load balancer that is deleted': {
      by: (view) => elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: balancerOf(view) })),
      reported: '(missing)',
    },
  };

describe.concurrent('corrected and reported:', () => {
  test.each(Object.keys(changes))('%s', { timeout: 120_000 }, async (name) => {
    const change = changes[name];
    const { ns, gw } = await shop('drift');
    const before = picture(gw);
    await change?.by(awsOf(rig, gw));
    expect(picture(gw)).not.toEqual(before);
    await eventually(() => expect(picture(gw)).toEqual(before));
    await eventually(async () => expect(await reportedOf(ns)).toContain(change?.reported));
    await eventually(async () => {
      const dns = first(awsOf(rig, gw).loadBalancers).dnsName;
      expect((await readGateway(rig, ns, 'gw'))?.status?.addresses).toEqual([{ type: 'Hostname', value: dns }]);
    });
  });
});

test('corrected and reported: the rules that admit load balancers to the nodes', async () => {
  const { ns, gw } = await shop('admission');
  const before = picture(gw);
  const { ec2: state } = rig.aws.world();
  const admission = [...state.securityGroupRules.values()].find((rule) =>
    rule.tags.get('gatehouse.dev/resource')?.startsWith('admission/'),
  );
  await revoke(admission?.groupId ?? '', admission?.id ?? '');
  expect(picture(gw)).not.toEqual(before);
  await eventually(() => expect(picture(gw)).toEqual(before));
  await eventually(async () => expect(await reportedOf(ns)).toContain(`admission/${admission?.groupId} (ingress)`));
}, 120_000);

test('corrected and reported: a certificate that is imported over ours, and the tags of another', async () => {
  const { ns } = await shop('certificate');
  const { certificates } = rig.aws.world().acm;
  const ours = () =>
    [...certificates.values()].find(({ tags }) => tags.get('gatehouse.dev/resource') === `certificate/${ns}/one`);
  const { arn = '', material, tags } = ours() ?? {};
  const before = [material?.certificatePem, tags?.get('gatehouse.dev/spec')];
  expect(before).not.toContain(undefined);
  const now = () => [ours()?.material?.certificatePem, ours()?.tags.get('gatehouse.dev/spec')];
  // Gatehouse ignores certificates that it has just imported.
  await sleep(1000);
  const acm = new ACMClient(clientOf(rig.aws));
  const other = await selfSigned(['one.example.com'], 'EC_prime256v1', Date.now(), '02');
  await acm.send(
    new ImportCertificateCommand({
      CertificateArn: arn,
      Certificate: Buffer.from(other.certificatePem),
      PrivateKey: Buffer.from(other.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    }),
  );
  expect(now()).not.toEqual(before);
  await eventually(() => expect(now()).toEqual(before));
  await eventually(async () => expect(await reportedOf(ns)).toContain(`certificate/${ns}/one (spec)`));

  const Tags = [{ Key: 'gatehouse.dev/spec' }];
  await acm.send(new RemoveTagsFromCertificateCommand({ CertificateArn: arn, Tags }));
  await eventually(() => expect(now()).toEqual(before));
  await eventually(async () => expect(await reportedOf(ns)).toContain(`certificate/${ns}/one (tags)`));
  acm.destroy();
}, 120_000);

test('what others have put beside it stays', async () => {
  const { gw } = await shop('beside');
  const before = picture(gw);
  const { ec2: state } = rig.aws.world();
  const theirs = () =>
    [...state.securityGroupRules.values()].filter(
      ({ groupId, fromPort, isEgress }) => groupId === rig.seed.nodeSecurityGroupId && fromPort === 22 && !isEgress,
    );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: rig.seed.nodeSecurityGroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
    }),
  );
  const rules = theirs();
  expect(rules).toHaveLength(1);
  await sleep(12_000);
  expect(theirs()).toEqual(rules);
  expect(picture(gw)).toEqual(before);
}, 60_000);

test('a rule that others give a listener stays, and the status names its port until the rule is gone', async () => {
  const { ns, gw } = await shop('theirs');
  const { listener } = first(awsOf(rig, gw).listeners);
  const { Rules: [rule] = [] } = await elbv2.send(
    new CreateRuleCommand({
      ListenerArn: listener.arn,
      Priority: 49_000,
      Conditions: [{ Field: 'path-pattern', Values: ['/theirs'] }],
      Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }],
    }),
  );
  const remarks = async () => {
    const conditions = (await readGateway(rig, ns, 'gw'))?.status?.conditions ?? [];
    return conditions.flatMap(({ type, message }) => (type === 'gatehouse.dev/UpToDate' ? [message] : []));
  };
  const theirs = `Rules that Gatehouse did not make may take requests or connections on port ${listener.port}.`;
  await eventually(async () => expect(await remarks()).toEqual([expect.stringContaining(theirs)]));
  expect(rig.aws.world().elbv2.rules.has(rule?.RuleArn ?? '')).toBe(true);
  await elbv2.send(new DeleteRuleCommand({ RuleArn: rule?.RuleArn }));
  await eventually(async () => expect(await remarks()).toEqual([expect.not.stringContaining('did not make')]));
}, 120_000);

test('between two audits AWS is not called at all', async () => {
  await rig.restart({ flags: { 'audit-period': '10m' } });
  await untilQuiet(rig);
  rig.aws.calls.zero();
  await sleep(20_000);
  expect(rig.aws.calls.counts().byAction).toEqual({});
}, 120_000);
