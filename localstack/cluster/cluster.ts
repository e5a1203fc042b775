// A Kubernetes cluster: etcd and kube-apiserver, both on loopback; with `nodes` also kube-controller-manager and running
// pods.
//
// Without nodes there is no controller manager: a deleted namespace stays Terminating, ownerReferences collect no garbage,
// Deployments create no pods, Services get no EndpointSlices, and no namespace has a default ServiceAccount (so the admission
// plugin that needs one is off). Tests that need such objects write them.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiServerFlags, host } from './api-server.ts';
import { applyYaml, get } from './apply.ts';
import { findBinary } from './binaries.ts';
import { type CertificateAuthority, openAuthority } from './certificates.ts';
import { type Connection, connect } from './connection.ts';
import { type Daemon, endOf, startDaemon } from './daemon.ts';
import { type GatewayApiVersion, gatewayApiCrds } from './gateway-api-crds.ts';
import { type Access, writeKubeconfig } from './kubeconfig.ts';
import type { ImageOptions } from './nodes/images.ts';
import type { NodePlan } from './nodes/node.ts';
import { preparePods, type RunningPods, startPods } from './pods.ts';
import { freePorts } from './ports.ts';

export interface ClusterOptions {
  /**
   * The folder for data, certificates, kubeconfigs and logs. A used folder continues its cluster. Default: a temporary
   * folder, which `stop` deletes.
   */
  readonly dir?: string | undefined;
  /** The API server's port; default: any free port. */
  readonly port?: number | undefined;
  /** The release of the Gateway API to install, or false for none; default: the newest. */
  readonly crds?: GatewayApiVersion | false | undefined;
  /** Nodes with running pods, inside a sandbox (`enterSandbox`); default: none. */
  readonly nodes?: readonly NodePlan[] | undefined;
  /** Whether the nodes run MetalLB, and have an image of Envoy; then `clientOf` reaches its addresses; default: false. */
  readonly metallb?: boolean | undefined;
  /** Gets lines of progress if binaries must be built first. */
  readonly log?: ((line: string) => void) | undefined;
  /** Aborts the start. Has no effect on a running cluster. */
  readonly signal?: AbortSignal | undefined;
}

