// Refusals and failures of AWS: the Gateway's status has the action, the resource and the remedy. Everything else works, and
// after the obstacle is gone, Gatehouse does the rest by itself.
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { CreateTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import { applyYaml, type KubeObject } from '../../localstack/cluster/apply.ts';
import { elbv2Client } from '../../localstack/elbv2-client.ts';
import { startEnvironment } from '../../localstack/environment.ts';
import { awsOf, rulesOf } from './support/aws.ts';
import { deny, denyEc2, type Fault, notAllowed } from './support/aws-faults.ts';
import { eventually } from './support/eventually.ts';
import { type FaultyRig, startFaultyRig } from './support/faulty-rig.ts';
import { type Neighbour, startNeighbour } from './support/neighbour.ts';
import {
  backendRef,
  gateway,
  gatewayClass,
  http,
  httpRoute,
  loadBalancerConfiguration,
  parametersRef,
} from './support/objects.ts';
import { programmed, readGateway, removeAndWait, said, waitForCondition } from './support/status.ts';

// Some tests wait for retries with growing pauses.
vi.setConfig({ testTimeout: 150_000 });

let rig: FaultyRig;
let neighbour: Neighbour;
beforeAll(async () => {
  rig = await startFaultyRig({ aws: { credentials: ['test'] } });
  neighbour = await startNeighbour(rig, 'cloud');
});
afterAll(() => rig.stop());

/** `Type=Status/Reason: message` of a Gateway, without what changes from run to run. */
async function reported(ns: string, name = 'web'): Promise<readonly string[]> {
  const { metadata, status } = (await readGateway(rig, ns, name)) ?? {};
  const conditions = status?.conditions ?? [];
  expect(conditions.every(({ observedGeneration }) => observedGeneration === metadata?.generation)).toBe(true);
  return conditions.map(({ type, status: is, reason, message }) =>
    `${type}=${is}/${reason}: ${message}`.replaceAll(ns, 'NS'),
  );
}

const saidBy = async (type: string, ns: string, name = 'web'): Promise<string> =>
  (await reported(ns, name)).find((line) => line.startsWith(`${type}=`)) ?? '';

const programmedSays = (ns: string, name?: string) => saidBy('Programmed', ns, name);
/** In addition to Programmed, which stays True while requests are served. */
const upToDateSays = (ns: string, name?: string) => saidBy('gatehouse.dev/UpToDate', ns, name);

const active = 'Programmed=True/Programmed: The load balancer is active.';

const route = (ns: string, name: string, path: string): KubeObject =>
  httpRoute(
    ns,
    name,
    ['web'],
    [{ matches: [{ path: { type: 'Exact', value: path } }], backendRefs: [backendRef('good')] }],
  );

function inject(fault: Fault): () => void {
  const end = rig.faults.inject(fault);
  onTestFinished(end);
  return end;
}

const refuse = (action: RegExp, status: number, code: string, message: string, times?: number): Fault => ({
  action,
  does: { kind: 'refuse', status, code, message },
  ...(times !== undefined && { times }),
});

test('a denied action on one rule is in the status with action and rule; once it is allowed, the rule is created', async () => {
  const { ns, rule, stillServes } = neighbour;
  const allow = inject({ ...deny(/:CreateRule$/), body: /denied/ });
  const denied = route(ns, 'denied', '/denied');
  // With another action, so that the two are not packed into one rule.
  const fine = httpRoute(ns, 'fine', ['web'], [{ matches: [{ path: { type: 'Exact', value: '/fine' } }] }]);
  await rig.apply([denied, fine]);
  await eventually(async () =>
    expect(await upToDateSays(ns)).toBe(
      `gatehouse.dev/UpToDate=False/AccessDenied: AWS denied elasticloadbalancing:CreateRule for rule/internal/80/NS/denied/0/0 (${notAllowed}). Compare the role's policy with "gatehouse iam-policy".`,
    ),
  );
  expect(await programmedSays(ns)).toBe(active);
  const { message } = await waitForCondition(rig, denied, 'Accepted', 'False', 'Pending');
  expect(message).toContain('spec.rules[0]: AWS denied elasticloadbalancing:CreateRule');
  await waitForCondition(rig, fine, 'Accepted', 'True');
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(2));
  stillServes();
  allow();
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(3));
  await waitForCondition(rig, denied, 'Accepted', 'True');
  await waitForCondition(rig, gateway(ns, 'web'), 'gatehouse.dev/UpToDate', 'True');
  expect(rulesOf(rig, `${ns}/web`)).toContain(rule);
  await rig.remove([denied, fine]);
});

