// GatewayClasses and LoadBalancerConfigurations: their effect on the load balancer, and their statuses.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { get } from '../../localstack/cluster/apply.ts';
import type { GatewayClass } from '../../src/api/gateway-api.ts';
import { awsOf, rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, gatewayClass, http, httpRoute, loadBalancerConfiguration, parametersRef } from './support/objects.ts';
import { classPath, programmed, readGateway, removeAndWait, said, waitForCondition } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type Fields = Readonly<Record<string, unknown>>;

const configured = (ns: string, spec: Fields = {}) =>
  gateway(ns, 'gw', [http()], { infrastructure: { parametersRef: parametersRef('own') }, ...spec });

const configure = (ns: string, spec: Fields) => rig.apply([loadBalancerConfiguration(ns, 'own', spec)]);

/** A Programmed Gateway with this configuration. */
async function served(name: string, spec: Fields): Promise<{ readonly ns: string; readonly gw: string }> {
  const ns = await rig.freshNamespace(name);
  await configure(ns, spec);
  await rig.apply([configured(ns)]);
  await programmed(rig, configured(ns));
  return { ns, gw: `${ns}/gw` };
}

const loadBalancerOf = (gw: string) => {
  const [loadBalancer, ...others] = awsOf(rig, gw).loadBalancers;
  if (loadBalancer === undefined || others.length > 0) throw new Error(`Expected ${gw} to have one load balancer`);
  return loadBalancer;
};

const readClass = (name: string) => get<GatewayClass>(rig.cluster.admin, classPath(name));

/** Who may reach the Gateway's listeners, as `CIDR PORT`. */
const admitted = (gw: string): readonly string[] => {
  const ids = new Set(awsOf(rig, gw).securityGroups.map(({ id }) => id));
  return [...rig.aws.world().ec2.securityGroupRules.values()]
    .filter(({ groupId, isEgress }) => ids.has(groupId) && !isEgress)
    .map(({ peer, fromPort }) => `${'cidr' in peer ? peer.cidr : peer.kind} ${fromPort}`)
    .toSorted();
};

