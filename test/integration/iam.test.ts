// The controller in AWS with only the permissions of iam/policy.json.
import { ACMClient, AddTagsToCertificateCommand, DeleteCertificateCommand } from '@aws-sdk/client-acm';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  AddTagsCommand,
  CreateListenerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
  RemoveTagsCommand,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOf, refusal } from '../../localstack/aws/testing/client.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import { awsOf, leftOf, rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import {
  backendRef,
  gateway,
  http,
  httpRoute,
  https,
  loadBalancerConfiguration,
  parametersRef,
} from './support/objects.ts';
import { clientAs, podIdentity, projectedToken, roleArn, shippedPolicy, without } from './support/roles.ts';
import { programmed, readGateway, removeAndWait } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

let rig: Rig;
let tokenFile: string;

beforeAll(async () => {
  const policy = await shippedPolicy('demo');
  const policies = {
    [roleArn('gatehouse-demo')]: policy,
    [roleArn('gatehouse-other')]: await shippedPolicy('other'),
    [roleArn('gatehouse-narrow')]: without(policy, 'elasticloadbalancing:CreateLoadBalancer'),
  };
  rig = await startRig({ aws: { policies, credentials: ['test'] } });
  tokenFile = await projectedToken(rig);
  await rig.restart({ env: podIdentity('gatehouse-demo', tokenFile) });
});
afterAll(() => rig.stop());

const path = (value: string, to = 'web') => ({
  matches: [{ path: { type: 'Exact', value } }],
  backendRefs: [backendRef(to)],
});

const denied = () => rig.aws.iam.report().denied;

test('the policy that is shipped suffices for all that a Gateway takes, from its first call to its last', async () => {
  const ns = await rig.freshNamespace('shipped');
  for (const name of ['web', 'api', 'new']) await rig.backend(ns, name);
  await rig.apply([await tlsSecret(ns, 'tls', ['a.example.com']), await tlsSecret(ns, 'more', ['b.example.com'])]);
  const gw = gateway(ns, 'gw', [http(), https(['tls', 'more'])]);
  await rig.apply([gw, httpRoute(ns, 'a', ['gw'], [path('/a')]), httpRoute(ns, 'b', ['gw'], [path('/b', 'api')])]);
  await programmed(rig, gw);
  await eventually(() => expect(rulesOf(rig, `${ns}/gw`, 443)).toHaveLength(2));

  // What changes: another route before the others, other pods, another certificate, one listener fewer.
  await rig.apply([httpRoute(ns, 'c', ['gw'], [path('/a/longer', 'new')])]);
  await rig.backend(ns, 'web', 3);
  await rig.apply([await tlsSecret(ns, 'tls', ['a.example.com'])]);
  await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toHaveLength(3));
  await rig.remove([httpRoute(ns, 'b', ['gw'], [path('/b', 'api')])]);
  await rig.apply([gateway(ns, 'gw', [https(['tls'])])]);
  await eventually(() => expect(awsOf(rig, `${ns}/gw`).listeners.map(({ listener }) => listener.port)).toEqual([443]));
  await removeAndWait(rig, gw);
  await eventually(() => expect(leftOf(rig, `${ns}/gw`)).toEqual([]));

  expect(denied()).toEqual([]);
  const { used = {} } = rig.aws.iam.report().policies[roleArn('gatehouse-demo')] ?? {};
  expect(used['ChangeOwn']).toContain('elasticloadbalancing:RegisterTargets');
  expect(used['CreateServiceLinkedRole']).toEqual(['iam:CreateServiceLinkedRole']);
});

