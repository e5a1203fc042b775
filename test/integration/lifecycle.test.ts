// Gateways are created, changed and deleted. AWS releases the resources of deleted load balancers late.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { get, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import type { Gateway, GatewayClass, HttpRoute } from '../../src/api/gateway-api.ts';
import { awsOf, leftOf, rulesOf, targetsOf } from './support/aws.ts';
import { type Around, type AwsFaults, startAwsFaults } from './support/aws-faults.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { everythingOfOurs } from './support/left.ts';
import {
  gateway,
  gatewayClass,
  http,
  httpRoute,
  https,
  loadBalancerConfiguration,
  parametersRef,
  service,
} from './support/objects.ts';
import {
  classPath,
  gatewayPath,
  programmed,
  readGateway,
  readRoute,
  removeAndWait,
  routePath,
  said,
  waitForCondition,
} from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

const finalizer = 'gatehouse.dev/aws';

vi.setConfig({ testTimeout: 120_000 });

let rig: Rig;
let proxy: AwsFaults;
/** Called after each call that AWS has carried out, before Gatehouse gets the answer. */
const observers = new Set<() => void>();
/** Called before each call, with its body. */
const guards = new Set<(body: string) => Promise<void>>();

const around: Around = async ({ body }, forward) => {
  for (const guard of guards) await guard(body);
  const answer = await forward();
  for (const observe of observers) observe();
  return answer;
};

beforeAll(async () => {
  rig = await startRig({ aws: { releaseSeconds: 3 } });
  proxy = await startAwsFaults(rig.aws.url, around);
  await rig.restart({ env: { AWS_ENDPOINT_URL: proxy.url } });
});
afterAll(async () => {
  await rig.stop();
  await proxy.close();
});

const patch = (path: string, body: unknown): Promise<KubeObject> =>
  rig.cluster.admin.request('PATCH', path, { contentType: 'application/merge-patch+json', body });

const gone = (path: string) => waitFor(rig.cluster.admin, path, (found) => found === undefined, { timeoutMs: 45_000 });

const address = async (ns: string, name = 'gw'): Promise<string | undefined> =>
  (await readGateway(rig, ns, name))?.status?.addresses?.[0]?.value;

/** A namespace with a Service `web`, and a Gateway `gw` that is Programmed with a route `web` to it. */
async function shop(name: string, spec: Readonly<Record<string, unknown>> = {}) {
  const ns = await rig.freshNamespace(name);
  await rig.backend(ns, 'web');
  const gw = gateway(ns, 'gw', [http()], spec);
  const route = httpRoute(ns, 'web', ['gw'], ['web']);
  await rig.apply([gw, route]);
  await programmed(rig, gw);
  await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toEqual([`path /* -> ${ns}/web:80=1`]));
  return { ns, gw, route };
}