describe.concurrent('a configuration', () => {
  test('sets tags and attributes on its resources, and resets those that it no longer has', async () => {
    const { ns, gw } = await served('tags', {
      tags: { team: 'a', stage: 'test' },
      loadBalancerAttributes: { 'idle_timeout.timeout_seconds': '120' },
    });
    await rig.backend(ns, 'web');
    await rig.apply([httpRoute(ns, 'web', ['gw'], ['web'])]);
    await eventually(() => expect(rulesOf(rig, gw)).toHaveLength(1));
    const tagsOfAll = () => {
      const { loadBalancers, listeners, targetGroups, securityGroups } = awsOf(rig, gw);
      const all = [
        ...loadBalancers,
        ...listeners.map(({ listener }) => listener),
        ...listeners.flatMap(({ rules }) => rules.filter(({ priority }) => priority !== 'default')),
        ...targetGroups.map(({ group }) => group),
        ...securityGroups,
      ];
      return all.map(({ tags }) => `${tags.get('team')} ${tags.get('stage')}`);
    };
    expect(tagsOfAll()).toEqual(Array(5).fill('a test'));
    expect(loadBalancerOf(gw).attributes.get('idle_timeout.timeout_seconds')).toBe('120');

    await configure(ns, { tags: { team: 'b' } });
    await eventually(() => expect(tagsOfAll()).toEqual(Array(5).fill('b undefined')));
    await eventually(() =>
      expect(loadBalancerOf(gw).attributes.get('idle_timeout.timeout_seconds') ?? '60').toBe('60'),
    );
  });

  test('moves the load balancer to other subnets', async () => {
    const { ns, gw } = await served('subnets', {});
    const { arn } = loadBalancerOf(gw);
    const subnets = () =>
      loadBalancerOf(gw)
        .subnets.map(({ subnetId }) => subnetId)
        .toSorted();
    expect(subnets()).toEqual(rig.seed.privateSubnetIds.toSorted());
    const two = rig.seed.publicSubnetIds.slice(0, 2);
    await configure(ns, { subnets: two });
    await eventually(() => expect(subnets()).toEqual(two.toSorted()));
    expect(loadBalancerOf(gw).arn).toBe(arn);
  });

  test('says who may reach the listeners, by source ranges or by security groups of the user', async () => {
    const { ns, gw } = await served('sources', { sourceRanges: ['10.0.0.0/8'] });
    expect(admitted(gw)).toEqual(['10.0.0.0/8 80']);
    await configure(ns, { sourceRanges: ['10.0.0.0/8', '192.0.2.0/24'] });
    await eventually(() => expect(admitted(gw)).toEqual(['10.0.0.0/8 80', '192.0.2.0/24 80']));
    await configure(ns, { ipAddressType: 'ipv4' });
    await eventually(() => expect(admitted(gw)).toEqual(['0.0.0.0/0 80']));
    await configure(ns, { securityGroups: [rig.seed.nodeSecurityGroupId] });
    await eventually(() => expect(loadBalancerOf(gw).securityGroups).toContain(rig.seed.nodeSecurityGroupId));
    // Gatehouse's own group is not needed any more. The backend group stays, because targets admit it.
    await eventually(() => expect(awsOf(rig, gw).securityGroups).toEqual([]));
    expect(loadBalancerOf(gw).securityGroups).toHaveLength(2);
  });

  test('of another scheme makes a new load balancer, and the old one goes only when the new one serves', async () => {
    const { ns, gw } = await served('scheme', {});
    await rig.backend(ns, 'web');
    await rig.apply([httpRoute(ns, 'web', ['gw'], ['web'])]);
    await eventually(() => expect(rulesOf(rig, gw)).toHaveLength(1));
    const old = loadBalancerOf(gw);
    expect(old.scheme).toBe('internal');
    await configure(ns, { scheme: 'internet-facing' });
    await eventually(() => expect(awsOf(rig, gw).loadBalancers).toHaveLength(2));
    await eventually(() => expect(loadBalancerOf(gw).scheme).toBe('internet-facing'));
    const { dnsName, subnets } = loadBalancerOf(gw);
    expect(subnets.map(({ subnetId }) => subnetId).toSorted()).toEqual(rig.seed.publicSubnetIds.toSorted());
    expect(rulesOf(rig, gw)).toHaveLength(1);
    await eventually(async () =>
      expect((await readGateway(rig, ns, 'gw'))?.status?.addresses).toEqual([{ type: 'Hostname', value: dnsName }]),
    );
  });

  test('that does not exist, or that AWS can not satisfy, leaves the load balancer as it is, and says why', async () => {
    const { ns, gw } = await served('invalid', { tags: { team: 'a' } });
    const before = loadBalancerOf(gw);
    const subnets = before.subnets;
    await rig.remove([loadBalancerConfiguration(ns, 'own', {})]);
    await waitForCondition(rig, configured(ns), 'Accepted', 'False', 'InvalidParameters');
    expect(said((await readGateway(rig, ns, 'gw'))?.status?.conditions)).toEqual([
      'Accepted=False/InvalidParameters',
      'Programmed=False/Invalid',
      'gatehouse.dev/UpToDate=True/UpToDate',
    ]);
    expect(loadBalancerOf(gw).tags.get('team')).toBe('a');

    await configure(ns, { subnets: [rig.seed.privateSubnetIds[0], 'subnet-0123456789abcdef0'], tags: { team: 'b' } });
    await waitForCondition(rig, configured(ns), 'Accepted', 'True');
    await eventually(async () => {
      const { conditions = [] } = (await readGateway(rig, ns, 'gw'))?.status ?? {};
      expect(conditions.map(({ message }) => message).join(' ')).toContain('subnet-0123456789abcdef0');
    });
    expect(loadBalancerOf(gw).subnets).toEqual(subnets);
    await configure(ns, { tags: { team: 'c' } });
    await programmed(rig, configured(ns));
    await eventually(() => expect(loadBalancerOf(gw).tags.get('team')).toBe('c'));
    expect(loadBalancerOf(gw).arn).toBe(before.arn);
  });

  test('of a Gateway wins over that of its class, field by field, unless the class says otherwise', async () => {
    const ns = await rig.freshNamespace('merge');
    const ofClass = (spec: Fields) =>
      loadBalancerConfiguration(ns, 'platform', {
        tags: { owner: 'platform', cost: '1' },
        loadBalancerAttributes: { 'idle_timeout.timeout_seconds': '30' },
        ...spec,
      });
    await rig.apply([ofClass({}), gatewayClass('merged', { parametersRef: parametersRef('platform', ns) })]);
    await configure(ns, { tags: { owner: 'team' } });
    const object = configured(ns, { gatewayClassName: 'merged' });
    await rig.apply([object]);
    await programmed(rig, object);
    const tag = (key: string) => loadBalancerOf(`${ns}/gw`).tags.get(key);
    expect([tag('owner'), tag('cost')]).toEqual(['team', '1']);
    expect(loadBalancerOf(`${ns}/gw`).attributes.get('idle_timeout.timeout_seconds')).toBe('30');
    await rig.apply([ofClass({ mergingMode: 'prefer-gateway-class' })]);
    await eventually(() => expect(tag('owner')).toBe('platform'));
  });
});