test('a route whose change is refused stays accepted, for it serves as before, and says so', async () => {
  const { ns, stillServes } = neighbour;
  const changing = (backends: readonly unknown[]): KubeObject =>
    httpRoute(ns, 'changing', ['web'], [{ matches: [{ path: { value: '/changing' } }], backendRefs: [...backends] }]);
  await rig.apply([changing([backendRef('good')])]);
  const served = `-> ${ns}/good:80=1`;
  const rule = () => rulesOf(rig, `${ns}/web`).find((words) => words.includes('/changing')) ?? '';
  await eventually(() => expect(rule()).toContain(served));
  await waitForCondition(rig, changing([]), 'Accepted', 'True');
  const allow = inject(deny(/:ModifyRule$/));
  await rig.apply([changing([])]);
  const { message } = await waitForCondition(rig, changing([]), 'gatehouse.dev/UpToDate', 'False', 'AccessDenied');
  expect(message).toMatch(/^spec\.rules\[0\]: the last change is not in force/);
  await waitForCondition(rig, changing([]), 'Accepted', 'True');
  expect(rule()).toContain(served);
  stillServes();
  allow();
  await waitForCondition(rig, changing([]), 'gatehouse.dev/UpToDate', 'True');
  expect(rule()).not.toContain(served);
  await rig.remove([changing([])]);
});

test('a port that no security group admits clients to is not programmed, and the others are', async () => {
  const ns = await rig.freshNamespace('shut');
  const web = gateway(ns, 'web');
  await rig.apply([web]);
  await programmed(rig, web);
  const allow = inject(denyEc2(/:AuthorizeSecurityGroupIngress$/));
  await rig.apply([gateway(ns, 'web', [http(), http({ name: 'more', port: 8080 })])]);
  const { message } = await waitForCondition(rig, web, 'gatehouse.dev/UpToDate', 'False', 'AccessDenied');
  expect(message).toContain('AWS denied ec2:AuthorizeSecurityGroupIngress');
  const { status } = (await readGateway(rig, ns, 'web')) ?? {};
  const listeners = status?.listeners?.map(({ name, conditions }) => `${name}: ${said(conditions)[2]}`);
  expect(listeners).toEqual(['http: Programmed=True/Programmed', 'more: Programmed=False/Invalid']);
  expect(await programmedSays(ns)).toContain('Programmed=True/Programmed');
  allow();
  await waitForCondition(rig, web, 'gatehouse.dev/UpToDate', 'True');
  expect(await programmedSays(ns)).toBe(active);
});

test('if creating a load balancer is denied, the status has the action; once it is allowed, the load balancer is created', async () => {
  const ns = await rig.freshNamespace('denied');
  const allow = inject(deny(/:CreateLoadBalancer$/));
  await rig.apply([gateway(ns, 'web')]);
  await eventually(async () =>
    expect(await programmedSays(ns)).toBe(
      `Programmed=False/Invalid: The load balancer does not exist yet. AWS denied elasticloadbalancing:CreateLoadBalancer for load-balancer/internal (${notAllowed}). Compare the role's policy with "gatehouse iam-policy".`,
    ),
  );
  neighbour.stillServes();
  allow();
  await programmed(rig, gateway(ns, 'web'));
});

test('errors, throttling and lost answers of AWS leave nothing double and nothing undone', async () => {
  const ns = await rig.freshNamespace('rough');
  await rig.backend(ns, 'good');
  for (const action of [
    /:CreateLoadBalancer$/,
    /:CreateTargetGroup$/,
    /:CreateListener$/,
    /:CreateRule$/,
    /:CreateSecurityGroup$/,
  ]) {
    inject(refuse(action, 500, 'InternalFailure', 'An internal error has occurred', 1));
    inject(refuse(action, 400, 'Throttling', 'Rate exceeded', 1));
    inject({ action, does: { kind: 'lose-answer' }, times: 1 });
    inject({ action, does: { kind: 'lose-request' }, times: 1 });
  }
  await rig.apply([gateway(ns, 'web'), route(ns, 'good', '/')]);
  await programmed(rig, gateway(ns, 'web'));
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(1));
  await eventually(async () => expect(await programmedSays(ns)).toBe(active));
  const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, `${ns}/web`);
  expect([loadBalancers, listeners, targetGroups, securityGroups].map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  neighbour.stillServes();
});

test('a reached quota is in the status with its code, and others still work', async () => {
  const ns = await rig.freshNamespace('quota');
  const quotas = rig.aws.options.quotas;
  const before = quotas['application-load-balancers'];
  Object.assign(quotas, { 'application-load-balancers': rig.aws.world().elbv2.loadBalancers.size });
  await rig.apply([gateway(ns, 'web')]);
  await eventually(async () =>
    expect(await programmedSays(ns)).toContain(
      'Programmed=False/NoResources: The load balancer does not exist yet. AWS refused elasticloadbalancing:CreateLoadBalancer',
    ),
  );
  neighbour.stillServes();
  Object.assign(quotas, { 'application-load-balancers': before });
  await programmed(rig, gateway(ns, 'web'));
});

