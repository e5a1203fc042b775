// The addresses of Gateways, with the real MetalLB and real Envoys. A machine outside of the cluster sends the requests.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyYaml, deleteObjects, get, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import { sandboxObstacle } from '../../localstack/sandbox.ts';
import type { Service } from '../../src/api/core.ts';
import type { Gateway, GatewayAddress } from '../../src/api/gateway-api.ts';
import type { Condition } from '../../src/kube/object.ts';
import { deployment } from './support/balanced.ts';
import { type GatehouseInCluster, installGatehouse, startGatehouseIn } from './support/gatehouse-in-cluster.ts';
import { gateway, gatewayClass, http, httpRoute, namespace } from './support/objects.ts';
import { type PodsCluster, startPodsCluster } from './support/pods-cluster.ts';
import { gatewayPath } from './support/status.ts';

const obstacle = sandboxObstacle();
const waitMs = 90_000;
const testMs = 2 * waitMs;

const echo = (ns: string): readonly KubeObject[] => [
  deployment(ns, 'echo', {
    containers: [
      {
        name: 'echo',
        image: 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0',
        readinessProbe: { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 },
      },
    ],
  }),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'echo', namespace: ns },
    spec: { selector: { app: 'echo' }, ports: [{ port: 80, targetPort: 3000 }] },
  },
];

const skipped = obstacle === undefined ? '' : ` (skipped: ${obstacle})`;

