// A Gateway on MetalLB, with the real MetalLB and real Envoys. All requests come from a machine outside of the cluster, over ARP.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import { applyYaml, deleteObjects, get, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import { sandboxObstacle } from '../../localstack/sandbox.ts';
import type { Service } from '../../src/api/core.ts';
import type { Gateway } from '../../src/api/gateway-api.ts';
import { deployment } from './support/balanced.ts';
import { eventually } from './support/eventually.ts';
import { type GatehouseInCluster, installGatehouse, startGatehouseIn } from './support/gatehouse-in-cluster.ts';
import { gateway, gatewayClass, http, httpRoute, https, namespace } from './support/objects.ts';
import { type PodsCluster, startPodsCluster } from './support/pods-cluster.ts';
import { secretOf } from './support/tls.ts';

const obstacle = sandboxObstacle();
const waitMs = 90_000;

/** What Gatehouse makes for a Gateway, and what comes of it. */
const kinds = [
  '/api/v1/services',
  '/api/v1/configmaps',
  '/api/v1/serviceaccounts',
  '/api/v1/pods',
  '/apis/apps/v1/deployments',
  '/apis/apps/v1/replicasets',
  '/apis/policy/v1/poddisruptionbudgets',
  '/apis/autoscaling/v2/horizontalpodautoscalers',
];

const echo = (name: string): readonly KubeObject[] => [
  deployment('shop', name, {
    containers: [
      {
        name: 'echo',
        image: 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0',
        env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        readinessProbe: { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 },
      },
    ],
  }),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 3000 }] },
  },
];

