import { readdirSync, readlinkSync } from 'node:fs';
import { isIP } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyYaml, deleteObjects, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import { sandboxObstacle } from '../../localstack/sandbox.ts';
import {
  askUdp,
  type PodsCluster,
  podBehind,
  runInside,
  startPodsCluster,
  steadyTraffic,
} from './support/pods-cluster.ts';
import { tlsSecret } from './support/tls.ts';

const obstacle = sandboxObstacle();
const waitMs = 60_000;
const image = 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0';

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly podIP: string;
    readonly podIPs: readonly { readonly ip: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: { readonly waiting?: { readonly reason: string; readonly message: string } };
    }[];
  };
}

interface PodList {
  readonly items: readonly Pod[];
}

interface NodeList {
  readonly items: readonly { readonly spec?: { readonly taints?: readonly unknown[] } }[];
}

interface Deployment {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

interface Service {
  readonly spec: {
    readonly clusterIP: string;
    readonly clusterIPs: readonly string[];
    readonly ports: readonly { readonly nodePort: number }[];
  };
}

const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

interface EchoOptions {
  readonly replicas?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A condition of the container. */
  readonly container?: object;
  /** Of the pod. */
  readonly pod?: object;
}

const echo = (ns: string, { replicas = 1, env = {}, container = {}, pod = {} }: EchoOptions = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'echo', namespace: ns },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'echo' } },
    template: {
      metadata: { labels: { app: 'echo' } },
      spec: {
        containers: [
          {
            name: 'echo',
            image,
            env: [
              { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              ...Object.entries(env).map(([name, value]) => ({ name, value })),
            ],
            ...container,
          },
        ],
        ...pod,
      },
    },
  },
});

const service = (ns: string, ports: readonly object[], more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'echo', namespace: ns },
  spec: { type: 'NodePort', selector: { app: 'echo' }, ports, ...more },
});

const readiness = { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 };