describe.concurrent('a GatewayClass', () => {
  test('says that it is accepted, that the CRDs are of a known version, and what its load balancers can do', async () => {
    await waitForCondition(rig, gatewayClass(rig.className), 'Accepted', 'True', 'Accepted');
    await waitForCondition(rig, gatewayClass(rig.className), 'SupportedVersion', 'True', 'SupportedVersion');
    const names = (await readClass(rig.className))?.status?.supportedFeatures?.map(({ name }) => name) ?? [];
    expect(names).toContain('HTTPRoute');
    expect(names).toEqual(names.toSorted());
  });

  test('is held by a finalizer while Gateways use it, and only then', async () => {
    const ns = await rig.freshNamespace('held');
    await rig.apply([gatewayClass('held'), gateway(ns, 'gw', [http()], { gatewayClassName: 'held' })]);
    const finalizers = async () => (await readClass('held'))?.metadata.finalizers ?? [];
    await eventually(async () =>
      expect(await finalizers()).toEqual(['gateway-exists-finalizer.gateway.networking.k8s.io']),
    );
    await rig.remove([gatewayClass('held')]);
    expect((await readClass('held'))?.metadata.deletionTimestamp).toBeDefined();
    await removeAndWait(rig, gateway(ns, 'gw'));
    await eventually(async () => expect(await readClass('held')).toBeUndefined());
  });

  test('whose configuration is missing is not accepted, and its Gateways wait until it is there', async () => {
    const ns = await rig.freshNamespace('missing');
    const object = gateway(ns, 'gw', [http()], { gatewayClassName: 'lacking' });
    await rig.apply([gatewayClass('lacking', { parametersRef: parametersRef('later', ns) }), object]);
    await waitForCondition(rig, gatewayClass('lacking'), 'Accepted', 'False', 'InvalidParameters');
    await waitForCondition(rig, object, 'Accepted', 'False', 'InvalidParameters');
    expect(awsOf(rig, `${ns}/gw`).loadBalancers).toEqual([]);
    await rig.apply([loadBalancerConfiguration(ns, 'later', {})]);
    await waitForCondition(rig, gatewayClass('lacking'), 'Accepted', 'True', 'Accepted');
    await programmed(rig, object);
  });

  test('of another controller is left alone, and so are its Gateways', async () => {
    const ns = await rig.freshNamespace('theirs');
    await rig.apply([
      gatewayClass('theirs', { controllerName: 'example.com/other' }),
      gateway(ns, 'gw', [http()], { gatewayClassName: 'theirs' }),
      gateway(ns, 'ours'),
    ]);
    await programmed(rig, gateway(ns, 'ours'));
    const { metadata, status } = (await readGateway(rig, ns, 'gw')) ?? {};
    expect(metadata?.finalizers).toBeUndefined();
    expect(said(status?.conditions)).toEqual(['Accepted=Unknown/Pending', 'Programmed=Unknown/Pending']);
    expect(awsOf(rig, `${ns}/gw`).loadBalancers).toEqual([]);
  });
});
