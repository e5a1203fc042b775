// Tests read another AWS over the wire. Here the embedded AWS plays the other one, so that both ways can be compared.
import { DeleteRuleCommand, ModifyTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Aws, startAws } from '../../localstack/aws/server.ts';
import { elbv2Client } from '../../localstack/elbv2-client.ts';
import { openOutsideAws } from '../aws/outside.ts';
import { awsOf, leftOf, rulesOf, targetsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { everythingOfOurs } from './support/left.ts';
import { gateway, http, httpRoute, https } from './support/objects.ts';
import { programmed, removeAndWait } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

let embedded: Aws;
let rig: Rig;
beforeAll(async () => {
  embedded = await startAws({ port: 0, provisioningSeconds: 0, healthSeconds: 0, drainingSecondsMax: 0 });
  rig = await startRig({ openAws: (options) => openOutsideAws(embedded.url, options) });
});
afterAll(async () => {
  await rig.stop();
  await embedded.close();
});

/** The state that tests read, as plain values. */
function picture(aws: Aws, gw: string): unknown {
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf({ ...rig, aws }, gw);
  const { securityGroupRules } = aws.world().ec2;
  return {
    loadBalancers: loadBalancers.map(({ arn, scheme, dnsName, subnets, tags }) => [
      arn,
      scheme,
      dnsName,
      subnets.map(({ subnetId }) => subnetId),
      tags,
    ]),
    listeners: listeners.map(({ listener, rules, words }) => [
      [listener.port, listener.defaultCertificate, listener.certificates, listener.tags, words],
      rules.map(({ arn, priority, tags }) => [arn, priority, tags]),
    ]),
    targetGroups: targetGroups.map(({ group, name, targets }) => [name, targets, group.healthCheck, group.tags]),
    securityGroups: securityGroups.map(({ id, groupName, tags, ruleIds }) => [
      [id, groupName, tags],
      [...ruleIds].toSorted().map((ruleId) => securityGroupRules.get(ruleId)),
    ]),
    all: everythingOfOurs(aws),
  };
}

test('it looks the same from outside as from behind, whoever changes it', async () => {
  const ns = await rig.freshNamespace('outside');
  const gw = `${ns}/gw`;
  await rig.backend(ns, 'web');
  const object = gateway(ns, 'gw', [http(), https(['one', 'two'])]);
  await rig.apply([
    await tlsSecret(ns, 'one', ['one.example.com']),
    await tlsSecret(ns, 'two', ['two.example.com']),
    object,
    httpRoute(ns, 'web', ['gw'], ['web'], { hostnames: ['one.example.com'] }),
  ]);
  await programmed(rig, object);
  await eventually(() => expect(rulesOf(rig, gw, 443)).toHaveLength(1));
  await eventually(() => expect(targetsOf(rig, gw, 'web:80')).toHaveLength(2));
  expect(picture(rig.aws, gw)).toEqual(picture(embedded, gw));
  const counted = Object.keys(rig.aws.calls.counts().byAction);
  expect(counted).toContain('elasticloadbalancing:CreateRule');

  const { listeners, targetGroups } = awsOf(rig, gw);
  const elbv2 = elbv2Client(rig.aws.url, rig.seed.region);
  const TargetGroupArn = targetGroups[0]?.group.arn;
  await elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckPath: '/changed' }));
  await elbv2.send(new DeleteRuleCommand({ RuleArn: listeners[0]?.rules[0]?.arn }));
  elbv2.destroy();
  expect(awsOf(rig, gw).targetGroups[0]?.group.healthCheck.path).toBe('/changed');
  expect(rulesOf(rig, gw)).toEqual([]);
  expect(picture(rig.aws, gw)).toEqual(picture(embedded, gw));

  await removeAndWait(rig, object);
  expect(leftOf(rig, gw)).toEqual([]);
  expect(everythingOfOurs(rig.aws)).toEqual(everythingOfOurs(embedded));
});

test('a test that uses a switch of the embedded AWS gets an error', async () => {
  expect(() => rig.aws.faults).toThrow('Only the embedded AWS has faults');
  await expect(openOutsideAws(embedded.url, { quotas: { 'target-groups': 1 } })).rejects.toThrow('has quotas');
});
