// Members of target groups, the number of calls, and the security groups that admit load balancers.
import { AssignPrivateIpAddressesCommand, DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import { get, type KubeObject } from '../../localstack/cluster/apply.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import { awsOf, leftOf, rulesOf, targetsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import {
  backendRef,
  gateway,
  http,
  httpRoute,
  https,
  loadBalancerConfiguration,
  parametersRef,
  service,
} from './support/objects.ts';
import { removeAndWait, waitForCondition } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type Fields = Readonly<Record<string, unknown>>;

/** A namespace whose Gateway `gw` sends everything to the Service `web`. The test defines the Service. */
async function serving(name: string, targetType: 'ip' | 'instance', spec: Fields = {}) {
  const ns = await rig.freshNamespace(name);
  await rig.apply([
    loadBalancerConfiguration(ns, 'own', { targetType }),
    service(ns, 'web', spec),
    gateway(ns, 'gw', [http()], { infrastructure: { parametersRef: parametersRef('own') } }),
    httpRoute(ns, 'web', ['gw'], ['web']),
  ]);
  return { ns, gw: `${ns}/gw`, targets: () => targetsOf(rig, `${ns}/gw`, 'web:80') };
}

const slice = (ns: string, addresses: readonly string[], port = 8080, options = {}) =>
  endpointSlice(ns, 'web', addresses, port, { portName: 'http', ...options });

interface Conditions {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** A slice whose endpoints have conditions. */
const sliceOf = (ns: string, endpoints: Readonly<Record<string, Conditions>>): KubeObject => ({
  ...slice(ns, []),
  endpoints: Object.entries(endpoints).map(([address, conditions]) => ({ addresses: [address], conditions })),
});

const ready: Conditions = { ready: true, serving: true, terminating: false };
const notReady: Conditions = { ready: false, serving: false, terminating: false };
const leaving: Conditions = { ready: false, serving: true, terminating: true };

const writes = (): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(rig.aws.calls.counts().byAction).filter(([name]) => !/:(Describe|Get|List)/.test(name)),
  );

/** The rules with which the nodes admit the load balancers. */
const admissions = () =>
  [...rig.aws.world().ec2.securityGroupRules.values()].filter(
    ({ groupId, tags }) => groupId === rig.seed.nodeSecurityGroupId && tags.has('gatehouse.dev/cluster'),
  );

test('the nodes admit the load balancers to the ports that pods listen on, and to none between them', async () => {
  const { ns, targets } = await serving('admission', 'ip');
  await rig.apply([slice(ns, ['10.0.48.30'])]);
  await eventually(() => expect(targets()).toEqual(['10.0.48.30:8080']));
  const ranges = () =>
    admissions()
      .map(({ fromPort, toPort }) => `${fromPort}-${toPort}`)
      .toSorted();
  await eventually(() => expect(ranges()).toEqual(['8080-8080']));
  const backendGroup = [...rig.aws.world().ec2.securityGroups.values()].find(
    ({ tags }) => tags.get('gatehouse.dev/resource') === 'security-group/backend',
  );
  expect(admissions()[0]?.peer).toEqual({ kind: 'group', groupId: backendGroup?.id });
  await rig.apply([slice(ns, ['10.0.64.30'], 9000, { suffix: 'b' })]);
  await eventually(() => expect(ranges()).toEqual(['8080-8080', '9000-9000']));
  await rig.apply([slice(ns, ['10.0.48.30'], 8999)]);
  await eventually(() => expect(ranges()).toEqual(['8999-8999', '9000-9000']));
});

/** Gives each node an address for a pod, as AWS's CNI plugin does. */
async function assign(addresses: readonly string[]): Promise<void> {
  const ec2 = new EC2Client(clientOf(rig.aws));
  for (const [index, PrivateIpAddress] of addresses.entries()) {
    const Values = [rig.seed.nodes[index]?.instanceId ?? ''];
    const found = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'attachment.instance-id', Values }] }),
    );
    const NetworkInterfaceId = found.NetworkInterfaces?.[0]?.NetworkInterfaceId;
    await ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: [PrivateIpAddress] }));
  }
  ec2.destroy();
}

