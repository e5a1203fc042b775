// The fleet of a Gateway on a real API server, written with the role and within the policies of deploy/.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { applyYaml } from '../../localstack/cluster/apply.ts';
import { type Cluster, startCluster } from '../../localstack/cluster/cluster.ts';
import { defaultProxySettings, type ProxySettings } from '../../src/api/proxy-configuration.ts';
import { fleetObjects } from '../../src/envoy/fleet/objects.ts';
import { applyObjects, type ObjectOutcome, planObjects } from '../../src/kube/apply-set.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { connect } from '../../src/kube/connect.ts';
import { errorMessage } from '../../src/kube/errors.ts';
import type { Kind } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { addressPlan } from '../../src/metallb/addresses.ts';
import { keepReplicas } from '../../src/metallb/fleet-turn.ts';
import { noWorld, optionsFor } from '../../src/metallb/testing/services.ts';
import { kustomize } from './kustomize.ts';

const name = 'web-0a1b2c3d';
const labels = {
  'app.kubernetes.io/managed-by': 'gatehouse',
  'gateway.networking.k8s.io/gateway-name': 'web',
  'gatehouse.dev/gateway': name,
};

const kind = (group: string, version: string, plural: string, of: string): Kind => ({
  group,
  version,
  plural,
  kind: of,
  namespaced: true,
});
const kinds = [
  kind('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  kind('', 'v1', 'configmaps', 'ConfigMap'),
  kind('', 'v1', 'services', 'Service'),
  kind('apps', 'v1', 'deployments', 'Deployment'),
  kind('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  kind('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
];

const { signal } = new AbortController();
let cluster: Cluster;
let gatehouse: KubeClient;

const clientFor = (kubeconfig: string): Promise<KubeClient> =>
  connect({ kubeconfig, userAgent: 'gatehouse-test', clock: systemClock, random: Math.random, env: {} });

// Its own cluster, because the policies hold for the whole cluster.
beforeAll(async () => {
  cluster = await startCluster();
  await applyYaml(cluster.admin, await kustomize(join(import.meta.dirname, '../../deploy')));
  gatehouse = await clientFor(await cluster.serviceAccountKubeconfig('gatehouse-system', 'gatehouse'));
  // Roles and policies take effect a moment after they are written.
  const probe = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'probe' } };
  await vi.waitUntil(
    async () => {
      const made = gatehouse.create(kind('', 'v1', 'configmaps', 'ConfigMap'), probe, signal);
      return errorMessage(await made.catch((error: unknown) => error)).includes('only objects with its labels');
    },
    { timeout: 30_000, interval: 100 },
  );
});
afterAll(async () => {
  gatehouse.close();
  await cluster.stop();
});

let namespaces = 0;