describe.concurrent('a Gateway', () => {
  test('has its finalizer before AWS is called for it', async () => {
    const ns = await rig.freshNamespace('held');
    const seen: (readonly string[] | undefined)[] = [];
    const guard = async (body: string): Promise<void> => {
      if (!body.includes(encodeURIComponent(`${ns}/gw`)) && !body.includes(`${ns}/gw`)) return;
      seen.push((await readGateway(rig, ns, 'gw'))?.metadata.finalizers);
    };
    guards.add(guard);
    const gw = gateway(ns, 'gw');
    await rig.apply([gw]);
    await programmed(rig, gw);
    guards.delete(guard);
    expect(seen.length).toBeGreaterThan(2);
    for (const finalizers of seen) expect(finalizers).toContain(finalizer);
    await removeAndWait(rig, gw);
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  });

  test('goes with all that it has, though all that it was made from has gone before', async () => {
    const ns = await rig.freshNamespace('bare');
    await rig.backend(ns, 'web');
    const parts = [
      loadBalancerConfiguration(ns, 'lb', { sourceRanges: ['10.0.0.0/8'] }),
      await tlsSecret(ns, 'tls', ['bare.example.com']),
      httpRoute(ns, 'web', ['gw'], ['web']),
    ];
    const gw = gateway(ns, 'gw', [http(), https(['tls'])], { infrastructure: { parametersRef: parametersRef('lb') } });
    await rig.apply([...parts, gw]);
    await programmed(rig, gw);
    await eventually(() => expect(awsOf(rig, `${ns}/gw`).targetGroups).toHaveLength(1));
    await rig.remove([...parts, service(ns, 'web')]);
    await waitForCondition(rig, gw, 'Accepted', 'False');
    await removeAndWait(rig, gw);
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
    const certificates = everythingOfOurs(rig.aws).filter((thing) => thing.includes(`certificate/${ns}/`));
    expect(certificates).toEqual([]);
  });

  test('goes though its class has gone by force', async () => {
    await rig.apply([gatewayClass('forced')]);
    const { ns, gw } = await shop('classless', { gatewayClassName: 'forced' });
    await rig.remove([gatewayClass('forced')]);
    // In use, it is only marked.
    const held = await get<GatewayClass>(rig.cluster.admin, classPath('forced'));
    expect(held?.metadata.deletionTimestamp).toBeDefined();
    await patch(classPath('forced'), { metadata: { finalizers: null } });
    await gone(classPath('forced'));
    await sleep(1000);
    expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(1);
    await removeAndWait(rig, gw);
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  });

  test('holds its class, which goes after it', async () => {
    await rig.apply([gatewayClass('held')]);
    const { ns, gw } = await shop('holding', { gatewayClassName: 'held' });
    await rig.remove([gatewayClass('held')]);
    await sleep(500);
    expect(await get(rig.cluster.admin, classPath('held'))).toBeDefined();
    expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(1);
    await removeAndWait(rig, gw);
    await gone(classPath('held'));
  });

  test('that moves to a class of another controller leaves AWS, and what the other says stays', async () => {
    await rig.apply([gatewayClass('theirs', { controllerName: 'example.com/other' })]);
    const { ns, gw } = await shop('moving');
    const foreign = {
      type: 'example.com/Seen',
      status: 'True',
      reason: 'Seen',
      message: 'theirs',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const theirs = { parentRef: { name: 'gw' }, controllerName: 'example.com/other', conditions: [foreign] };
    const route = await readRoute(rig, ns, 'web');
    await patch(`${routePath(ns, 'web')}/status`, {
      status: { parents: [...(route?.status?.parents ?? []), theirs] },
    });
    const before = await readGateway(rig, ns, 'gw');
    await patch(`${gatewayPath(ns, 'gw')}/status`, {
      status: { conditions: [...(before?.status?.conditions ?? []), foreign] },
    });
    await patch(gatewayPath(ns, 'gw'), { spec: { gatewayClassName: 'theirs' } });
    const left = await waitFor<Gateway>(
      rig.cluster.admin,
      gatewayPath(ns, 'gw'),
      (found) => found?.metadata.finalizers?.includes(finalizer) !== true,
      { timeoutMs: 45_000 },
    );
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
    expect(left?.status?.conditions).toContainEqual(foreign);
    const after = await get<HttpRoute>(rig.cluster.admin, routePath(ns, 'web'));
    expect(after?.status?.parents).toEqual([expect.objectContaining({ controllerName: 'example.com/other' })]);

    await patch(gatewayPath(ns, 'gw'), { spec: { gatewayClassName: rig.className } });
    await programmed(rig, gw);
    await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toEqual([`path /* -> ${ns}/web:80=1`]));
    const back = await readRoute(rig, ns, 'web');
    expect(back?.status?.parents?.map(({ controllerName }) => controllerName).toSorted()).toEqual([
      'example.com/other',
      'gatehouse.dev/aws',
    ]);
    expect((await readGateway(rig, ns, 'gw'))?.status?.conditions).toContainEqual(foreign);
    await removeAndWait(rig, gw);
  });

  test('whose port changes has a listener at every moment', async () => {
    const { ns, gw } = await shop('port');
    let fewest = Number.POSITIVE_INFINITY;
    const observe = () => {
      fewest = Math.min(fewest, awsOf(rig, `${ns}/gw`).listeners.length);
    };
    observers.add(observe);
    const changed = gateway(ns, 'gw', [http({ port: 8080 })]);
    await rig.apply([changed]);
    await programmed(rig, changed);
    await eventually(() =>
      expect(awsOf(rig, `${ns}/gw`).listeners.map(({ listener }) => listener.port)).toEqual([8080]),
    );
    observers.delete(observe);
    expect(fewest).toBe(1);
    expect(rulesOf(rig, `${ns}/gw`, 8080)).toEqual([`path /* -> ${ns}/web:80=1`]);
    expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(1);
    await removeAndWait(rig, gw);
  });

  test('whose scheme changes is served by the old load balancer until the new one is active', async () => {
    const ns = await rig.freshNamespace('scheme');
    await rig.backend(ns, 'web');
    const gw = gateway(ns, 'gw', [http()], { infrastructure: { parametersRef: parametersRef('lb') } });
    await rig.apply([
      loadBalancerConfiguration(ns, 'lb', { scheme: 'internal' }),
      gw,
      httpRoute(ns, 'web', ['gw'], ['web']),
    ]);
    await programmed(rig, gw);
    await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toHaveLength(1));
    const [old] = awsOf(rig, `${ns}/gw`).loadBalancers;
    const serving = () =>
      awsOf(rig, `${ns}/gw`).loadBalancers.filter(({ arn, createdAt }) => {
        const age = Date.now() - createdAt;
        const rules = [...rig.aws.world().elbv2.rules.values()];
        return age > 250 && rules.some((rule) => rule.loadBalancerArn === arn && rule.priority !== 'default');
      });
    let fewest = Number.POSITIVE_INFINITY;
    const observe = () => {
      fewest = Math.min(fewest, serving().length);
    };
    observers.add(observe);
    const addresses = new Set<string | undefined>();
    await rig.apply([loadBalancerConfiguration(ns, 'lb', { scheme: 'internet-facing' })]);
    await eventually(async () => {
      const reported = await address(ns);
      addresses.add(reported);
      const { loadBalancers } = awsOf(rig, `${ns}/gw`);
      expect(loadBalancers.map(({ scheme }) => scheme)).toEqual(['internet-facing']);
      expect(reported).toBe(loadBalancers[0]?.dnsName);
    });
    observers.delete(observe);
    expect(fewest).toBeGreaterThan(0);
    const [made] = awsOf(rig, `${ns}/gw`).loadBalancers;
    expect([...addresses]).toEqual([old?.dnsName, made?.dnsName]);
    const { targetGroups, listeners } = awsOf(rig, `${ns}/gw`);
    const fresh = targetGroups.filter(({ group }) => group.tags.get('gatehouse.dev/resource')?.includes('internet'));
    expect(fresh.map(({ targets }) => targets.length)).toEqual([2]);
    expect(listeners.map(({ listener }) => listener.loadBalancerArn)).toEqual([made?.arn]);
    expect(rulesOf(rig, `${ns}/gw`)).toEqual([`path /* -> ${ns}/web:80=1`]);
    await removeAndWait(rig, gw);
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  });

  test('answers 500 while a Service is gone, and serves it when it is back', async () => {
    const { ns, gw } = await shop('returning');
    await rig.remove([service(ns, 'web')]);
    await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toEqual(['path /* -> answer 500']));
    await waitForCondition(rig, httpRoute(ns, 'web', ['gw'], ['web']), 'ResolvedRefs', 'False', 'BackendNotFound');
    const addresses = await rig.backend(ns, 'web');
    await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toEqual([`path /* -> ${ns}/web:80=1`]));
    await eventually(() =>
      expect(targetsOf(rig, `${ns}/gw`, 'web:80')).toEqual(addresses.map((each) => `${each}:8080`).toSorted()),
    );
    await removeAndWait(rig, gw);
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  });

  test('follows its pods to another port', async () => {
    const { ns, gw } = await shop('pods');
    const addresses = targetsOf(rig, `${ns}/gw`, 'web:80').map((target) => target.split(':')[0] ?? '');
    expect(addresses).toHaveLength(2);
    await rig.apply([
      service(ns, 'web', { ports: [{ name: 'http', port: 80, targetPort: 9090 }] }),
      endpointSlice(ns, 'web', addresses, 9090, { portName: 'http' }),
    ]);
    await eventually(() =>
      expect(targetsOf(rig, `${ns}/gw`, 'web:80')).toEqual(addresses.map((each) => `${each}:9090`).toSorted()),
    );
    await removeAndWait(rig, gw);
  });

  test('follows its Service to another node port, and to another port', async () => {
    const ns = await rig.freshNamespace('node-port');
    const withPort = (port: number, nodePort: number) =>
      service(ns, 'web', { type: 'NodePort', ports: [{ name: 'http', port, targetPort: 8080, nodePort }] });
    const gw = gateway(ns, 'gw', [http()], { infrastructure: { parametersRef: parametersRef('lb') } });
    await rig.apply([
      loadBalancerConfiguration(ns, 'lb', { targetType: 'instance' }),
      withPort(80, 31_080),
      endpointSlice(ns, 'web', ['10.0.48.9'], 8080, { portName: 'http' }),
      gw,
      httpRoute(ns, 'web', ['gw'], ['web']),
    ]);
    const on = (port: number) => rig.seed.nodes.map(({ instanceId }) => `${instanceId}:${port}`).toSorted();
    await eventually(() => expect(targetsOf(rig, `${ns}/gw`, 'web:80')).toEqual(on(31_080)));
    await rig.apply([withPort(80, 31_081)]);
    await eventually(() => expect(targetsOf(rig, `${ns}/gw`, 'web:80')).toEqual(on(31_081)));
    await rig.apply([withPort(81, 31_081)]);
    await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toEqual(['path /* -> answer 500']));
    await removeAndWait(rig, gw);
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  });

  test('keeps its load balancer and its name while none of its listeners is good', async () => {
    const { ns, gw } = await shop('invalid');
    const [before] = awsOf(rig, `${ns}/gw`).loadBalancers;
    const bad = gateway(ns, 'gw', [{ name: 'own', protocol: 'example.com/own', port: 80 }]);
    await rig.apply([bad]);
    await waitForCondition(rig, bad, 'Accepted', 'False');
    await sleep(500);
    expect(awsOf(rig, `${ns}/gw`).loadBalancers).toEqual([before]);
    expect(await address(ns)).toBe(before?.dnsName);
    await rig.apply([gw]);
    await programmed(rig, gw);
    expect(awsOf(rig, `${ns}/gw`).loadBalancers.map(({ arn }) => arn)).toEqual([before?.arn]);
    await rig.apply([bad]);
    await waitForCondition(rig, bad, 'Accepted', 'False');
    await removeAndWait(rig, bad);
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  });

  test('goes with its namespace', async () => {
    const { ns, gw, route } = await shop('terminating');
    await rig.remove([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: ns } }]);
    // Like the namespace controller, in no particular order.
    await rig.remove([route, gw, service(ns, 'web')]);
    await gone(gatewayPath(ns, 'gw'));
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  });

  test('that is deleted and made again under its name at once is another one', async () => {
    const { ns, gw } = await shop('again');
    const uid = (await readGateway(rig, ns, 'gw'))?.metadata.uid;
    await removeAndWait(rig, gw);
    await rig.apply([gw]);
    await programmed(rig, gw);
    expect((await readGateway(rig, ns, 'gw'))?.metadata.uid).not.toBe(uid);
    await eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toEqual([`path /* -> ${ns}/web:80=1`]));
    expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(1);
    expect(said((await readGateway(rig, ns, 'gw'))?.status?.conditions)).toContain('Programmed=True/Programmed');
    await removeAndWait(rig, gw);
  });
});

test('twenty Gateways are made and deleted at once, and after the last one nothing is left', async () => {
  const ns = await rig.freshNamespace('many');
  await rig.backend(ns, 'web');
  await rig.apply([await tlsSecret(ns, 'tls', ['many.example.com'])]);
  const many = Array.from({ length: 20 }, (_, index) => gateway(ns, `gw-${index}`, [http(), https(['tls'])]));
  const routes = many.map(({ metadata: { name } }) => httpRoute(ns, name, [name], ['web']));
  await rig.apply([...many, ...routes]);
  for (const gw of many) await programmed(rig, gw);
  expect(rig.aws.world().acm.certificates.size).toBe(1);
  for (const { metadata } of many) {
    await eventually(() => expect(targetsOf(rig, `${ns}/${metadata.name}`, 'web:80')).toHaveLength(2));
  }
  await rig.remove(many);
  for (const { metadata } of many) await gone(gatewayPath(ns, metadata.name));
  expect(everythingOfOurs(rig.aws)).toEqual([]);
}, 120_000);