describe.skipIf(obstacle !== undefined)(`a cluster whose pods run${obstacle ? ` (skipped: ${obstacle})` : ''}`, () => {
  let cluster: PodsCluster;
  /** Each node's taints when the cluster was ready. */
  let taints: readonly (readonly unknown[])[];

  // The first time on a machine it builds kube-controller-manager and the echo server.
  beforeAll(async () => {
    cluster = await startPodsCluster();
    const nodes = await cluster.admin.request<NodeList>('GET', '/api/v1/nodes');
    taints = nodes.items.map(({ spec }) => spec?.taints ?? []);
  }, 900_000);
  afterAll(async () => {
    cluster.process.kill('SIGKILL');
    await cluster.admin.close();
  });

  const podsOf = async (ns: string): Promise<readonly Pod[]> =>
    (await cluster.admin.request<PodList>('GET', `/api/v1/namespaces/${ns}/pods`)).items;

  const isRolledOut =
    (replicas: number) =>
    (deployment: Deployment | undefined): boolean => {
      const { observedGeneration, ...status } = deployment?.status ?? {};
      return (
        observedGeneration === deployment?.metadata.generation &&
        [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => count === replicas)
      );
    };

  const rolledOut = (ns: string, replicas: number): Promise<unknown> =>
    waitFor<Deployment>(cluster.admin, `/apis/apps/v1/namespaces/${ns}/deployments/echo`, isRolledOut(replicas), {
      timeoutMs: waitMs,
    });

  const serviceOf = (ns: string): Promise<Service> =>
    cluster.admin.request<Service>('GET', `/api/v1/namespaces/${ns}/services/echo`);

  /** The first pod's first container, once `accept` likes it. */
  const containerOf = async (ns: string, accept: (status: ContainerStatus) => boolean): Promise<ContainerStatus> => {
    const list = await waitFor<PodList>(
      cluster.admin,
      `/api/v1/namespaces/${ns}/pods`,
      (pods) => pods?.items[0]?.status.containerStatuses?.some(accept) ?? false,
      { timeoutMs: waitMs },
    );
    const status = list?.items[0]?.status.containerStatuses?.[0];
    if (!status) throw new Error('Expected a container');
    return status;
  };

  // A new node is tainted until the controller manager has seen that it is Ready: pods would go to the other nodes.
  test('is there when pods may go to each of its nodes', () => {
    expect(taints).toEqual([[], [], []]);
  });

  test('spreads a Deployment over the nodes and answers at its pods, its cluster address and its node port', async () => {
    await applyYaml(cluster.admin, [
      namespace('reach'),
      echo('reach', { replicas: 3, container: { readinessProbe: readiness } }),
      service('reach', [{ port: 80, targetPort: 3000 }]),
    ]);
    await rolledOut('reach', 3);
    const pods = await podsOf('reach');
    expect(pods.map(({ spec }) => spec.nodeName).toSorted()).toEqual(['node-1', 'node-2', 'node-3']);
    for (const { metadata, status } of pods)
      expect(await podBehind(cluster, `http://${status.podIP}:3000/`)).toBe(metadata.name);
    const names = pods.map(({ metadata }) => metadata.name);
    const { spec } = await serviceOf('reach');
    expect(names).toContain(await podBehind(cluster, `http://${spec.clusterIP}/`));
    expect(names).toContain(await podBehind(cluster, `http://10.250.2.1:${spec.ports[0]?.nodePort}/`));
  });

  test('gives pods addresses of both families, which a dual-stack Service reaches at both of its own', async () => {
    await applyYaml(cluster.admin, [
      namespace('dual'),
      echo('dual', { replicas: 2, container: { readinessProbe: readiness } }),
      service('dual', [{ port: 80, targetPort: 3000 }], { ipFamilyPolicy: 'RequireDualStack' }),
    ]);
    await rolledOut('dual', 2);
    const pods = await podsOf('dual');
    for (const { metadata, status } of pods) {
      expect(status.podIPs.map(({ ip }) => isIP(ip))).toEqual([4, 6]);
      expect(await podBehind(cluster, `http://[${status.podIPs[1]?.ip}]:3000/`)).toBe(metadata.name);
    }
    const names = pods.map(({ metadata }) => metadata.name);
    const { spec } = await serviceOf('dual');
    expect(spec.clusterIPs.map((address) => isIP(address))).toEqual([4, 6]);
    expect(names).toContain(await podBehind(cluster, `http://[${spec.clusterIPs[1]}]/`));
    expect(names).toContain(await podBehind(cluster, `http://[fd00:10:250:2::1]:${spec.ports[0]?.nodePort}/`));
  });

  test('forwards datagrams, and refuses connections to a Service with no endpoints', async () => {
    await applyYaml(cluster.admin, [
      namespace('datagrams'),
      echo('datagrams', { env: { UDP_ECHO_SERVER: '1' } }),
      service('datagrams', [
        { name: 'echo', protocol: 'UDP', port: 53, targetPort: 8080 },
        { name: 'other', protocol: 'TCP', port: 80, targetPort: 'none' },
      ]),
    ]);
    await rolledOut('datagrams', 1);
    const { spec } = await serviceOf('datagrams');
    expect(JSON.parse(await askUdp(cluster, spec.clusterIP, 53, 'hello'))).toMatchObject({ request: 'hello' });
    const refused = `await fetch(process.argv[1]).catch(({ cause }) => console.log(cause.code))`;
    expect(await runInside(cluster, refused, `http://${spec.clusterIP}/`)).toBe('ECONNREFUSED\n');
  });

  test('starts a pod when the Secret that it mounts is there, and serves its logs', async () => {
    const mounted = echo('secrets', {
      env: { TLS_SERVER_CERT: '/etc/tls/cert.pem', TLS_SERVER_PRIVKEY: '/etc/tls/tls.key' },
      container: {
        readinessProbe: { httpGet: { path: '/health', port: 8443, scheme: 'HTTPS' }, periodSeconds: 1 },
        volumeMounts: [{ name: 'tls', mountPath: '/etc/tls' }],
      },
      pod: {
        volumes: [
          {
            name: 'tls',
            secret: {
              secretName: 'echo-tls',
              items: [
                { key: 'tls.crt', path: 'cert.pem' },
                { key: 'tls.key', path: 'tls.key' },
              ],
            },
          },
        ],
      },
    });
    await applyYaml(cluster.admin, [namespace('secrets'), mounted]);
    const { state } = await containerOf('secrets', ({ state: { waiting } }) => waiting?.message !== undefined);
    expect(state.waiting).toMatchObject({ reason: 'ContainerCreating', message: 'Secret "echo-tls" not found' });
    await applyYaml(cluster.admin, [await tlsSecret('secrets', 'echo-tls', ['echo.example.com'])]);
    await rolledOut('secrets', 1);
    const [pod] = await podsOf('secrets');
    const path = `/api/v1/namespaces/secrets/pods/${pod?.metadata.name}/log`;
    expect(await cluster.admin.request('GET', path)).toContain('listening on port 8443 (https)\n');
    expect(await cluster.admin.request('GET', `${path}?tailLines=1&timestamps=true`)).toMatch(/^20\S+Z .+\n$/);
  });

  test('says which images it can run where a pod wants another one', async () => {
    await applyYaml(cluster.admin, [namespace('images'), echo('images', { container: { image: 'nginx:1' } })]);
    const { state } = await containerOf('images', ({ state: { waiting } }) => waiting?.reason === 'ErrImagePull');
    expect(state.waiting?.message).toMatch(/No image "nginx:1" here; this cluster runs .*\/echo-basic/);
  });

  test('starts a container again that ended, later each time, and keeps the log of the run before', async () => {
    await applyYaml(cluster.admin, [namespace('crashes'), echo('crashes', { env: { HTTP_PORT: '99999' } })]);
    const { restartCount } = await containerOf(
      'crashes',
      (status) => status.restartCount > 1 && status.state.waiting?.reason === 'CrashLoopBackOff',
    );
    expect(restartCount).toBeGreaterThan(1);
    const [pod] = await podsOf('crashes');
    const path = `/api/v1/namespaces/crashes/pods/${pod?.metadata.name}/log?previous=true`;
    expect(await cluster.admin.request('GET', path)).toContain('99999: invalid port');
  });

  test('loses no request in a rolling update or a scale-down of pods that take their time to end', async () => {
    const drained = (replicas: number, version: string): KubeObject =>
      echo('drain', {
        replicas,
        env: { VERSION: version },
        container: { readinessProbe: readiness, lifecycle: { preStop: { sleep: { seconds: 5 } } } },
      });
    const ns = [namespace('drain'), service('drain', [{ port: 80, targetPort: 3000 }])];
    await applyYaml(cluster.admin, [...ns, drained(3, '1')]);
    await rolledOut('drain', 3);
    const before = (await podsOf('drain')).map(({ metadata }) => metadata.name);
    const traffic = steadyTraffic(cluster, `http://${(await serviceOf('drain')).spec.clusterIP}/`);
    await applyYaml(cluster.admin, [drained(3, '2')]);
    await rolledOut('drain', 3);
    await applyYaml(cluster.admin, [drained(1, '2')]);
    const pods = await waitFor<PodList>(
      cluster.admin,
      '/api/v1/namespaces/drain/pods',
      (list) => list?.items.length === 1,
      { timeoutMs: waitMs },
    );
    const { answered, failures } = await traffic.stop();
    expect(before).not.toContain(pods?.items[0]?.metadata.name);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(50);
  });

  test('finishes the deletion of a namespace, with all that is in it', async () => {
    await applyYaml(cluster.admin, [namespace('passing'), echo('passing', { replicas: 2 })]);
    await rolledOut('passing', 2);
    await deleteObjects(cluster.admin, [namespace('passing')]);
    const path = '/api/v1/namespaces/passing';
    expect(await waitFor(cluster.admin, path, (found) => found === undefined, { timeoutMs: waitMs })).toBeUndefined();
  });

  test('leaves no process and no network behind, also when it is killed', async () => {
    const network = readlinkSync(`/proc/${cluster.pid}/ns/net`);
    expect(processesIn(network)).toContain(String(cluster.pid));
    cluster.process.kill('SIGKILL');
    await expect.poll(() => processesIn(network), { timeout: waitMs }).toEqual([]);
  });
});

type ContainerStatus = NonNullable<Pod['status']['containerStatuses']>[number];

/** The processes in a network namespace. It ends with the last of them, with all its bridges and addresses. */
const processesIn = (network: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === network;
    } catch {
      return false;
    }
  });