/** Counts together with the previous test: its used actions count as used. */
test('every action of the policy is used, or asked for by AWS behind one that is', async () => {
  const flags = { 'audit-period': '3s' };
  const env = podIdentity('gatehouse-demo', tokenFile);
  await rig.restart({ env, flags });
  const ns = await rig.freshNamespace('least');
  for (const name of ['web', 'api']) await rig.backend(ns, name);
  const gw = gateway(ns, 'gw', [http(), https(['tls'])], { infrastructure: { parametersRef: parametersRef('lb') } });
  const configure = (spec: Record<string, unknown>) => rig.apply([loadBalancerConfiguration(ns, 'lb', spec)]);
  const attributes = (idle: string) => ({ loadBalancerAttributes: { 'idle_timeout.timeout_seconds': idle } });
  await configure({ ...attributes('120'), tags: { team: 'a' } });
  await rig.apply([
    await tlsSecret(ns, 'tls', ['a.example.com']),
    gw,
    httpRoute(ns, 'a', ['gw'], [path('/a')]),
    httpRoute(ns, 'b', ['gw'], [path('/b', 'api')]),
    // A pod without a known Node.
    {
      ...endpointSlice(ns, 'api', [], 8080, { portName: 'http', suffix: 'far' }),
      endpoints: [{ addresses: ['10.0.48.250'] }],
    },
  ]);
  await programmed(rig, gw);
  await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toHaveLength(2));

  const unused = () => Object.values(rig.aws.iam.report().policies[roleArn('gatehouse-demo')]?.unused ?? {}).flat();
  const untilUsed = (...actions: readonly string[]) =>
    eventually(() => expect(unused().filter((action) => actions.includes(action))).toEqual([]));

  // The configuration and the routes change,
  await configure({ ...attributes('60'), sslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06' });
  const weighted = [backendRef('web', { weight: 1 }), backendRef('api', { weight: 3 })];
  await rig.apply([httpRoute(ns, 'a', ['gw'], [{ ...path('/a'), backendRefs: weighted }])]);
  await untilUsed('elasticloadbalancing:ModifyListener', 'elasticloadbalancing:ModifyRule', 'ec2:DeleteTags');
  await configure({ subnets: rig.seed.privateSubnetIds.slice(0, 2) });
  await untilUsed('elasticloadbalancing:SetSubnets');
  await configure({ subnets: rig.seed.privateSubnetIds.slice(0, 2), ipAddressType: 'dualstack' });
  await untilUsed('elasticloadbalancing:SetIpAddressType');
  await configure({ securityGroups: [rig.seed.nodeSecurityGroupId] });
  await untilUsed('elasticloadbalancing:SetSecurityGroups');

  // someone changes by hand what is Gatehouse's,
  const { targetGroups, listeners } = awsOf(rig, `${ns}/gw`);
  const TargetGroupArn = targetGroups[0]?.group.arn ?? '';
  const RuleArn = listeners[0]?.rules[0]?.arn ?? '';
  const admin = new ElasticLoadBalancingV2Client(clientOf(rig.aws));
  await admin.send(new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckPath: '/other' }));
  const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '17' }];
  await admin.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  await admin.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn, Priority: 49_999 }] }));
  await untilUsed(
    'elasticloadbalancing:ModifyTargetGroup',
    'elasticloadbalancing:ModifyTargetGroupAttributes',
    'elasticloadbalancing:SetRulePriorities',
  );
  admin.destroy();

  // and gives the certificate, which has no tags of users, the note that it has some; that is read at the start.
  const CertificateArn = listeners.at(-1)?.listener.defaultCertificate ?? '';
  const acm = new ACMClient(clientOf(rig.aws));
  const Tags = [{ Key: 'gatehouse.dev/tags', Value: 'abcdef' }];
  await acm.send(new AddTagsToCertificateCommand({ CertificateArn, Tags }));
  acm.destroy();
  await rig.restart({ env, flags });
  await untilUsed('acm:RemoveTagsFromCertificate');
  await removeAndWait(rig, gw);
  expect(unused()).toEqual([]);
  expect(denied()).toEqual([]);
}, 180_000);