test('one pod more is one call to AWS, and a restart of Gatehouse is no write at all', async () => {
  await assign(['10.0.48.31', '10.0.64.31', '10.0.80.31']);
  await rig.restart();
  const { ns, targets } = await serving('calls', 'ip');
  await rig.apply([slice(ns, ['10.0.48.31', '10.0.64.31'])]);
  await eventually(() => expect(targets()).toHaveLength(2));
  await untilQuiet(rig);
  rig.aws.calls.zero();
  await rig.apply([slice(ns, ['10.0.48.31', '10.0.64.31', '10.0.80.31'])]);
  await eventually(() => expect(targets()).toHaveLength(3));
  await untilQuiet(rig);
  expect(rig.aws.calls.counts().byAction).toEqual({ 'elasticloadbalancing:RegisterTargets': 1 });

  rig.aws.calls.zero();
  await rig.restart();
  await untilQuiet(rig);
  expect(writes()).toEqual({});
  // It does work again.
  await rig.apply([slice(ns, ['10.0.48.31'])]);
  await eventually(() => expect(targets()).toEqual(['10.0.48.31:8080']));
});

test('a Gateway that is broken when Gatehouse starts goes on sending its requests to the pods that there are', async () => {
  const wrong = await serving('wrong-parameters', 'ip');
  const unheard = await serving('no-listener', 'ip');
  const served = [wrong, unheard];
  await rig.apply([slice(wrong.ns, ['10.0.48.32']), slice(unheard.ns, ['10.0.48.33'])]);
  await eventually(() => expect(served.map(({ targets }) => targets().length)).toEqual([1, 1]));

  const lacking = gateway(wrong.ns, 'gw', [http()], { infrastructure: { parametersRef: parametersRef('lacking') } });
  const listeners = [https(['lacking'])];
  const deaf = gateway(unheard.ns, 'gw', listeners, { infrastructure: { parametersRef: parametersRef('own') } });
  await rig.apply([lacking, deaf]);
  await waitForCondition(rig, lacking, 'Accepted', 'False', 'InvalidParameters');
  await waitForCondition(rig, deaf, 'Programmed', 'False');
  await rig.restart();
  await untilQuiet(rig);
  await rig.apply([slice(wrong.ns, ['10.0.64.32', '10.0.80.32']), slice(unheard.ns, ['10.0.64.33'])]);
  await eventually(() => expect(wrong.targets()).toEqual(['10.0.64.32:8080', '10.0.80.32:8080']));
  await eventually(() => expect(unheard.targets()).toEqual(['10.0.64.33:8080']));
});

