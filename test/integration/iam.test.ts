// The controller in AWS with what iam/policy.json lets it do, and nothing more.
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
  RegisterTargetsCommand,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../../localstack/aws/test-client.ts';
import { awsOf, leftOf, rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { backendRef, gateway, http, httpRoute, https } from './support/objects.ts';
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

test('what the policy lacks is told on the Gateway, by action and resource', async () => {
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