test('a target group beyond the quota costs its own rule only', async () => {
  const { ns, stillServes } = neighbour;
  await rig.backend(ns, 'beyond');
  const quotas = rig.aws.options.quotas;
  const before = quotas['target-groups'];
  Object.assign(quotas, { 'target-groups': rig.aws.world().elbv2.targetGroups.size });
  const beyond = httpRoute(
    ns,
    'beyond',
    ['web'],
    [{ matches: [{ path: { type: 'Exact', value: '/beyond' } }], backendRefs: [backendRef('beyond')] }],
  );
  await rig.apply([beyond, route(ns, 'beside', '/beside')]);
  await eventually(async () => expect(await upToDateSays(ns)).toContain('a quota is reached (TooManyTargetGroups'));
  expect(await programmedSays(ns)).toBe(active);
  const { message } = await waitForCondition(rig, beyond, 'Accepted', 'False');
  expect(message).toContain('spec.rules[0]: AWS refused elasticloadbalancing:CreateTargetGroup');
  await eventually(() => expect(rulesOf(rig, `${ns}/web`).join()).toContain('/beside'));
  stillServes();
  Object.assign(quotas, { 'target-groups': before });
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(3));
  await rig.remove([beyond, route(ns, 'beside', '/beside')]);
});

test('two subnets in one zone are in the status, and the load balancer stays where it is', async () => {
  const { ns, stillServes } = neighbour;
  const twins = [rig.seed.publicSubnetIds[0], rig.seed.privateSubnetIds[0]];
  const [loadBalancer] = awsOf(rig, `${ns}/web`).loadBalancers;
  const infrastructure = { infrastructure: { parametersRef: parametersRef('twins') } };
  await rig.apply([
    loadBalancerConfiguration(ns, 'twins', { subnets: twins }),
    gateway(ns, 'web', [http()], infrastructure),
  ]);
  await eventually(async () => expect(await upToDateSays(ns)).toContain("can't be used: subnets"));
  expect(await programmedSays(ns)).toBe(active);
  stillServes();
  expect(awsOf(rig, `${ns}/web`).loadBalancers).toEqual([loadBalancer]);
  await rig.apply([gateway(ns, 'web')]);
  await eventually(async () => expect(await programmedSays(ns)).toBe(active));
});

test('a target group of our name and not our tags is neither adopted, changed nor deleted', async () => {
  const ns = await rig.freshNamespace('squatted');
  await rig.backend(ns, 'good');
  const web = gateway(ns, 'web');
  await rig.apply([web, route(ns, 'good', '/')]);
  await programmed(rig, web);
  await eventually(() => expect(awsOf(rig, `${ns}/web`).targetGroups).toHaveLength(1));
  const name = awsOf(rig, `${ns}/web`).targetGroups[0]?.group.name ?? '';
  await removeAndWait(rig, web);
  const elbv2 = elbv2Client(rig.aws.url, rig.seed.region);
  const { TargetGroups: [made] = [] } = await elbv2.send(
    new CreateTargetGroupCommand({ Name: name, TargetType: 'ip', Protocol: 'HTTP', Port: 8080, VpcId: rig.seed.vpcId }),
  );
  elbv2.destroy();
  const arn = made?.TargetGroupArn ?? '';
  const foreign = JSON.stringify(rig.aws.world().elbv2.targetGroups.get(arn));
  await rig.apply([web]);
  await eventually(async () =>
    expect(await upToDateSays(ns)).toContain(`is used by ${arn}. That resource does not have Gatehouse's tags`),
  );
  await removeAndWait(rig, web);
  expect(JSON.stringify(rig.aws.world().elbv2.targetGroups.get(arn))).toBe(foreign);
  neighbour.stillServes();
});

test('with wrong credentials it says so and keeps the addresses; with the right ones it goes on', async () => {
  const { ns, stillServes } = neighbour;
  const addresses = (await readGateway(rig, ns, 'web'))?.status?.addresses;
  const fresh = await rig.freshNamespace('credentials');
  await rig.restart({
    env: { AWS_ENDPOINT_URL: rig.faults.url, AWS_ACCESS_KEY_ID: 'wrong', AWS_SECRET_ACCESS_KEY: 'wrong' },
  });
  await rig.apply([gateway(fresh, 'web')]);
  await eventually(async () => expect(await programmedSays(fresh)).toContain('AWS did not accept the credentials'));
  expect((await readGateway(rig, ns, 'web'))?.status?.addresses).toEqual(addresses);
  stillServes();
  await rig.restart();
  await programmed(rig, gateway(fresh, 'web'));
  stillServes();
});