export interface Cluster {
  readonly url: string;
  readonly dir: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** The certificate of the server's authority, PEM. */
  readonly ca: string;
  /** The address of the API server's etcd. */
  readonly etcdUrl: string;
  /** The administrator's connection, open until `stop`. */
  readonly admin: Connection;
  pids(): { readonly etcd: number; readonly apiServer: number };
  /** Writes the kubeconfig of a user with a client certificate, who may do what RBAC grants; returns its path. */
  userKubeconfig(name: string, groups?: readonly string[]): Promise<string>;
  /** The same for an existing ServiceAccount, with a token for one hour. */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
  /** Kills the API server, like a crash. */
  killApiServer(): Promise<void>;
  /** Starts it again with the same port and data, and waits until it is ready. */
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

const readyTimeoutMs = 60_000;

/** Downloads and builds everything for a cluster with running pods. The first time this needs the internet, and minutes. */
export async function prepareCluster(options: ImageOptions): Promise<void> {
  await findBinary('etcd', options);
  await findBinary('kube-apiserver', options);
  await gatewayApiCrds(undefined, options.signal);
  await preparePods(options);
}

/** Starts a cluster and waits until it serves. The first call on a machine builds the binaries, which takes minutes. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes = [], signal } = options;
  const etcdProgram = await findBinary('etcd', options);
  const apiServerProgram = await findBinary('kube-apiserver', options);
  const crds = options.crds === false ? [] : await gatewayApiCrds(options.crds, signal);
  const dir = resolve(options.dir ?? (await mkdtemp(join(tmpdir(), 'gatehouse-cluster-'))));
  await mkdir(dir, { recursive: true });

  const [etcdPort = 0, peerPort = 0, freePort = 0] = await freePorts(3);
  const port = options.port ?? freePort;
  const authority = await openAuthority(join(dir, 'pki'));
  const access = { url: `https://${host}:${port}`, ca: authority.certificate };
  const kubeconfig = join(dir, 'kubeconfig');
  await writeKubeconfig(kubeconfig, await clientAccess(access, authority, 'admin', ['system:masters']));
  const flags = await apiServerFlags({ dir, authority, port, etcdPort, node: nodes[0] });

  const admin = await connect(kubeconfig);
  const running: { etcd?: Daemon; apiServer?: Daemon; pods?: RunningPods } = {};
  const stop = async (): Promise<void> => {
    await running.pods?.stop();
    await admin.close();
    // The API server's state is in etcd. A graceful end would wait for every open watch.
    await running.apiServer?.kill('SIGKILL');
    await running.etcd?.kill('SIGTERM');
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  const startApiServer = async (): Promise<Daemon> => {
    const daemon = await startDaemon(apiServerProgram, flags, join(dir, 'kube-apiserver.log'));
    running.apiServer = daemon;
    await untilReady(admin, daemon, signal);
    return daemon;
  };

  try {
    const etcd = await startDaemon(etcdProgram, etcdFlags(dir, etcdPort, peerPort), join(dir, 'etcd.log'));
    running.etcd = etcd;
    let apiServer = await Promise.race([startApiServer(), endOf(etcd)]);
    for (const path of crds) await applyYaml(admin, await readFile(path, 'utf8'));
    if (nodes.length > 0) running.pods = await startPods({ ...options, dir, kubeconfig, admin, authority, nodes });
    return {
      ...access,
      dir,
      kubeconfig,
      etcdUrl: etcdUrl(etcdPort),
      admin,
      pids: () => ({ etcd: etcd.pid, apiServer: apiServer.pid }),
      userKubeconfig: async (name, groups = []) => {
        const path = join(dir, `${encodeURIComponent(name)}.kubeconfig`);
        await writeKubeconfig(path, await clientAccess(access, authority, name, groups));
        return path;
      },
      serviceAccountKubeconfig: async (namespace, name) => {
        const path = join(dir, `${namespace}.${name}.kubeconfig`);
        const token = await requestToken(admin, namespace, name);
        await writeKubeconfig(path, { ...access, user: { kind: 'token', name: `${namespace}:${name}`, token } });
        return path;
      },
      killApiServer: () => apiServer.kill('SIGKILL'),
      restartApiServer: async () => {
        await apiServer.kill('SIGKILL');
        apiServer = await startApiServer();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const etcdUrl = (port: number): string => `http://${host}:${port}`;

function etcdFlags(dir: string, port: number, peerPort: number): readonly string[] {
  const client = etcdUrl(port);
  const peer = etcdUrl(peerPort);
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    '--name=local',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=local=${peer}`,
    // Data must survive the process, but not a power cut.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

type Endpoint = Pick<Access, 'url' | 'ca'>;

async function clientAccess(
  endpoint: Endpoint,
  authority: CertificateAuthority,
  name: string,
  groups: readonly string[],
): Promise<Access> {
  const pair = await authority.issueClient(name, groups);
  return { ...endpoint, user: { kind: 'certificate', name, pair } };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
async function requestToken(admin: Connection, namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await admin.request<TokenRequest>('POST', path, {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  });
  return status.token;
}

interface TokenRequest {
  readonly status: { readonly token: string };
}

/** Ready also means ready for writes: the namespace `default` exists. */
async function untilReady(admin: Connection, apiServer: Daemon, signal: AbortSignal | undefined): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    await admin.request('GET', '/readyz', { signal });
    return (await get(admin, '/api/v1/namespaces/default', signal)) !== undefined;
  };
  const poll = async (): Promise<void> => {
    const deadline = performance.now() + readyTimeoutMs;
    let failure: unknown;
    while (performance.now() < deadline) {
      const ready = await isReady().catch((error: unknown) => {
        failure = error;
        return false;
      });
      if (ready) return;
      await sleep(50, undefined, { signal });
    }
    throw new Error(`kube-apiserver is not ready after ${readyTimeoutMs} ms: ${String(failure)}`, { cause: failure });
  };
  await Promise.race([poll(), endOf(apiServer)]);
}