async function newNamespace(): Promise<string> {
  namespaces += 1;
  const namespace = `proxies-${namespaces}`;
  await applyYaml(cluster.admin, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
  return namespace;
}

const gatewayIn = (namespace: string) => ({ namespace, name: 'web', uid: '8f3c1f8e-0000-4000-8000-000000000001' });

const fleet = (namespace: string, settings: Partial<ProxySettings> = {}): readonly KubeObject[] => [
  ...fleetObjects({
    gateway: gatewayIn(namespace),
    name,
    labels,
    annotations: { note: 'a' },
    settings: { ...defaultProxySettings, ...settings },
    ads: {
      address: 'gatehouse-ads.gatehouse-system.svc:18000',
      serverName: 'gatehouse-ads.gatehouse-system.svc',
      audience: 'gatehouse.dev/ads',
      authorities: 'a',
    },
    families: ['IPv4'],
  }),
  ...addressPlan(optionsFor({ gateway: gatewayIn(namespace), name, labels }), noWorld).services,
];

const isOurs = ({ metadata }: KubeObject): boolean => metadata.labels?.['gatehouse.dev/gateway'] === name;

async function existing(namespace: string): Promise<readonly KubeObject[]> {
  const selection = { namespace, labelSelector: 'app.kubernetes.io/managed-by=gatehouse' };
  const lists = kinds.map(async (each) => {
    const { items } = await gatehouse.list(each, selection, signal);
    return items.map((item) => ({
      ...item,
      apiVersion: each.group === '' ? each.version : `${each.group}/${each.version}`,
      kind: each.kind,
    }));
  });
  return (await Promise.all(lists)).flat();
}

async function keep(namespace: string, desired: readonly KubeObject[]): Promise<readonly ObjectOutcome[]> {
  const objects = { desired, existing: await existing(namespace) };
  await keepReplicas(gatehouse, objects, signal);
  const plan = planObjects(objects);
  return await applyObjects(gatehouse, plan, { kinds, isOurs, signal });
}

const said = (outcomes: readonly ObjectOutcome[]): readonly string[] =>
  outcomes.map(
    ({ kind: outcome, object, ...rest }) => `${outcome} ${object.kind}${'detail' in rest ? `: ${rest.detail}` : ''}`,
  );

/** Values by path: `spec.template.spec.containers.0.image`. */
type Change = Readonly<Record<string, unknown>>;

/** What is refused, the policy's words, the kind, and the change that makes it so. */
const refusals: readonly (readonly [string, string, string, Change])[] = [
  ['an object without our labels', 'only objects with its labels', 'ConfigMap', { 'metadata.labels': { a: 'b' } }],
  ['an object without a Gateway', 'that a Gateway owns', 'ConfigMap', { 'metadata.ownerReferences': undefined }],
  ['another name', 'the name in their label', 'ConfigMap', { 'metadata.name': 'another' }],
  ['a token', 'no token and no Secrets', 'ServiceAccount', { automountServiceAccountToken: true }],
  ['a Secret', 'no token and no Secrets', 'ServiceAccount', { secrets: [{ name: 'a' }] }],
  [
    'another type',
    'have the type LoadBalancer',
    'Service',
    { 'spec.type': 'NodePort', 'spec.allocateLoadBalancerNodePorts': undefined },
  ],
  ['other pods', 'select the pods', 'Service', { 'spec.selector': { app: 'db' } }],
  ['external IPs', 'no external IPs', 'Service', { 'spec.externalIPs': ['192.0.2.1'] }],
  ...pods('have the ServiceAccount', { 'another ServiceAccount': { serviceAccountName: 'admin' } }),
  ...pods('no token for the API server', { 'a token': { automountServiceAccountToken: true } }),
  ...pods('have one container', {
    'an init container': { initContainers: [{ name: 'a', image: 'a' }] },
    'a second container': { 'containers.1': { name: 'a', image: 'a' } },
  }),
  ...pods('no namespace and no port', {
    'the network of the node': { hostNetwork: true },
    'the processes of the node': { hostPID: true },
    'the IPC of the node': { hostIPC: true },
    'a port of the node': { 'containers.0.ports.0.hostPort': 19_001 },
  }),
  ...pods('the scheduler chooses', {
    'a node of its choice': { nodeName: 'control-plane' },
    'a runtime of its choice': { runtimeClassName: 'other' },
  }),
  ...pods('volumes of proxies', {
    'a folder of the node': volume({ hostPath: { path: '/' } }),
    'a Secret as a volume': volume({ secret: { secretName: 'a' } }),
    'a Secret in a projected volume': volume({ projected: { sources: [{ secret: { name: 'a' } }] } }),
    'a claim': volume({ persistentVolumeClaim: { claimName: 'a' } }),
    'another ConfigMap': volume({ configMap: { name: 'a' } }),
    'a token for others': volume(token({ audience: 'https://kubernetes.default.svc' })),
    'a token for the API server as a volume': volume(token({})),
  }),
  ...pods('come from no Secret', {
    'a Secret as a variable': {
      'containers.0.env.1': { name: 'A', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } },
    },
    'a Secret as all variables': { 'containers.0.envFrom': [{ secretRef: { name: 'a' } }] },
  }),
  ...pods('the program of their image', { 'another program': { 'containers.0.command': ['/bin/sh'] } }),
  ...pods('a user without power', {
    root: { 'securityContext.runAsUser': 0, 'securityContext.runAsNonRoot': false },
    'no seccomp profile': { 'securityContext.seccompProfile.type': 'Unconfined' },
    'a sysctl': { 'securityContext.sysctls': [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
  }),
  ...pods('no privilege', {
    privilege: secured({ privileged: true, allowPrivilegeEscalation: true }),
    'more privilege than at its start': secured({ allowPrivilegeEscalation: true }),
    'an added capability': secured({ 'capabilities.add': ['NET_RAW'] }),
    'capabilities that are not dropped': secured({ 'capabilities.drop': ['NET_RAW'] }),
    'a root that it can write to': secured({ readOnlyRootFilesystem: false }),
    'root in the container': secured({ runAsUser: 0 }),
  }),
];

/** @param changes of the pod's spec, by what they are */
function pods(words: string, changes: Readonly<Record<string, Change>>): typeof refusals {
  return Object.entries(changes).map(([what, change]) => [
    what,
    words,
    'Deployment',
    Object.fromEntries(Object.entries(change).map(([path, value]) => [`spec.template.spec.${path}`, value])),
  ]);
}

function volume(source: object): Change {
  return { 'volumes.2': { name: 'another', ...source } };
}

function token(more: object): object {
  return { projected: { sources: [{ serviceAccountToken: { path: 'a', ...more } }] } };
}

function secured(fields: Change): Change {
  return Object.fromEntries(
    Object.entries(fields).map(([path, value]) => [`containers.0.securityContext.${path}`, value]),
  );
}

/** The fleet, with changes in its object of the kind. */
function changed(namespace: string, of: string, change: Change): readonly KubeObject[] {
  const objects = structuredClone(fleet(namespace));
  for (const [path, value] of Object.entries(change)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let target: Record<string, unknown> = Object(objects.find((each) => each.kind === of));
    for (const part of names) target = Object(target[part]);
    target[last] = value;
  }
  return objects;
}

describe('with the role and within the policies of deploy/', () => {
  test('Gatehouse makes the whole fleet, writes nothing the second time, and removes it', async () => {
    const namespace = await newNamespace();
    const made = ['ServiceAccount', 'ConfigMap', 'Service', 'Deployment', 'PodDisruptionBudget'];
    expect(said(await keep(namespace, fleet(namespace)))).toEqual(made.map((each) => `applied ${each}`));
    const nothing = { apply: [], prune: [], ending: [] };
    expect(planObjects({ desired: fleet(namespace), existing: await existing(namespace) })).toEqual(nothing);
    expect(said(await keep(namespace, []))).toEqual(made.toReversed().map((each) => `pruned ${each}`));
    expect(await existing(namespace)).toEqual([]);
  });

  test('a setting that goes is gone in the cluster, too', async () => {
    const namespace = await newNamespace();
    await keep(namespace, fleet(namespace, { priorityClassName: 'system-cluster-critical', nodeSelector: { a: 'b' } }));
    expect(said(await keep(namespace, fleet(namespace)))).toEqual(['applied Deployment']);
    const deployment = (await existing(namespace)).find((each) => each.kind === 'Deployment');
    expect(deployment).not.toHaveProperty('spec.template.spec.nodeSelector');
    expect(deployment).not.toHaveProperty('spec.template.spec.priorityClassName');
  });

  test('an autoscaler takes over as many Envoys as there are, and its number is not changed', async () => {
    const namespace = await newNamespace();
    const autoscaling = { minReplicas: 2, maxReplicas: 9, targetCPUUtilizationPercentage: 70 };
    const replicas = async (): Promise<unknown> => {
      const deployment = (await existing(namespace)).find((each) => each.kind === 'Deployment');
      return deployment !== undefined && 'spec' in deployment ? Object(deployment.spec).replicas : undefined;
    };
    await keep(namespace, fleet(namespace, { replicas: 5 }));
    const made = ['applied Deployment', 'applied HorizontalPodAutoscaler'];
    expect(said(await keep(namespace, fleet(namespace, { autoscaling })))).toEqual(made);
    expect(await replicas()).toBe(5);
    await patch(namespace, 'apps/v1', 'deployments', { spec: { replicas: 8 } });
    expect(said(await keep(namespace, fleet(namespace, { autoscaling })))).toEqual([]);
    expect(said(await keep(namespace, fleet(namespace, { autoscaling, logLevel: 'debug' })))).toHaveLength(1);
    expect(await replicas()).toBe(8);
    await keep(namespace, fleet(namespace, { replicas: 3 }));
    expect(await replicas()).toBe(3);
  });

  test('what somebody changes is put right', async () => {
    const namespace = await newNamespace();
    await keep(namespace, fleet(namespace));
    await patch(namespace, 'apps/v1', 'deployments', { spec: { replicas: 7 } });
    await patch(namespace, 'v1', 'configmaps', { data: { 'ca.crt': 'b', more: 'c' } });
    expect(said(await keep(namespace, fleet(namespace)))).toEqual(['applied ConfigMap', 'applied Deployment']);
    expect((await existing(namespace)).find((each) => each.kind === 'Deployment')).toHaveProperty('spec.replicas', 2);
  });

  test('objects of somebody else stay as they are', async () => {
    const namespace = await newNamespace();
    const foreign = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { a: 'b' } };
    await applyYaml(cluster.admin, [foreign]);
    expect(said(await keep(namespace, fleet(namespace)))).toContain('foreign ConfigMap');
  });

  test.each(refusals)('%s is refused: %s', async (_, words, of, change) => {
    const namespace = await newNamespace();
    expect(said(await keep(namespace, changed(namespace, of, change)))).toContainEqual(
      expect.stringMatching(new RegExp(`^refused ${of}: .*${words}`)),
    );
    expect((await existing(namespace)).map((each) => each.kind)).not.toContain(of);
  });

  test('Gatehouse deletes nothing of somebody else', async () => {
    const namespace = await newNamespace();
    const foreign = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: 'db' },
      spec: { ports: [{ port: 1 }] },
    };
    await applyYaml(cluster.admin, [foreign]);
    const outcomes = await applyObjects(
      gatehouse,
      { apply: [], prune: [foreign], ending: [] },
      { kinds, isOurs, signal },
    );
    expect(said(outcomes)).toEqual([expect.stringMatching(/^refused Service: .*only objects with its labels/)]);
  });

  test('others may do what their roles allow', async () => {
    const namespace = await newNamespace();
    const privileged = changed(namespace, 'Deployment', { 'spec.template.spec.hostNetwork': true });
    const made = await applyYaml(cluster.admin, JSON.stringify(privileged.find((each) => each.kind === 'Deployment')));
    expect(made).toMatchObject([{ spec: { template: { spec: { hostNetwork: true } } } }]);
  });
});

async function patch(namespace: string, version: string, plural: string, body: object): Promise<void> {
  const root = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
  await cluster.admin.request('PATCH', `${root}/namespaces/${namespace}/${plural}/${name}`, {
    contentType: 'application/merge-patch+json',
    body,
  });
}
