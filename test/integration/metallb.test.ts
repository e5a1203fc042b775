// A cluster with the real MetalLB and Envoy. All that tests fetch comes from a machine outside of the cluster, over ARP or NDP.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isIP } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import { applyYaml, deleteObjects, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import type { ClientFetch } from '../../localstack/cluster/outside/client.ts';
import { sandboxObstacle } from '../../localstack/sandbox.ts';
import { deployment, service, staticEnvoy } from './support/balanced.ts';
import { type PodsCluster, startPodsCluster } from './support/pods-cluster.ts';
import { secretOf } from './support/tls.ts';

const obstacle = sandboxObstacle();
const waitMs = 60_000;
const echoImage = 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0';
const pool = /^10\.249\.0\.\d+$/;

interface Service {
  readonly status: { readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] } };
}

interface Deployment {
  readonly spec: { readonly replicas: number };
  readonly status?: { readonly availableReplicas?: number };
}

const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

const echo = (ns: string, env: object[] = [], replicas = 1): KubeObject => {
  const pod = { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
  const readinessProbe = { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 };
  const probe = env.length === 0 ? { readinessProbe } : {};
  return deployment(
    ns,
    'echo',
    { containers: [{ name: 'echo', image: echoImage, env: [pod, ...env], ...probe }] },
    replicas,
  );
};

const http = [{ name: 'http', port: 80, targetPort: 3000 }];

describe.skipIf(obstacle !== undefined)(`a cluster with MetalLB${obstacle ? ` (skipped: ${obstacle})` : ''}`, () => {
  let cluster: PodsCluster;

  // The first time on a machine it builds MetalLB.
  beforeAll(async () => {
    cluster = await startPodsCluster('--metallb');
  }, 1_800_000);
  afterAll(async () => {
    cluster.process.kill('SIGKILL');
    await cluster.admin.close();
  });

  const available = (ns: string, name: string): Promise<unknown> =>
    waitFor<Deployment>(
      cluster.admin,
      `/apis/apps/v1/namespaces/${ns}/deployments/${name}`,
      (found) => found !== undefined && found.status?.availableReplicas === found.spec.replicas,
      { timeoutMs: waitMs },
    );

  const itemsAt = async <T>(path: string): Promise<readonly T[]> =>
    (await cluster.admin.request<{ readonly items: readonly T[] }>('GET', path)).items;

  const addressesOf = async (ns: string, name: string, count = 1): Promise<readonly string[]> => {
    const path = `/api/v1/namespaces/${ns}/services/${name}`;
    const has = (found?: Service): boolean => found?.status.loadBalancer.ingress?.length === count;
    const found = await waitFor<Service>(cluster.admin, path, has, { timeoutMs: waitMs });
    return found?.status.loadBalancer.ingress?.map(({ ip }) => ip) ?? [];
  };
  const addressOf = async (ns: string, name: string): Promise<string> => (await addressesOf(ns, name))[0] ?? '';

  /** The pod that answers at a URL. */
  const podAt = async (url: string): Promise<string> => {
    const { pod } = Object(await (await cluster.client.fetch(url)).json());
    return pod;
  };

  const eventually = <T>(ask: () => Promise<T>) => expect.poll(ask, { timeout: waitMs, interval: 100 });

  test('gives a Service an address of the pool, and the network finds it by ARP', async () => {
    await applyYaml(cluster.admin, [namespace('web'), echo('web', [], 2), service('web', 'echo', http)]);
    await available('web', 'echo');
    const address = await addressOf('web', 'echo');
    expect(address).toMatch(pool);
    await eventually(() => cluster.client.whoHas(address)).toMatch(/^[\da-f]{2}(:[\da-f]{2}){5}$/);
    expect(await podAt(`http://${address}/`)).toMatch(/^echo-/);
  });

  test('announces nothing for an address that no Service has', async () => {
    expect(await cluster.client.whoHas('10.249.0.250')).toBeUndefined();
    await expect(cluster.client.connect('10.249.0.250', 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  });

  test('announces both families of a Service with the policy Local from the node of its endpoint', async () => {
    const local = { externalTrafficPolicy: 'Local', ipFamilyPolicy: 'RequireDualStack' };
    await applyYaml(cluster.admin, [namespace('dual'), echo('dual'), service('dual', 'echo', http, local)]);
    await available('dual', 'echo');
    const addresses = await addressesOf('dual', 'echo', 2);
    expect(addresses.map((address) => isIP(address))).toEqual([4, 6]);
    const [ipv4, ipv6] = addresses;
    await eventually(() => cluster.client.whoHas(ipv4 ?? '')).toBeDefined();
    await eventually(() => cluster.client.whoHas(ipv6 ?? '')).toBeDefined();
    expect(await podAt(`http://${ipv4}/`)).toBe(await podAt(`http://[${ipv6}]/`));
    const pods = await itemsAt<{ readonly spec: { readonly nodeName: string } }>('/api/v1/namespaces/dual/pods');
    const named = 'labelSelector=metallb.io/service-namespace=dual';
    const statuses = '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses';
    const announced = async () =>
      (await itemsAt<{ readonly status?: { readonly node?: string } }>(`${statuses}?${named}`)).map(
        (found) => found.status?.node,
      );
    await eventually(announced).toEqual([pods[0]?.spec.nodeName]);
  });

  test('forwards datagrams', async () => {
    const ports = [{ name: 'echo', protocol: 'UDP', port: 53, targetPort: 8080 }];
    const env = [{ name: 'UDP_ECHO_SERVER', value: '1' }];
    await applyYaml(cluster.admin, [namespace('udp'), echo('udp', env), service('udp', 'echo', ports)]);
    await available('udp', 'echo');
    const answer = await cluster.client.ask(await addressOf('udp', 'echo'), 53, 'hello', AbortSignal.timeout(waitMs));
    expect(JSON.parse(answer)).toMatchObject({ request: 'hello' });
  });

  test('leads to a TLS server, whose certificate the client checks', async () => {
    const { certificatePem: ca, privateKey } = await selfSigned(
      ['echo.example.com'],
      'EC_prime256v1',
      Date.now(),
      '01',
    );
    const env = [
      { name: 'TLS_SERVER_CERT', value: '/etc/tls/tls.crt' },
      { name: 'TLS_SERVER_PRIVKEY', value: '/etc/tls/tls.key' },
    ];
    const pod = {
      containers: [{ name: 'echo', image: echoImage, env, volumeMounts: [{ name: 'tls', mountPath: '/etc/tls' }] }],
      volumes: [{ name: 'tls', secret: { secretName: 'echo-tls' } }],
    };
    await applyYaml(cluster.admin, [
      namespace('tls'),
      secretOf('tls', 'echo-tls', ca, privateKey),
      deployment('tls', 'echo', pod),
      service('tls', 'echo', [{ name: 'https', port: 443, targetPort: 8443 }]),
    ]);
    const address = await addressOf('tls', 'echo');
    const status = async (options: ClientFetch) =>
      (await cluster.client.fetch('https://echo.example.com/', { address, ...options })).status;
    await eventually(() => status({ ca }).catch(() => 'nobody answers')).toBe(200);
    await expect(status({})).rejects.toMatchObject({ cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
  });

  test('does not answer while no speaker runs, or after the Service is gone', async () => {
    const web = service('quiet', 'echo', http);
    await applyYaml(cluster.admin, [namespace('quiet'), echo('quiet'), web]);
    await available('quiet', 'echo');
    const address = await addressOf('quiet', 'echo');
    const whoHas = () => cluster.client.whoHas(address);
    await eventually(whoHas).toBeDefined();

    const speakers = '/apis/apps/v1/namespaces/metallb-system/daemonsets/speaker';
    const placed = (nodeSelector: object): Promise<unknown> =>
      cluster.admin.request('PATCH', speakers, {
        contentType: 'application/merge-patch+json',
        body: { spec: { template: { spec: { nodeSelector } } } },
      });
    await placed({ nowhere: '' });
    await eventually(whoHas).toBeUndefined();
    await expect(cluster.client.connect(address, 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await placed({ nowhere: null });
    await eventually(whoHas).toBeDefined();

    await deleteObjects(cluster.admin, [web]);
    await eventually(whoHas).toBeUndefined();
  });

  test('runs Envoy as an unprivileged pod with a read-only root, which listens at port 80', async () => {
    await applyYaml(cluster.admin, [namespace('proxy'), ...staticEnvoy('proxy')]);
    await available('proxy', 'envoy');
    const address = await addressOf('proxy', 'envoy');
    await eventually(() => cluster.client.whoHas(address)).toBeDefined();
    const response = await cluster.client.fetch('http://www.example.com/', { address });
    expect([response.status, await response.text()]).toEqual([200, 'from Envoy at www.example.com\n']);

    const envoy = `/proc/${processOf(cluster, '/usr/local/bin/envoy')}`;
    const status = readFileSync(`${envoy}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^CapAmb:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(readFileSync(`${envoy}/mountinfo`, 'utf8')).toMatch(/^\S+ \S+ \S+ \S+ \/ ro,/m);
    const token = readFileSync(`${envoy}/root/var/run/gatehouse/token`, 'utf8');
    const [, claims = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ aud: ['gatehouse'] });
  });

  test('shows a running Envoy the new content of its ConfigMap', async () => {
    const patch = { contentType: 'application/merge-patch+json', body: { data: { 'more.yaml': 'more' } } };
    await cluster.admin.request('PATCH', '/api/v1/namespaces/proxy/configmaps/envoy', patch);
    const folder = `/proc/${processOf(cluster, '/usr/local/bin/envoy')}/root/etc/envoy`;
    await eventually(async () => readdirSync(folder)).toContain('more.yaml');
    expect(readFileSync(`${folder}/more.yaml`, 'utf8')).toBe('more');
  });

  test('shows the access log that Envoy writes to its standard output', async () => {
    const address = await addressOf('proxy', 'envoy');
    await cluster.client.fetch('http://www.example.com/logged', { address });
    const [pod] = await itemsAt<KubeObject>('/api/v1/namespaces/proxy/pods');
    const path = `/api/v1/namespaces/proxy/pods/${pod?.metadata.name}/log`;
    await eventually(() => cluster.admin.request<string>('GET', path)).toContain('saw /logged\n');
  });
});

/** A process in the namespaces of the cluster, by its program. */
function processOf({ pid }: PodsCluster, program: string): string {
  const namespaces = readlinkSync(`/proc/${pid}/ns/pid_for_children`);
  const found = readdirSync('/proc').find((name) => {
    try {
      return (
        readlinkSync(`/proc/${name}/ns/pid`) === namespaces &&
        readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')[0] === program
      );
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`Expected ${program} to run`);
  return found;
}