test('in another region it finds no VPC and says so, and touches nothing', async () => {
  const { stillServes } = neighbour;
  const fresh = await rig.freshNamespace('region');
  await rig.restart({ flags: { 'aws-region': 'eu-west-1' } });
  await rig.apply([gateway(fresh, 'web')]);
  await eventually(async () => expect(await programmedSays(fresh)).toContain('eu-west-1'));
  stillServes();
  await rig.restart();
  await programmed(rig, gateway(fresh, 'web'));
});

test('while subnets may not be read, nothing new is made, and what serves serves on', async () => {
  const { ns, stillServes } = neighbour;
  const allow = inject(denyEc2(/:DescribeSubnets$/));
  const fresh = await rig.freshNamespace('unread');
  await rig.restart();
  await rig.apply([gateway(fresh, 'web')]);
  await eventually(async () => expect(await programmedSays(fresh)).toContain('AWS denied ec2:DescribeSubnets'));
  await eventually(async () => expect(await upToDateSays(ns)).toContain('AWS denied ec2:DescribeSubnets'));
  expect(await programmedSays(ns)).toBe(active);
  stillServes();
  allow();
  await programmed(rig, gateway(fresh, 'web'));
});

test('in a VPC without subnets it says how many zones are missing, and leaves what exists', async () => {
  const { stillServes } = neighbour;
  const ec2 = new EC2Client(clientOf(rig.aws));
  const { Vpc: empty } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
  ec2.destroy();
  const fresh = await rig.freshNamespace('empty');
  await rig.restart({ flags: { 'aws-vpc-id': empty?.VpcId ?? '' } });
  await rig.apply([gateway(fresh, 'web')]);
  await eventually(async () => expect(await programmedSays(fresh)).toContain('found 0'));
  stillServes();
  await rig.restart();
  await programmed(rig, gateway(fresh, 'web'));
});

test("a Gateway whose security group another team's rule names says so while it is deleted, and goes with that rule", async () => {
  const ns = await rig.freshNamespace('held');
  await rig.apply([gateway(ns, 'web')]);
  await programmed(rig, gateway(ns, 'web'));
  const [ours] = awsOf(rig, `${ns}/web`).securityGroups;
  const ec2 = new EC2Client(clientOf(rig.aws));
  onTestFinished(() => ec2.destroy());
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: ns, Description: 'db', VpcId: rig.seed.vpcId }),
  );
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: ours?.id }] },
  ];
  const { SecurityGroupRules: [rule] = [] } = await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }),
  );
  await rig.remove([gateway(ns, 'web')]);
  const says = async () => {
    const { conditions = [] } = (await readGateway(rig, ns, 'web'))?.status ?? {};
    return conditions.find(({ type }) => type === 'Programmed');
  };
  await eventually(async () =>
    expect(await says()).toMatchObject({
      status: 'False',
      reason: 'Pending',
      message: `The Gateway waits until AWS has removed what belongs to it. The security group ${ours?.id} can be deleted when nothing uses it. It is still used by rule ${rule?.SecurityGroupRuleId} of security group ${GroupId}.`,
    }),
  );
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  await eventually(async () => expect(await readGateway(rig, ns, 'web')).toBeUndefined());
  expect(awsOf(rig, `${ns}/web`).securityGroups).toEqual([]);
});

test('a second cluster of the same name must use another name, and neither harms the other', async () => {
  const { stillServes } = neighbour;
  const other = await startEnvironment({ aws: { port: 0 } });
  onTestFinished(() => other.stop());
  const world = () =>
    JSON.stringify([...rig.aws.world().elbv2.loadBalancers.keys(), ...rig.aws.world().elbv2.targetGroups.keys()]);
  const before = world();
  await other.startGatehouse({
    flags: { 'aws-vpc-id': rig.seed.vpcId, 'aws-region': rig.seed.region, 'cluster-name': rig.seed.clusterName },
    env: { AWS_ENDPOINT_URL: rig.aws.url },
  });
  const elsewhere = { ...rig, cluster: other.cluster };
  await applyYaml(other.cluster.admin, [gatewayClass('aws'), gateway('default', 'web')]);
  const say = async (): Promise<string> =>
    (await readGateway(elsewhere, 'default', 'web'))?.status?.conditions?.find(({ type }) => type === 'Programmed')
      ?.message ?? '';
  await eventually(async () => expect(await say()).toContain('Give each cluster its own --cluster-name'));
  expect(world()).toBe(before);
  stillServes();
});