describe.concurrent('pods', () => {
  test('are in the group while they are ready; when none is, those that still serve while they terminate', async () => {
    const { ns, targets } = await serving('ready', 'ip');
    await rig.apply([sliceOf(ns, { '10.0.48.40': ready, '10.0.48.41': notReady, '10.0.48.42': leaving })]);
    await eventually(() => expect(targets()).toEqual(['10.0.48.40:8080']));
    await rig.apply([sliceOf(ns, { '10.0.48.40': notReady, '10.0.48.41': notReady, '10.0.48.42': leaving })]);
    await eventually(() => expect(targets()).toEqual(['10.0.48.42:8080']));
    await rig.apply([sliceOf(ns, { '10.0.48.40': notReady })]);
    await eventually(() => expect(targets()).toEqual([]));
  });

  test('of several slices are all in the group, whatever port each has under its name', async () => {
    const { ns, targets } = await serving('slices', 'ip', {
      ports: [
        { name: 'http', port: 80, targetPort: 'web' },
        { name: 'metrics', port: 9100, targetPort: 'metrics' },
      ],
    });
    const metrics = { name: 'metrics', port: 9100, protocol: 'TCP' };
    const a = slice(ns, ['10.0.48.50']);
    await rig.apply([
      { ...a, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }, metrics] },
      slice(ns, ['10.0.48.51'], 8081, { suffix: 'b' }),
      // One address, two ports: two containers that share a name for their port.
      slice(ns, ['10.0.48.50'], 8082, { suffix: 'c' }),
    ]);
    await eventually(() => expect(targets()).toEqual(['10.0.48.50:8080', '10.0.48.50:8082', '10.0.48.51:8081']));
    await rig.remove([slice(ns, [], 8082, { suffix: 'c' })]);
    await eventually(() => expect(targets()).toEqual(['10.0.48.50:8080', '10.0.48.51:8081']));
  });

  test('of an IPv6 Service are in an IPv6 group, behind a load balancer that speaks IPv6 too', async () => {
    const { ns, gw, targets } = await serving('six', 'ip', { ipFamilies: ['IPv6'] });
    const block = rig.aws.world().ec2.subnets.get(rig.seed.privateSubnetIds[0] ?? '')?.ipv6?.cidrBlock ?? '';
    const address = block.replace('::/64', '::5');
    const route = httpRoute(ns, 'web', ['gw'], ['web']);
    await waitForCondition(rig, route, 'ResolvedRefs', 'False', 'UnsupportedProtocol');
    await rig.apply([
      loadBalancerConfiguration(ns, 'own', { targetType: 'ip', ipAddressType: 'dualstack' }),
      { ...slice(ns, [address]), addressType: 'IPv6' },
      // The IPv4 half of a Service's endpoints is in slices of its own.
      slice(ns, ['10.0.48.55'], 8080, { suffix: 'b' }),
    ]);
    await eventually(() => expect(targets()).toEqual([`${address}:8080`]));
    await eventually(() => expect(rulesOf(rig, gw)).toEqual([`path /* -> ${ns}/web:80=1`]));
    await waitForCondition(rig, route, 'ResolvedRefs', 'True', 'ResolvedRefs');
    const { loadBalancers, targetGroups } = awsOf(rig, gw);
    expect(targetGroups.map(({ group }) => group.ipAddressType)).toEqual(['ipv6']);
    expect(loadBalancers.map(({ ipAddressType }) => ipAddressType)).toEqual(['dualstack']);
  });

  test('that AWS refuses keep no other one out, and the route’s status names them', async () => {
    const { ns, targets } = await serving('refused', 'ip');
    const route = httpRoute(ns, 'web', ['gw'], ['web']);
    await rig.apply([slice(ns, ['10.0.48.60', '10.0.48.61'])]);
    await eventually(() => expect(targets()).toEqual(['10.0.48.60:8080', '10.0.48.61:8080']));
    await waitForCondition(rig, route, 'Accepted', 'True');
    // A public address can't be a target.
    await rig.apply([slice(ns, ['10.0.48.60', '8.8.8.8', '10.0.48.62'])]);
    await eventually(() => expect(targets()).toEqual(['10.0.48.60:8080', '10.0.48.62:8080']));
    const type = 'gatehouse.dev/TargetsReachable';
    const { message } = await waitForCondition(rig, route, type, 'False', 'TargetsRefused');
    expect(message).toContain(`spec.rules[0].backendRefs: AWS refuses targets of Service ${ns}/web: 8.8.8.8:8080`);
    await waitForCondition(rig, route, 'ResolvedRefs', 'True');
    await rig.apply([slice(ns, ['10.0.48.60'])]);
    await waitForCondition(rig, route, type, 'True', 'TargetsReachable');
  });

  test('of two Services behind one route are in a group each', async () => {
    const { ns, gw } = await serving('twice', 'ip');
    const other = await rig.backend(ns, 'other', 1);
    await rig.apply([
      slice(ns, ['10.0.48.70']),
      httpRoute(ns, 'web', ['gw'], [{ backendRefs: [backendRef('web'), backendRef('other')] }]),
    ]);
    await eventually(() => expect(targetsOf(rig, gw, 'other:80')).toEqual([`${other[0]}:8080`]));
    // The two Services have passes of their own.
    await eventually(() => expect(targetsOf(rig, gw, 'web:80')).toEqual(['10.0.48.70:8080']));
  });
});

