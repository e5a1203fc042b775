// The rendered deploy/ on a real API server, and the permissions of the controller's ServiceAccount.
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { applyYaml, type KubeObject } from '../../localstack/cluster/apply.ts';
import { type Connection, connect } from '../../localstack/cluster/connection.ts';
import { readKubeconfig, writeKubeconfig } from '../../localstack/cluster/kubeconfig.ts';
import { flags, readConfig } from '../../src/config.ts';
import { kustomize } from './kustomize.ts';

const namespace = 'gatehouse-system';
const deploy = join(import.meta.dirname, '../../deploy');

const podTemplate = z.object({
  metadata: z.looseObject({}),
  spec: z.looseObject({
    containers: z.array(
      z.looseObject({
        image: z.string(),
        args: z.array(z.string()),
        env: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
        envFrom: z.array(
          z.object({ configMapRef: z.object({ name: z.string(), optional: z.boolean().default(false) }) }),
        ),
        ports: z.array(z.looseObject({ name: z.string(), containerPort: z.int() })),
      }),
    ),
  }),
});
const deployment = z.object({ kind: z.literal('Deployment'), spec: z.object({ template: podTemplate }) });

const named = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) });
const configMap = z.object({ kind: z.literal('ConfigMap'), metadata: z.object({ name: z.string() }) });

let admin: Connection;
let rendered: string;
let applied: readonly KubeObject[];

beforeAll(async () => {
  admin = await connect(inject('kubeconfig'));
  rendered = await kustomize(deploy);
  applied = await applyYaml(admin, rendered);
});
afterAll(() => admin.close());

const objectsOf = (yaml: string): readonly unknown[] =>
  parseAllDocuments(yaml).map((document): unknown => document.toJS());

/** The Deployment's pod, as its controller would create it. */
const pod = (yaml = rendered): z.infer<typeof podTemplate> =>
  deployment.parse(objectsOf(yaml).find((object) => deployment.safeParse(object).success)).spec.template;

test('an API server takes every object', () => {
  expect(applied.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
    'ClusterRole gatehouse-application',
    'ClusterRole gatehouse-controller',
    'ClusterRole gatehouse-operator',
    'ClusterRole gatehouse-platform',
    'ClusterRole gatehouse-proxies',
    'ClusterRole gatehouse-view',
    'ClusterRoleBinding gatehouse-controller',
    'ClusterRoleBinding gatehouse-proxies',
    'CustomResourceDefinition loadbalancerconfigurations.gatehouse.dev',
    'CustomResourceDefinition proxyconfigurations.gatehouse.dev',
    'Deployment gatehouse',
    'Namespace gatehouse-system',
    'PodDisruptionBudget gatehouse',
    'Role gatehouse-controller',
    'Role gatehouse-proxies',
    'RoleBinding gatehouse-controller',
    'RoleBinding gatehouse-proxies',
    'Service gatehouse-ads',
    'ServiceAccount gatehouse',
    ...['Policy', 'PolicyBinding'].flatMap((kind) =>
      ['deployments', 'objects', 'service-accounts', 'services'].map(
        (name) => `ValidatingAdmission${kind} gatehouse-${name}`,
      ),
    ),
  ]);
});

const namesIn = (yaml: string): readonly string[] =>
  objectsOf(yaml).map((object) => {
    const { kind, metadata } = named.parse(object);
    return `${kind} ${metadata.name}`;
  });

test('AWS alone needs no rights of proxies, and the pod runs this provider only', async () => {
  const forAws = await kustomize(join(deploy, 'aws'));
  const ofProxies = applied
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .filter((name) => /prox|ads|Admission/.test(name) && !/CustomResource/.test(name));
  expect(ofProxies).toHaveLength(13);
  expect(namesIn(forAws).toSorted()).toEqual(
    namesIn(rendered)
      .filter((name) => !ofProxies.includes(name))
      .toSorted(),
  );
  expect(pod(forAws).spec.containers[0]?.env).toEqual([{ name: 'GATEHOUSE_PROVIDERS', value: 'aws' }]);
});