test('the role of a second cluster sees the first one’s resources, and can’t touch them', async () => {
  const ns = await rig.freshNamespace('mine');
  await rig.backend(ns, 'web');
  await rig.apply([await tlsSecret(ns, 'tls', ['a.example.com'])]);
  const gw = gateway(ns, 'gw', [https(['tls'])]);
  await rig.apply([gw, httpRoute(ns, 'a', ['gw'], [path('/a')])]);
  await programmed(rig, gw);
  const {
    loadBalancers: [lb],
    listeners: [first],
    targetGroups: [group],
    securityGroups: [securityGroup],
  } = awsOf(rig, `${ns}/gw`);
  const LoadBalancerArn = lb?.arn ?? '';
  const ListenerArn = first?.listener.arn ?? '';
  const TargetGroupArn = group?.group.arn ?? '';
  const GroupId = securityGroup?.id ?? '';
  const CertificateArn = first?.listener.defaultCertificate ?? '';

  const other = await clientAs(rig, 'gatehouse-other', tokenFile);
  const elb = new ElasticLoadBalancingV2Client(other);
  const ec2 = new EC2Client(other);
  const acm = new ACMClient(other);
  const own = [{ Key: 'gatehouse.dev/cluster', Value: 'other' }];
  const forward = [{ Type: 'forward' as const, TargetGroupArn }];
  const Conditions = [{ Field: 'path-pattern', Values: ['/x'] }];
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  const nodes = rig.seed.nodeSecurityGroupId;
  const listener = { LoadBalancerArn, Port: 81, Protocol: 'HTTP' as const, DefaultActions: forward, Tags: own };
  expect((await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers).not.toEqual([]);
  expect(
    await Promise.all(
      [
        elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn })),
        elb.send(new DeleteListenerCommand({ ListenerArn })),
        elb.send(new DeleteTargetGroupCommand({ TargetGroupArn })),
        elb.send(new ModifyListenerCommand({ ListenerArn, Port: 81 })),
        elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '10.0.48.9' }] })),
        elb.send(new CreateListenerCommand(listener)),
        elb.send(new CreateRuleCommand({ ListenerArn, Priority: 9, Conditions, Actions: forward, Tags: own })),
        elb.send(new CreateTargetGroupCommand({ Name: 'untagged', Protocol: 'HTTP', Port: 80, VpcId: rig.seed.vpcId })),
        elb.send(new AddTagsCommand({ ResourceArns: [LoadBalancerArn], Tags: own })),
        elb.send(new RemoveTagsCommand({ ResourceArns: [LoadBalancerArn], TagKeys: ['gatehouse.dev/cluster'] })),
        ec2.send(new DeleteSecurityGroupCommand({ GroupId })),
        ec2.send(new CreateTagsCommand({ Resources: [GroupId], Tags: own })),
        ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions })),
        ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: nodes, IpPermissions })),
        acm.send(new DeleteCertificateCommand({ CertificateArn })),
        acm.send(new AddTagsToCertificateCommand({ CertificateArn, Tags: own })),
      ].map(refusal),
    ),
  ).toEqual([
    ...Array.from({ length: 10 }, () => 'AccessDenied'),
    ...Array.from({ length: 4 }, () => 'UnauthorizedOperation'),
    ...Array.from({ length: 2 }, () => 'AccessDeniedException'),
  ]);
  for (const client of [elb, ec2, acm]) client.destroy();
  await removeAndWait(rig, gw);
});

test('a permission that the policy lacks is in the Gateway’s status, with action and resource', async () => {
  const ns = await rig.freshNamespace('narrow');
  await rig.restart({ env: podIdentity('gatehouse-narrow', tokenFile) });
  const gw = gateway(ns, 'gw');
  await rig.apply([gw]);
  await eventually(async () => {
    const { status } = (await readGateway(rig, ns, 'gw')) ?? {};
    const said = status?.conditions?.find(({ type }) => type === 'Programmed')?.message;
    expect(said).toMatch(
      /elasticloadbalancing:CreateLoadBalancer on resource: arn:aws:elasticloadbalancing:\S+:loadbalancer\/app\//,
    );
    expect(said).toContain('gatehouse iam-policy');
  });
  await rig.restart({ env: podIdentity('gatehouse-demo', tokenFile) });
  await programmed(rig, gw);
  await removeAndWait(rig, gw);
});