describe('nodes', () => {
  const nodePort = (port: number, spec: Fields = {}): Fields => ({
    type: 'NodePort',
    ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: port }],
    ...spec,
  });
  const atPort = (port: number, ...indexes: readonly number[]) =>
    indexes.map((index) => `${rig.seed.nodes[index]?.instanceId}:${port}`).toSorted();
  const patchNode = (name: string, body: Fields, subresource = '') =>
    rig.cluster.admin.request('PATCH', `/api/v1/nodes/${name}${subresource}`, {
      contentType: 'application/merge-patch+json',
      body,
    });
  const condition = (status: string) => ({ status: { conditions: [{ type: 'Ready', status, reason: 'Kubelet' }] } });
  const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers';

  test('that are ready take traffic on the node port; those that are excluded or no EC2 instances do not', async () => {
    const { ns, targets } = await serving('nodes', 'instance', nodePort(30_101));
    await rig.apply([slice(ns, ['10.0.48.80'])]);
    await eventually(() => expect(targets()).toEqual(atPort(30_101, 0, 1, 2)));

    await patchNode('node-2', condition('False'), '/status');
    await eventually(() => expect(targets()).toEqual(atPort(30_101, 0, 2)));
    await patchNode('node-3', { metadata: { labels: { [excluded]: '' } } });
    await eventually(() => expect(targets()).toEqual(atPort(30_101, 0)));
    const fargate: KubeObject = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'fargate', labels: { 'eks.amazonaws.com/compute-type': 'fargate' } },
      spec: { providerID: 'aws:///us-east-1a/1a2b3c4d5e-0123456789abcdef/fargate-ip-10-0-48-90.ec2.internal' },
    };
    await rig.apply([fargate]);
    await patchNode('fargate', condition('True'), '/status');
    await patchNode('node-2', condition('True'), '/status');
    await eventually(() => expect(targets()).toEqual(atPort(30_101, 0, 1)));
    await rig.remove([fargate]);
    await patchNode('node-3', { metadata: { labels: { [excluded]: null } } });
    await eventually(() => expect(targets()).toEqual(atPort(30_101, 0, 1, 2)));

    // Like Cluster Autoscaler, which taints a node before its removal, and then keeps it.
    const taint = { key: 'ToBeDeletedByClusterAutoscaler', value: '1764300000', effect: 'NoSchedule' };
    await patchNode('node-1', { spec: { taints: [taint] } });
    await eventually(() => expect(targets()).toEqual(atPort(30_101, 1, 2)));
    await patchNode('node-1', { spec: { taints: null, unschedulable: true } });
    await eventually(() => expect(targets()).toEqual(atPort(30_101, 0, 1, 2)));
    await patchNode('node-1', { spec: { unschedulable: null } });
    const ports = () => admissions().map(({ fromPort, toPort }) => [fromPort, toPort]);
    await eventually(() => expect(ports()).toContainEqual([30_101, 30_101]));
    expect(ports().every(([from, to]) => from === to)).toBe(true);
  });

  test('with externalTrafficPolicy Local are only those with a pod, checked at the port of kube-proxy', async () => {
    const { ns, gw, targets } = await serving(
      'local',
      'instance',
      nodePort(30_102, { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30_202 }),
    );
    await rig.apply([slice(ns, ['10.0.48.81', '10.0.64.81'])]);
    await eventually(() => expect(targets()).toEqual(atPort(30_102, 0, 1)));
    const check = awsOf(rig, gw).targetGroups[0]?.group.healthCheck;
    expect([check?.port, check?.path, check?.matcher?.codes]).toEqual(['30202', '/healthz', '200']);
    const ports = () => admissions().map(({ fromPort }) => fromPort);
    await eventually(() => expect(ports()).toEqual(expect.arrayContaining([30_102, 30_202])));
    await rig.apply([slice(ns, ['10.0.48.81'])]);
    await eventually(() => expect(targets()).toEqual(atPort(30_102, 0)));
  });

  test('take the place of pods when the target type of a live Gateway is switched', async () => {
    const { ns, gw } = await serving('switch', 'ip', nodePort(30_103));
    await rig.apply([slice(ns, ['10.0.48.82'])]);
    await eventually(() => expect(targetsOf(rig, gw, 'web:80')).toEqual(['10.0.48.82:8080']));
    await eventually(() => expect(rulesOf(rig, gw)).toHaveLength(1));
    const seen: string[] = [];
    await rig.apply([loadBalancerConfiguration(ns, 'own', { targetType: 'instance' })]);
    const ofType = (type: string) => awsOf(rig, gw).targetGroups.find(({ group }) => group.targetType === type);
    await eventually(() => expect(ofType('instance')?.targets).toEqual(atPort(30_103, 0, 1, 2)));
    await eventually(() => {
      const rule = awsOf(rig, gw).listeners[0]?.rules[0];
      const groups = rule?.actions.flatMap((action) =>
        action.Type === 'forward' ? action.ForwardConfig.TargetGroups : [],
      );
      const weights = (groups ?? []).map(({ TargetGroupArn, Weight }) => [TargetGroupArn, Weight]);
      seen.push(JSON.stringify(weights));
      expect(weights).toEqual([[ofType('instance')?.group.arn, 1]]);
    });
    // At every moment a target served.
    expect(seen).not.toContain('[]');
    expect(rulesOf(rig, gw)).toHaveLength(1);
  });
});

test('with the last Gateway goes all that it had, and what admitted it to the nodes', async () => {
  interface List {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly namespace: string } }[];
  }
  const all = (await get<List>(rig.cluster.admin, '/apis/gateway.networking.k8s.io/v1/gateways'))?.items ?? [];
  expect(all.length).toBeGreaterThan(5);
  await Promise.all(all.map(({ metadata }) => removeAndWait(rig, gateway(metadata.namespace, metadata.name))));
  for (const { metadata } of all) expect(leftOf(rig, `${metadata.namespace}/${metadata.name}`)).toEqual([]);
  await eventually(() => expect(admissions()).toEqual([]));
  const { securityGroups } = rig.aws.world().ec2;
  await eventually(() =>
    expect([...securityGroups.values()].filter(({ tags }) => tags.has('gatehouse.dev/cluster'))).toEqual([]),
  );
});