test('MetalLB alone runs this provider only', async () => {
  const forMetallb = await kustomize(join(deploy, 'metallb'));
  expect(namesIn(forMetallb).toSorted()).toEqual(namesIn(rendered).toSorted());
  expect(pod(forMetallb).spec.containers[0]?.env).toEqual([{ name: 'GATEHOUSE_PROVIDERS', value: 'metallb' }]);
});

test('the pod is admitted to its namespace, which enforces the restricted standard', async () => {
  const { metadata, spec } = pod();
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'gatehouse' }, spec };
  const made = await admin.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, { body });
  expect(made).toMatchObject({ kind: 'Pod' });
});

test('without an overlay the pods wait for their settings, and nothing runs under a made-up name', () => {
  expect(pod().spec.containers[0]?.envFrom).toEqual([
    { configMapRef: { name: 'gatehouse-settings', optional: false } },
  ]);
  expect(applied.map(({ kind }) => kind)).not.toContain('ConfigMap');
});

test('the overlay of deploy/README.md sets image, cluster name and role by their names', async () => {
  const readme = await readFile(join(deploy, 'README.md'), 'utf8');
  const [, example = ''] = /```yaml\n( *# kustomization\.yaml\n[^`]*)```/.exec(readme) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-overlay-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  // Kustomize needs a relative path to a folder.
  const overlay = example
    .replaceAll(/^ {3}/gm, '')
    .replace('path/to/gatehouse/deploy', relative(await realpath(folder), deploy));
  await writeFile(join(folder, 'kustomization.yaml'), overlay);
  const yaml = await kustomize(folder);
  const objects = objectsOf(yaml);
  const [container] = pod(yaml).spec.containers;
  expect(container?.image).toBe('REGISTRY/gatehouse:0.1.0');
  const name = container?.envFrom[0]?.configMapRef.name;
  expect(name).toMatch(/^gatehouse-settings-/);
  const settings = z.object({ data: z.record(z.string(), z.string()) });
  const map = objects.find((object) => configMap.safeParse(object).data?.metadata.name === name);
  expect(readConfig({}, settings.parse(map).data).clusterName).toBe('my-cluster');
  expect(objects).toContainEqual(
    expect.objectContaining({
      kind: 'ServiceAccount',
      metadata: expect.objectContaining({
        annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/gatehouse-my-cluster' },
      }),
    }),
  );
});

test('the Deployment probes and scrapes where the controller listens', () => {
  const [container] = pod().spec.containers;
  expect(container?.args).toEqual(['run']);
  expect(container?.ports.map(({ containerPort }) => `:${containerPort}`)).toEqual([
    flags['metrics-bind-addr'].schema.parse(undefined),
    flags['health-probe-bind-addr'].schema.parse(undefined),
    flags['ads-bind-addr'].schema.parse(undefined),
  ]);
});

const spec = { scheme: 'internal', sourceRanges: ['10.0.0.0/8', '2001:db8::/32'], tags: { team: 'shop' } };

const configuration = (given: object): KubeObject => ({
  apiVersion: 'gatehouse.dev/v1alpha1',
  kind: 'LoadBalancerConfiguration',
  metadata: { name: 'deploy-test', namespace },
  spec: given,
});

test('a LoadBalancerConfiguration is stored as it is written', async () => {
  expect(await applyYaml(admin, [configuration(spec)])).toMatchObject([{ spec }]);
});

test.each([
  ['a range that is no CIDR', { sourceRanges: ['10.0.0.1'] }, /sourceRanges\[0\]/],
  ['source ranges beside security groups', { ...spec, securityGroups: ['sg-1'] }, /cannot be used together/],
  ['a reserved tag', { tags: { 'AWS:name': 'x' } }, /are reserved/],
  ['one of our own tags', { tags: { 'gatehouse.dev/cluster': 'x' } }, /are reserved/],
  ['a tag without a key', { tags: { '': 'x' } }, /1 to 128 characters/],
  ['no subnet', { subnets: [] }, /at least 1 items/],
  ['a field that there is not', { schema: 'internal' }, /field not declared/],
])('the API server refuses a LoadBalancerConfiguration with %s', async (_, given, message) => {
  await expect(applyYaml(admin, [configuration(given)])).rejects.toThrow(message);
});

const proxies = (given: object): KubeObject => ({ ...configuration(given), kind: 'ProxyConfiguration' });

test('a ProxyConfiguration is stored as it is written', async () => {
  const all = {
    autoscaling: { maxReplicas: 5 },
    resources: { requests: { cpu: '0.5', memory: '256Mi' }, limits: { memory: '1Gi' } },
    nodeSelector: { role: 'edge' },
    tolerations: [{ key: 'edge', operator: 'Exists' }],
    service: { pool: 'public', sourceRanges: ['10.0.0.0/8', '2001:db8::/32'] },
    allow: { pools: ['public'], placement: true },
  };
  expect(await applyYaml(admin, [proxies(all)])).toMatchObject([{ spec: all }]);
});

test.each([
  ['no replicas', { replicas: 0 }, /greater than or equal to 1/],
  ['replicas beside an autoscaler', { replicas: 2, autoscaling: { maxReplicas: 3 } }, /cannot be used together/],
  ['an autoscaler with too few', { autoscaling: { maxReplicas: 1 } }, /must not be above maxReplicas/],
  ['memory without a number', { resources: { limits: { memory: 'much' } } }, /should match/],
  ['a range that is no CIDR', { service: { sourceRanges: ['10.0.0.1'] } }, /sourceRanges\[0\]/],
  ['a pool that is no name', { service: { pool: 'Public' } }, /should match/],
  ['a field that there is not', { replica: 2 }, /field not declared/],
])('the API server refuses a ProxyConfiguration with %s', async (_, given, message) => {
  await expect(applyYaml(admin, [proxies(given)])).rejects.toThrow(message);
});

describe('the controller’s ServiceAccount', () => {
  let account: Connection;

  beforeAll(async () => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/gatehouse/token`;
    const { status } = await admin.request<{ readonly status: { readonly token: string } }>('POST', path, { body });
    const file = join(inject('dir'), 'deploy-test.kubeconfig');
    const user = { kind: 'token', name: 'gatehouse', token: status.token } as const;
    await writeKubeconfig(file, { ...(await readKubeconfig(inject('kubeconfig'))), user });
    account = await connect(file);
    // Roles take effect a moment after they are written.
    await vi.waitUntil(() => may('list gateways.gateway.networking.k8s.io'), { timeout: 10_000, interval: 50 });
  });
  afterAll(() => account.close());

  /** @param what `VERB RESOURCE[.GROUP][/SUBRESOURCE] [-n NAMESPACE] [NAME]` */
  async function may(what: string): Promise<boolean> {
    const [, verb, plural = '', group, subresource, inNamespace, name] =
      /^(\w+) ([a-z]+)(?:\.([a-z0-9.]+))?(?:\/([a-z]+))?(?: -n ([a-z-]+))?(?: (\S+))?$/.exec(what) ?? [];
    const resourceAttributes = { verb, group, resource: plural, subresource, namespace: inNamespace, name };
    const { status } = await account.request<{ readonly status: { readonly allowed: boolean } }>(
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        },
      },
    );
    return status.allowed;
  }

  const gatewayApi = 'gateway.networking.k8s.io';
  const routes = ['httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes', 'udproutes'];
  const watched = [
    `gatewayclasses.${gatewayApi}`,
    `gateways.${gatewayApi}`,
    `listenersets.${gatewayApi}`,
    `referencegrants.${gatewayApi}`,
    `backendtlspolicies.${gatewayApi}`,
    ...routes.map((plural) => `${plural}.${gatewayApi}`),
    'loadbalancerconfigurations.gatehouse.dev',
    'proxyconfigurations.gatehouse.dev',
    'services',
    'secrets',
    'nodes',
    'namespaces',
    'endpointslices.discovery.k8s.io',
  ];

  /** proxies/policy.yaml limits what may be written. */
  const ofProxies = [
    'services',
    'serviceaccounts',
    'configmaps',
    'deployments.apps',
    'poddisruptionbudgets.policy',
    'horizontalpodautoscalers.autoscaling',
  ];

  test.each([
    ...watched.flatMap((resource) => ['get', 'list', 'watch'].map((verb) => `${verb} ${resource}`)),
    ...['gatewayclasses', 'gateways', 'listenersets', 'backendtlspolicies', ...routes].map(
      (plural) => `patch ${plural}.${gatewayApi}/status`,
    ),
    `patch gateways.${gatewayApi}`,
    `patch gatewayclasses.${gatewayApi}`,
    `get customresourcedefinitions.apiextensions.k8s.io gateways.${gatewayApi}`,
    ...ofProxies.flatMap((resource) =>
      ['get', 'list', 'watch', 'create', 'patch', 'delete'].map((verb) => `${verb} ${resource} -n shop`),
    ),
    'create tokenreviews.authentication.k8s.io',
    'create secrets -n gatehouse-system',
    'get secrets -n gatehouse-system gatehouse-ads',
    'update secrets -n gatehouse-system gatehouse-ads',
    'watch pods',
    'watch events',
    'watch ipaddresspools.metallb.io',
    'create events.events.k8s.io -n shop',
    'patch events.events.k8s.io -n shop',
    'create leases.coordination.k8s.io -n gatehouse-system',
    'get leases.coordination.k8s.io -n gatehouse-system gatehouse',
    'update leases.coordination.k8s.io -n gatehouse-system gatehouse',
    'create configmaps -n gatehouse-system',
    'get configmaps -n gatehouse-system gatehouse-targets',
    'patch configmaps -n gatehouse-system gatehouse-targets',
  ])('may %s', async (what) => {
    expect(await may(what)).toBe(true);
  });

  test.each([
    ...watched
      .filter((resource) => resource !== 'services')
      .flatMap((resource) => ['create', 'update', 'delete'].map((verb) => `${verb} ${resource}`)),
    ...ofProxies.map((resource) => `update ${resource} -n shop`),
    ...['listenersets', 'referencegrants', 'backendtlspolicies', ...routes].map(
      (plural) => `patch ${plural}.${gatewayApi}`,
    ),
    'patch secrets',
    'create secrets -n shop',
    'update secrets -n gatehouse-system another',
    'get pods',
    'create pods -n shop',
    'create replicasets.apps -n shop',
    'patch deployments.apps/scale -n shop',
    'create serviceaccounts/token -n shop',
    'update leases.coordination.k8s.io -n gatehouse-system another',
    'get leases.coordination.k8s.io -n kube-system gatehouse',
    'get customresourcedefinitions.apiextensions.k8s.io another.example.com',
    'list customresourcedefinitions.apiextensions.k8s.io',
    'patch clusterroles.rbac.authorization.k8s.io',
  ])('may not %s', async (what) => {
    expect(await may(what)).toBe(false);
  });

  test('holds a Gateway by its finalizer and reports its status, and can’t delete it', async () => {
    const apiVersion = `${gatewayApi}/v1`;
    const path = `/apis/${apiVersion}/namespaces/${namespace}/gateways/deploy-test`;
    await applyYaml(admin, [
      {
        apiVersion,
        kind: 'Gateway',
        metadata: { name: 'deploy-test', namespace },
        spec: { gatewayClassName: 'none', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
      },
    ]);
    const contentType = 'application/merge-patch+json';
    const finalizers = ['gatehouse.dev/aws'];
    await account.request('PATCH', path, { contentType, body: { metadata: { finalizers } } });
    const addresses = [{ type: 'Hostname', value: 'a.example.com' }];
    const written = await account.request('PATCH', `${path}/status`, { contentType, body: { status: { addresses } } });
    expect(written).toMatchObject({ metadata: { finalizers }, status: { addresses } });
    await expect(account.request('DELETE', path)).rejects.toThrow(/403 Forbidden/);
    await account.request('PATCH', path, { contentType, body: { metadata: { finalizers: [] } } });
    await admin.request('DELETE', path);
  });
});
