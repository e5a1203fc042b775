import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { applyYaml, deleteObjects, get, waitFor } from '../../localstack/cluster/apply.ts';
import { type Cluster, startCluster } from '../../localstack/cluster/cluster.ts';
import { ApiError, type Connection, connect } from '../../localstack/cluster/connection.ts';

describe('the shared cluster', () => {
  let admin: Connection;
  beforeAll(async () => {
    admin = await connect(inject('kubeconfig'));
  });
  afterAll(() => admin.close());

  test('serves the version of Kubernetes that it was built from', async () => {
    expect(await admin.request('GET', '/version')).toMatchObject({ gitVersion: 'v1.36.3' });
    expect(admin.url).toBe(inject('url'));
  });

  test('has its kubeconfig readable by its owner alone', async () => {
    expect((await stat(inject('kubeconfig'))).mode & 0o777).toBe(0o600);
  });

  test.each(['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'referencegrants', 'listenersets'])(
    'serves the Gateway API’s %s',
    async (plural) => {
      const crd = await get<Definition>(admin, `${crds}/${plural}.gateway.networking.k8s.io`);
      expect(crd?.metadata.annotations).toMatchObject({
        'gateway.networking.k8s.io/bundle-version': 'v1.7.0',
        'gateway.networking.k8s.io/channel': 'standard',
      });
      expect(crd?.status.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }));
    },
  );

  test('refuses a Gateway that breaks a CEL rule of its CRD', async () => {
    const gateway = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'cluster-test-twins' },
      spec: {
        gatewayClassName: 'none',
        listeners: ['one', 'two'].map((name) => ({ name, port: 80, protocol: 'HTTP' })),
      },
    };
    await expect(applyYaml(admin, [gateway])).rejects.toThrow(
      /422 Invalid: .* port, protocol and hostname must be unique/,
    );
  });

  test('applies the same YAML twice without a change', async () => {
    const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: { name: twice, namespace: cluster-test-apply }
data: { key: value }
---
apiVersion: v1
kind: Namespace
metadata: { name: cluster-test-apply }
---
`;
    const first = await applyYaml(admin, manifest);
    expect(first.map(({ kind }) => kind)).toEqual(['Namespace', 'ConfigMap']);
    const second = await applyYaml(admin, manifest);
    expect(second[1]).toEqual(first[1]);
  });

  test('deletes what was applied, and again without complaint', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cluster-test-gone' } };
    const path = '/api/v1/namespaces/default/configmaps/cluster-test-gone';
    await applyYaml(admin, [map]);
    expect(await get(admin, path)).toMatchObject(map);
    await deleteObjects(admin, [map]);
    expect(await waitFor(admin, path, (object) => object === undefined)).toBeUndefined();
    await deleteObjects(admin, [map]);
  });

  test('says what was there when a wait is in vain', async () => {
    const path = '/api/v1/namespaces/default';
    await expect(waitFor(admin, path, () => false, { timeoutMs: 1 })).rejects.toThrow(/default is still not as .*uid/);
  });

  test('applies a definition and an object of its kind from one manifest', async () => {
    const applied = await applyYaml(admin, [
      { apiVersion: 'test.gatehouse.dev/v1', kind: 'Lamp', metadata: { name: 'desk' }, lit: true },
      lampDefinition,
    ]);
    expect(applied.at(-1)).toMatchObject({ kind: 'Lamp', metadata: { name: 'desk', namespace: 'default' }, lit: true });
    await deleteObjects(admin, [lampDefinition]);
  });
});

describe('a cluster of its own', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ crds: false });
  });
  afterAll(() => cluster.stop());

  test('has no Gateway API if none is wanted', async () => {
    expect(await get(cluster.admin, '/apis/gateway.networking.k8s.io/v1')).toBeUndefined();
  });

  test('lets a user do what RBAC grants, and nothing else', async () => {
    await applyYaml(cluster.admin, [
      { ...rbac('ClusterRole', 'readers'), rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }] },
      {
        ...rbac('ClusterRoleBinding', 'readers'),
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'readers' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
      },
    ]);
    const reader = await connect(await cluster.userKubeconfig('ann', ['others', 'readers']));
    // The authorizer sees a binding through a watch, a moment later.
    const list = await vi.waitFor(() => reader.request('GET', '/api/v1/configmaps'));
    expect(list).toMatchObject({ kind: 'ConfigMapList' });
    const refused = reader.request('GET', '/api/v1/secrets');
    await expect(refused).rejects.toThrow(ApiError);
    await expect(refused).rejects.toThrow(/User "ann" cannot list resource "secrets"/);
    await reader.close();
  });

  test('knows a ServiceAccount by its token', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } };
    await applyYaml(cluster.admin, [account]);
    const robot = await connect(await cluster.serviceAccountKubeconfig('default', 'robot'));
    await expect(robot.request('GET', '/api/v1/secrets')).rejects.toThrow(
      /User "system:serviceaccount:default:robot" cannot list/,
    );
    await robot.close();
  });

  test('keeps its data over a crash of the API server', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' }, data: { a: 'b' } };
    const [before] = await applyYaml(cluster.admin, [map]);
    const { apiServer } = cluster.pids();
    await cluster.killApiServer();
    const path = '/api/v1/namespaces/default/configmaps/kept';
    await expect(get(cluster.admin, path)).rejects.toThrow('fetch failed');
    await cluster.restartApiServer();
    expect(cluster.pids().apiServer).not.toBe(apiServer);
    expect(await get(cluster.admin, path)).toEqual(before);
  });
});

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

const rbac = (kind: string, name: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
});

const lampDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'lamps.test.gatehouse.dev' },
  spec: {
    group: 'test.gatehouse.dev',
    names: { kind: 'Lamp', plural: 'lamps' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { lit: { type: 'boolean' } } } },
      },
    ],
  },
};
