// NLBs, and ALBs behind them, with only the permissions of iam/policy.json.
import { AllocateAddressCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import type { Listener } from '../../src/api/gateway-api.ts';
import { awsOf, leftOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import {
  connectionRoute,
  gateway,
  httpRoute,
  loadBalancerConfiguration,
  parametersRef,
  service,
} from './support/objects.ts';
import { podIdentity, projectedToken, roleArn, shippedPolicy } from './support/roles.ts';
import { programmed, readGateway, removeAndWait } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

vi.setConfig({ testTimeout: 180_000 });

let rig: Rig;

beforeAll(async () => {
  const policies = { [roleArn('gatehouse-demo')]: await shippedPolicy('demo') };
  rig = await startRig({ aws: { policies, credentials: ['test'], networkRegistrationSeconds: 0, releaseSeconds: 1 } });
  const env = podIdentity('gatehouse-demo', await projectedToken(rig));
  await rig.restart({ env, flags: { 'audit-period': '3s' } });
});
afterAll(() => rig.stop());

const denied = () => rig.aws.iam.report().denied;
const calls = () => Object.values(rig.aws.iam.report().policies[roleArn('gatehouse-demo')]?.used ?? {}).flat();

const infrastructure = { parametersRef: parametersRef('own') };

const configure = (ns: string, spec: Readonly<Record<string, unknown>>) =>
  rig.apply([loadBalancerConfiguration(ns, 'own', spec)]);

test('the policy suffices for an NLB with an ALB behind it, through changes, drift and deletion', async () => {
  const ns = await rig.freshNamespace('mixed');
  await configure(ns, { tags: { team: 'a' } });
  for (const name of ['web', 'db', 'log']) await rig.backend(ns, name);
  await rig.apply([
    service(ns, 'log', { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'UDP' }] }),
    await tlsSecret(ns, 'tls', ['a.example.com']),
    await tlsSecret(ns, 'more', ['b.example.com']),
  ]);
  const listeners: readonly Listener[] = [
    { name: 'http', protocol: 'HTTP', port: 80 },
    { name: 'db', protocol: 'TCP', port: 5432 },
    { name: 'log', protocol: 'UDP', port: 514 },
    {
      name: 'secure',
      protocol: 'TLS',
      port: 8443,
      tls: { mode: 'Terminate', certificateRefs: [{ name: 'tls' }, { name: 'more' }] },
    },
  ];
  const gw = gateway(ns, 'gw', listeners, { infrastructure });
  const parent = (sectionName: string) => [{ name: 'gw', sectionName }];
  const route = (backends: Readonly<Record<string, number>>) =>
    connectionRoute('TCP', ns, 'db', parent('db'), backends);
  await rig.apply([
    gw,
    httpRoute(ns, 'web', ['gw'], ['web']),
    route({ db: 1 }),
    connectionRoute('UDP', ns, 'log', parent('log'), { log: 1 }),
    connectionRoute('TLS', ns, 'secure', parent('secure'), { db: 1 }, { hostnames: ['a.example.com'] }),
  ]);
  await programmed(rig, gw);
  expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(2);

  rig.aws.calls.zero();
  const untilCalled = (...actions: readonly string[]) =>
    eventually(() =>
      expect(Object.keys(rig.aws.calls.counts().byAction)).toEqual(
        expect.arrayContaining(actions.map((action) => `elasticloadbalancing:${action}`)),
      ),
    );
  await rig.apply([route({ db: 1, web: 1 })]);
  await configure(ns, {
    targetGroupHealthCheck: { protocol: 'HTTP', intervalSeconds: 5 },
    targetGroupAttributes: { 'preserve_client_ip.enabled': 'true' },
    loadBalancerAttributes: { 'dns_record.client_routing_policy': 'availability_zone_affinity' },
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: 'off',
    subnets: rig.seed.privateSubnetIds.slice(0, 2),
    tags: { team: 'b' },
  });
  await untilCalled(
    'ModifyListener',
    'ModifyTargetGroup',
    'ModifyTargetGroupAttributes',
    'ModifyLoadBalancerAttributes',
    'SetSecurityGroups',
    'SetSubnets',
    'AddTags',
  );
  await programmed(rig, gw);

  // Somebody takes the ALB out of the NLB's target group.
  const alb = awsOf(rig, `${ns}/gw`).targetGroups.find(({ group }) => group.targetType === 'alb');
  alb?.group.targets.clear();
  await eventually(() => expect(alb?.group.targets.size).toBe(1));
  await removeAndWait(rig, gw);
  await eventually(() => expect(leftOf(rig, `${ns}/gw`)).toEqual([]));
  expect(denied()).toEqual([]);
  expect(calls()).toContain('elasticloadbalancing:AddListenerCertificates');
});

test('the policy suffices for an NLB with Elastic IPs that becomes dual-stack', async () => {
  const ns = await rig.freshNamespace('addresses');
  await rig.backend(ns, 'db');
  const ec2 = new EC2Client(clientOf(rig.aws));
  const subnetMappings = await Promise.all(
    rig.seed.publicSubnetIds.slice(0, 2).map(async (identifier) => {
      const { AllocationId: eipAllocation } = await ec2.send(new AllocateAddressCommand({}));
      return { identifier, eipAllocation };
    }),
  );
  ec2.destroy();
  await configure(ns, { scheme: 'internet-facing', subnetMappings });
  const gw = gateway(ns, 'gw', [{ name: 'db', protocol: 'TCP', port: 5432 }], { infrastructure });
  await rig.apply([gw, connectionRoute('TCP', ns, 'db', [{ name: 'gw', sectionName: 'db' }], { db: 1 })]);
  await programmed(rig, gw);
  await configure(ns, { scheme: 'internet-facing', ipAddressType: 'dualstack', subnetMappings });
  await eventually(() => expect(awsOf(rig, `${ns}/gw`).loadBalancers[0]?.ipAddressType).toBe('dualstack'));
  await removeAndWait(rig, gw);
  await eventually(() => expect(leftOf(rig, `${ns}/gw`)).toEqual([]));
  expect(denied()).toEqual([]);
});

test('the policy suffices for a Gateway that requests an Elastic IP', async () => {
  const ns = await rig.freshNamespace('requested');
  await rig.backend(ns, 'db');
  const ec2 = new EC2Client(clientOf(rig.aws));
  const { PublicIp = '' } = await ec2.send(new AllocateAddressCommand({}));
  ec2.destroy();
  await configure(ns, { scheme: 'internet-facing' });
  const gw = gateway(ns, 'gw', [{ name: 'db', protocol: 'TCP', port: 5432 }], {
    infrastructure,
    addresses: [{ type: 'IPAddress', value: PublicIp }],
  });
  await rig.apply([gw, connectionRoute('TCP', ns, 'db', [{ name: 'gw', sectionName: 'db' }], { db: 1 })]);
  await programmed(rig, gw);
  expect((await readGateway(rig, ns, 'gw'))?.status?.addresses).toEqual([{ type: 'IPAddress', value: PublicIp }]);
  await removeAndWait(rig, gw);
  expect(denied()).toEqual([]);
  expect(calls()).toContain('ec2:DescribeAddresses');
});