describe.skipIf(obstacle !== undefined)(`addresses of Gateways on MetalLB${skipped}`, () => {
  let cluster: PodsCluster;
  let gatehouse: GatehouseInCluster;

  // The first time on a machine it builds MetalLB.
  beforeAll(async () => {
    cluster = await startPodsCluster('--metallb', []);
    await installGatehouse(cluster);
    await applyYaml(cluster.admin, [
      namespace('shop'),
      gatewayClass('metallb', { controllerName: 'gatehouse.dev/metallb' }),
      ...echo('shop'),
      httpRoute('shop', 'all', ['web'], ['echo']),
    ]);
    gatehouse = startGatehouseIn(cluster, { 'handover-period': '5s' });
  }, 1_800_000);
  afterAll(async () => {
    await gatehouse.stop();
    cluster.process.kill('SIGKILL');
    await cluster.admin.close();
  });

  const ask = (addresses: readonly GatewayAddress[], name = 'web', more: object = {}) =>
    applyYaml(cluster.admin, [gateway('shop', name, [http()], { gatewayClassName: 'metallb', addresses, ...more })]);

  const ip = (...values: readonly string[]): readonly GatewayAddress[] =>
    values.map((value) => ({ type: 'IPAddress', value }));

  /** Waits for a condition of the current generation: `Programmed=False/AddressNotUsable`. @returns the Gateway */
  async function until(
    wanted: string,
    accept: (found: Gateway) => boolean = () => true,
    name = 'web',
  ): Promise<Gateway> {
    const path = gatewayPath('shop', name);
    const found = await waitFor<Gateway>(
      cluster.admin,
      path,
      (it) => it !== undefined && said(it).includes(wanted) && accept(it),
      { timeoutMs: waitMs },
    ).catch((error: unknown) => {
      throw new Error(readFileSync(gatehouse.logFile, 'utf8').slice(-4000), { cause: error });
    });
    if (found === undefined) throw new Error(`Expected Gateway ${name}`);
    return found;
  }

  const said = ({ metadata, status }: Gateway): readonly string[] =>
    (status?.conditions ?? [])
      .filter(({ observedGeneration }) => observedGeneration === metadata.generation)
      .map(({ type, status: value, reason }) => `${type}=${value}/${reason}`);

  const messageOf = ({ status }: Gateway, type: string): string =>
    status?.conditions?.find((each: Condition) => each.type === type)?.message ?? '';

  const has =
    (...values: readonly string[]) =>
    ({ status }: Gateway): boolean =>
      JSON.stringify(status?.addresses?.map(({ value }) => value) ?? []) === JSON.stringify(values);

  const statusAt = async (address: string): Promise<unknown> =>
    (await cluster.client.fetch(`http://${address}/`)).status;
  const eventuallyServedAt = (address: string) =>
    expect.poll(() => statusAt(address).catch(String), { timeout: waitMs, interval: 100 }).toBe(200);

  const services = async (): Promise<readonly Service[]> => {
    const path = '/api/v1/namespaces/shop/services?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dgatehouse';
    return (await get<{ readonly items: readonly Service[] }>(cluster.admin, path))?.items ?? [];
  };

  test(
    'a Gateway is programmed at the address that it asks for, and says which node announces it',
    async () => {
      await ask(ip('10.249.0.150'));
      await until('Programmed=True/Programmed', has('10.249.0.150'));
      await eventuallyServedAt('10.249.0.150');
      const found = await until('gatehouse.dev/Announced=True/Announced');
      expect(messageOf(found, 'gatehouse.dev/Announced')).toMatch(/^Node \S+ announces 10\.249\.0\.150\.$/);
      expect(said(found)).toContain('gatehouse.dev/UpToDate=True/UpToDate');
    },
    testMs,
  );

  test(
    'a second address that no pool has makes it unprogrammed, and the first one serves',
    async () => {
      await ask(ip('10.249.0.150', '192.0.2.1'));
      const inWords = (found: Gateway) => messageOf(found, 'Programmed').includes('MetalLB says');
      const found = await until('Programmed=False/AddressNotUsable', inWords);
      expect(messageOf(found, 'Programmed')).toMatch(
        /192\.0\.2\.1 cannot be assigned\. No IPAddressPool has the address/,
      );
      expect(has('10.249.0.150')(found)).toBe(true);
      expect(found.status?.listeners?.[0]?.conditions.find(({ type }) => type === 'Programmed')?.status).toBe('True');
      expect(await statusAt('10.249.0.150')).toBe(200);
      await ask(ip('10.249.0.150'));
      await until('Programmed=True/Programmed', has('10.249.0.150'));
      await expect.poll(services, { timeout: waitMs }).toHaveLength(1);
    },
    testMs,
  );

  test(
    'an address moves, and clients of the old one lose no request until the handover is over',
    async () => {
      const failures: unknown[] = [];
      let answered = 0;
      const over = new AbortController();
      const client = (async () => {
        while (!over.signal.aborted) {
          await statusAt('10.249.0.150').then(
            (status) => (status === 200 ? (answered += 1) : failures.push(status)),
            (failure: unknown) => failures.push(failure),
          );
        }
      })();
      await ask(ip('10.249.0.151'));
      await until('Programmed=True/Programmed', has('10.249.0.151'));
      await eventuallyServedAt('10.249.0.151');
      over.abort();
      await client;
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(0);
      await expect.poll(services, { timeout: waitMs }).toHaveLength(1);
      await expect.poll(() => cluster.client.whoHas('10.249.0.150'), { timeout: waitMs }).toBeUndefined();
      expect(await statusAt('10.249.0.151')).toBe(200);
    },
    testMs,
  );

  test(
    'a type of address that nobody knows changes nothing',
    async () => {
      await ask([{ type: 'example.com/unknown', value: 'x' }]);
      const found = await until('Accepted=False/UnsupportedAddress');
      expect(has('10.249.0.151')(found)).toBe(true);
      expect(await statusAt('10.249.0.151')).toBe(200);
      await ask(ip('10.249.0.151'));
      await until('Programmed=True/Programmed');
    },
    testMs,
  );

  test(
    'a pool is taken away and given back',
    async () => {
      const path = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
      const pool = await get(cluster.admin, `${path}/default`);
      const metadata = { name: 'default', namespace: 'metallb-system' };
      const lent: KubeObject = {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'IPAddressPool',
        metadata,
        spec: pool?.['spec'],
      };
      await deleteObjects(cluster.admin, [lent]);
      const found = await until('Programmed=False/AddressNotUsable', has());
      expect(messageOf(found, 'Programmed')).toContain('MetalLB has no IPAddressPool');
      await applyYaml(cluster.admin, [lent]);
      await until('Programmed=True/Programmed', has('10.249.0.151'));
      await eventuallyServedAt('10.249.0.151');
    },
    testMs,
  );

  test(
    'a Service that no controller claims is said after 30 seconds',
    async () => {
      const configuration: KubeObject = {
        apiVersion: 'gatehouse.dev/v1alpha1',
        kind: 'ProxyConfiguration',
        metadata: { name: 'nobody', namespace: 'shop' },
        spec: { service: { loadBalancerClass: 'example.com/nobody' } },
      };
      const parametersRef = { group: 'gatehouse.dev', kind: 'ProxyConfiguration', namespace: 'shop', name: 'nobody' };
      await applyYaml(cluster.admin, [
        configuration,
        gatewayClass('nobody', { controllerName: 'gatehouse.dev/metallb', parametersRef }),
      ]);
      await ask([], 'lost', { gatewayClassName: 'nobody' });
      const early = await until('Programmed=False/AddressNotAssigned', undefined, 'lost');
      expect(messageOf(early, 'Programmed')).toContain('An address is not assigned yet.');
      const late = (found: Gateway) =>
        messageOf(found, 'Programmed').includes('No load balancer controller has claimed');
      const found = await until('Programmed=False/AddressNotAssigned', late, 'lost');
      expect(messageOf(found, 'Programmed')).toContain('"example.com/nobody"');
    },
    testMs,
  );

  test(
    'nothing announces the address of a Gateway that is deleted',
    async () => {
      await deleteObjects(cluster.admin, [gateway('shop', 'web'), gateway('shop', 'lost')]);
      await waitFor(cluster.admin, gatewayPath('shop', 'web'), (it) => it === undefined, { timeoutMs: waitMs });
      await expect.poll(services, { timeout: waitMs }).toEqual([]);
      await expect.poll(() => cluster.client.whoHas('10.249.0.151'), { timeout: waitMs }).toBeUndefined();
    },
    testMs,
  );
});