describe.skipIf(obstacle !== undefined)(`a Gateway on MetalLB${obstacle ? ` (skipped: ${obstacle})` : ''}`, () => {
  let cluster: PodsCluster;
  let gatehouse: GatehouseInCluster;
  let ca: string;
  let address: string;

  // The first time on a machine it builds MetalLB.
  beforeAll(async () => {
    cluster = await startPodsCluster('--metallb', []);
    await installGatehouse(cluster);
    const { certificatePem, privateKey } = await selfSigned(['www.example.com'], 'EC_prime256v1', Date.now(), '01');
    ca = certificatePem;
    await applyYaml(cluster.admin, [
      namespace('shop'),
      gatewayClass('metallb', { controllerName: 'gatehouse.dev/metallb' }),
      ...echo('one'),
      ...echo('two'),
      secretOf('shop', 'www', certificatePem, privateKey),
      gateway('shop', 'web', [http(), https(['www'])], { gatewayClassName: 'metallb' }),
      httpRoute('shop', 'www', ['web'], ['one']),
    ]);
    gatehouse = startGatehouseIn(cluster);
  }, 1_800_000);
  afterAll(async () => {
    await gatehouse.stop();
    cluster.process.kill('SIGKILL');
    await cluster.admin.close();
  });

  const answering = async (url: string): Promise<string> => {
    const response = await cluster.client.fetch(url, { address, ca });
    const { pod = '' } = response.status === 200 ? await bodyOf(response) : {};
    return pod.replace(/-.*/, '');
  };

  /** Everything that has our label, with its version. Pods that only answer their last requests are Kubernetes' to remove. */
  const existing = async (): Promise<readonly string[]> => {
    const selector = 'labelSelector=app.kubernetes.io%2Fmanaged-by%3Dgatehouse';
    const found = await Promise.all(
      kinds.map(async (path) => {
        const list = await get<{ readonly items: readonly KubeObject[] }>(cluster.admin, `${path}?${selector}`);
        const staying = (list?.items ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        return staying.map(
          ({ metadata }) => `${path} ${metadata.namespace}/${metadata.name} ${String(metadata.resourceVersion)}`,
        );
      }),
    );
    return found.flat();
  };

  test(
    'gets an address, and answers HTTP and HTTPS there',
    async () => {
      const found = await waitFor<Gateway & KubeObject>(
        cluster.admin,
        '/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/web',
        (it) => it?.status?.conditions?.some(({ type, status }) => type === 'Programmed' && status === 'True') === true,
        { timeoutMs: waitMs },
      ).catch((error: unknown) => {
        throw new Error(readFileSync(gatehouse.logFile, 'utf8'), { cause: error });
      });
      address = found?.status?.addresses?.[0]?.value ?? '';
      expect(address).toMatch(/^10\.249\.0\.\d+$/);
      expect(await cluster.client.whoHas(address)).toBeDefined();
      expect(await answering('http://www.example.com/')).toBe('one');
      expect(await answering('https://www.example.com/')).toBe('one');
    },
    2 * waitMs,
  );

  test(
    'answers as a changed route says within a moment',
    async () => {
      await applyYaml(cluster.admin, [httpRoute('shop', 'www', ['web'], ['two'])]);
      await eventually(async () => expect(await answering('http://www.example.com/')).toBe('two'), 2000);
    },
    waitMs,
  );

  test(
    'keeps its address with externalTrafficPolicy Local and back, and the Service has a health port meanwhile',
    async () => {
      const services = '/api/v1/namespaces/shop/services?labelSelector=gatehouse.dev%2Fgateway';
      const specIs = (policy: string) =>
        eventually(async () => {
          const [found, ...others] =
            (await get<{ readonly items: readonly Service[] }>(cluster.admin, services))?.items ?? [];
          expect(others).toEqual([]);
          expect(found?.spec.externalTrafficPolicy).toBe(policy);
          expect(found?.spec.healthCheckNodePort !== undefined).toBe(policy === 'Local');
          expect(found?.spec.ports?.map(({ nodePort }) => nodePort)).toEqual([undefined, undefined]);
          expect(found?.status?.loadBalancer?.ingress?.map(({ ip }) => ip)).toEqual([address]);
          expect(await answering('http://www.example.com/')).toBe('two');
        }, waitMs);
      const parametersRef = { group: 'gatehouse.dev', kind: 'ProxyConfiguration', name: 'local' };
      const listeners = [http(), https(['www'])];
      await applyYaml(cluster.admin, [
        {
          apiVersion: 'gatehouse.dev/v1alpha1',
          kind: 'ProxyConfiguration',
          metadata: { name: 'local', namespace: 'shop' },
          spec: { service: { externalTrafficPolicy: 'Local' } },
        },
        gateway('shop', 'web', listeners, { gatewayClassName: 'metallb', infrastructure: { parametersRef } }),
      ]);
      await specIs('Local');
      const before = await existing();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect(await existing()).toEqual(before);
      await applyYaml(cluster.admin, [gateway('shop', 'web', listeners, { gatewayClassName: 'metallb' })]);
      await specIs('Cluster');
    },
    3 * waitMs,
  );

  test(
    'is as it was after a restart of Gatehouse, which writes nothing',
    async () => {
      const available = '/apis/apps/v1/namespaces/shop/deployments';
      await waitFor<{ readonly items: readonly (KubeObject & { readonly status?: Record<string, unknown> })[] }>(
        cluster.admin,
        available,
        (list) => list?.items.every(({ status }) => status?.['unavailableReplicas'] === undefined) === true,
        { timeoutMs: waitMs },
      );
      const before = await existing();
      expect(await gatehouse.stop()).toBe(0);
      expect(await answering('https://www.example.com/')).toBe('two');
      gatehouse = startGatehouseIn(cluster);
      await eventually(() => expect(readFileSync(gatehouse.logFile, 'utf8')).toContain('An Envoy connected'), waitMs);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect(await existing()).toEqual(before);
      await applyYaml(cluster.admin, [httpRoute('shop', 'www', ['web'], ['one'])]);
      await eventually(async () => expect(await answering('http://www.example.com/')).toBe('one'), 10_000);
    },
    3 * waitMs,
  );

  test(
    'serves when its Envoys are connected to a replica that does not lead',
    async () => {
      await gatehouse.stop();
      const elected = { 'enable-leader-election': 'true', 'ads-address': '10.250.1.1:18000' };
      const leader = startGatehouseIn(cluster, elected, 18_001);
      await eventually(() => expect(readFileSync(leader.logFile, 'utf8')).toContain('leads:'), waitMs);
      gatehouse = startGatehouseIn(cluster, elected);
      await eventually(() => expect(readFileSync(gatehouse.logFile, 'utf8')).toContain('An Envoy connected'), waitMs);
      await applyYaml(cluster.admin, [
        gateway('shop', 'web', [http(), https(['www']), http({ name: 'more', port: 8080 })], {
          gatewayClassName: 'metallb',
        }),
      ]);
      await eventually(async () => expect(await answering('http://www.example.com:8080/')).toBe('one'), waitMs);
      const isServed = ({ status }: Gateway & KubeObject): boolean =>
        status?.listeners?.some(
          ({ name, conditions }) =>
            name === 'more' && conditions.some((each) => each.type === 'Programmed' && each.status === 'True'),
        ) === true;
      const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/web';
      await waitFor<Gateway & KubeObject>(cluster.admin, path, (it) => it !== undefined && isServed(it), {
        timeoutMs: waitMs,
      });
      expect(readFileSync(leader.logFile, 'utf8')).not.toContain('An Envoy connected');
      await leader.stop();
    },
    4 * waitMs,
  );

  test(
    'leaves nothing when it is deleted',
    async () => {
      await deleteObjects(cluster.admin, [gateway('shop', 'web', [], {})]);
      const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/web';
      await waitFor(cluster.admin, path, (it) => it === undefined, { timeoutMs: waitMs });
      expect(await existing()).toEqual([]);
      expect(await cluster.client.whoHas(address)).toBeUndefined();
    },
    2 * waitMs,
  );
});

interface Echo {
  readonly pod: string;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the echo server's answer
const bodyOf = async (response: { json(): Promise<unknown> }): Promise<Echo> => (await response.json()) as Echo;
