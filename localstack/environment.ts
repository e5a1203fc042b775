// Everything around Gatehouse, on this machine: an API server with Nodes, an AWS with a VPC, and Gatehouse as a process.
// With `pods` the nodes run pods, at addresses of the VPC. The demo, the tests and the bench use it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataPlaneOptions } from './aws/dataplane/options.ts';
import type { Seed } from './aws/seed.ts';
import { type Aws, type StartOptions, startAws } from './aws/server.ts';
import { applyYaml, type KubeObject } from './cluster/apply.ts';
import { type Cluster, type ClusterOptions, startCluster } from './cluster/cluster.ts';
import { ownBlock } from './cluster/nodes/network.ts';
import { freePorts } from './cluster/ports.ts';
import { nodeFacts, nodePlans } from './vpc-nodes.ts';

const root = join(import.meta.dirname, '..');

/** The block of the embedded AWS's Elastic IPs. */
const elasticIps = '198.18.0.0/15';

export interface EnvironmentOptions {
  readonly aws?: StartOptions;
  /** Creates the AWS; default: the embedded AWS. */
  readonly openAws?: ((options: StartOptions) => Promise<Aws>) | undefined;
  readonly dir?: string | undefined;
  /** The release of the Gateway API to install, or false for none; default: the newest. */
  readonly crds?: ClusterOptions['crds'];
  /** Whether pods run: this needs a sandbox (`enterSandbox`); default: false. */
  readonly pods?: boolean | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GatehouseOptions {
  /** Flags of `gatehouse run`, added to the environment's own. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  /** The program instead of the sources: `dist/main.js`. */
  readonly program?: string;
  /** The folder of the log; default: the environment's. */
  readonly logFile?: string;
  /** Whether to wait until it is ready; default: true. */
  readonly awaitReady?: boolean;
}

/** A running `gatehouse run`. */
export interface Gatehouse {
  readonly pid: number;
  readonly logFile: string;
  /** The URL of its metrics. */
  readonly metricsUrl: string;
  /** Resolves with the exit status, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Sends the signal (default: SIGTERM), and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface Environment {
  readonly cluster: Cluster;
  readonly aws: Aws;
  readonly seed: Seed;
  /** Starts a Gatehouse. Resolves when it is ready. */
  startGatehouse(options?: GatehouseOptions): Promise<Gatehouse>;
  /** Ends every running Gatehouse, then the rest. */
  stop(): Promise<void>;
}

export async function startEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const { dir, crds, pods = false, log, signal, openAws = startAws } = options;
  // After an error, started parts would keep the process alive.
  await using begun = new AsyncDisposableStack();
  const given = options.aws?.dataPlane;
  const dataPlane = pods && given ? await ownAddresses(given) : given;
  const aws = await openAws({ seed: true, seedClusterName: 'demo', ...options.aws, dataPlane });
  begun.defer(() => aws.close());
  const seed = aws.seeded();
  if (seed === undefined) throw new Error('Expected the embedded AWS to have its VPC');
  const nodes = pods ? nodePlans(aws.world(), seed) : undefined;
  const cluster = await startCluster({ dir, crds, nodes, log, signal });
  begun.defer(() => cluster.stop());
  await applyYaml(cluster.admin, await definitions());
  if (!pods) await writeNodes(cluster, seed);
  const environment = furnished(cluster, aws, seed);
  begun.move();
  return environment;
}

/** Adds the addresses of load balancers and the Elastic IPs to the sandbox. */
async function ownAddresses(plane: DataPlaneOptions): Promise<DataPlaneOptions> {
  const { addresses, addresses6 = [], mapTargets = [] } = plane;
  for (const block of [addresses, addresses6, elasticIps].flat()) await ownBlock(block);
  return { ...plane, mapTargets: [...mapTargets, `${elasticIps}=${elasticIps}`] };
}

function furnished(cluster: Cluster, aws: Aws, seed: Seed): Environment {
  const running = new Set<Gatehouse>();
  return {
    cluster,
    aws,
    seed,
    startGatehouse: async (given = {}) => {
      const gatehouse = await startGatehouse(cluster, aws, seed, given);
      running.add(gatehouse);
      void gatehouse.ended.then(() => running.delete(gatehouse));
      return gatehouse;
    },
    stop: async () => {
      await Promise.all([...running].map((gatehouse) => gatehouse.stop()));
      await aws.close();
      await cluster.stop();
    },
  };
}

/** Gatehouse's own CRDs, from deploy/crds. */
async function definitions(): Promise<string> {
  const folder = join(root, 'deploy', 'crds');
  const files = (await readdir(folder)).filter((file) => file.startsWith('gatehouse.dev_'));
  return (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n---\n');
}

/** Without kubelets: creates the Nodes with the status that a kubelet would write. */
async function writeNodes(cluster: Cluster, seed: Seed): Promise<void> {
  for (const [index, node] of seed.nodes.entries()) {
    const { name, labels, providerId } = nodeFacts(seed, node, index);
    await applyYaml(cluster.admin, [
      { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { providerID: providerId } },
    ]);
    await cluster.admin.request('PATCH', `/api/v1/nodes/${name}/status`, {
      contentType: 'application/merge-patch+json',
      body: {
        status: {
          conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
          addresses: [{ type: 'InternalIP', address: node.privateIp }],
        },
      },
    });
  }
}

/** An EndpointSlice of a Service, like the endpoint slice controller's. */
export const endpointSlice = (
  namespace: string,
  service: string,
  addresses: readonly string[],
  port: number,
  options: { readonly portName?: string; readonly suffix?: string; readonly protocol?: 'TCP' | 'UDP' } = {},
): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${service}-${options.suffix ?? 'a'}`,
    namespace,
    labels: { 'kubernetes.io/service-name': service },
  },
  addressType: 'IPv4',
  ports: [{ name: options.portName ?? '', port, protocol: options.protocol ?? 'TCP' }],
  endpoints: addresses.map((address, index) => ({
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node-${(index % 3) + 1}`,
  })),
});

/** The flags and variables of every Gatehouse in the environment. */
async function startGatehouse(
  cluster: Cluster,
  aws: Aws,
  seed: Seed,
  { flags = {}, env = {}, program, logFile, awaitReady = true }: GatehouseOptions,
): Promise<Gatehouse> {
  const [metrics, probes] = await freePorts(2);
  const given: Record<string, string> = {
    'cluster-name': seed.clusterName,
    'metrics-bind-addr': `127.0.0.1:${metrics}`,
    'health-probe-bind-addr': `127.0.0.1:${probes}`,
    'enable-leader-election': 'false',
    'leader-election-namespace': 'kube-system',
    // By default the embedded AWS does not throttle.
    'aws-rate-factor': '10',
    ...flags,
  };
  const args = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(process.execPath, [program ?? join(root, 'src', 'main.ts'), 'run', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      KUBECONFIG: cluster.kubeconfig,
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
  });
  const file = logFile ?? join(cluster.dir, `gatehouse-${child.pid}.log`);
  child.stderr.pipe(createWriteStream(file, { flags: 'a', mode: 0o600 }));
  const gatehouse = processOf(child, file, `http://127.0.0.1:${metrics}/metrics`);
  if (!awaitReady) return gatehouse;
  try {
    await ready(`http://127.0.0.1:${probes}/readyz`, gatehouse);
  } catch (error) {
    await gatehouse.stop('SIGKILL');
    throw error;
  }
  return gatehouse;
}

function processOf(child: ChildProcess, logFile: string, metricsUrl: string): Gatehouse {
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'gone'));
  });
  return {
    pid: child.pid ?? 0,
    logFile,
    metricsUrl,
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

/** A busy machine loads the sources slowly. */
const readyTimeoutMs = 90_000;

async function ready(url: string, gatehouse: Gatehouse): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  const stillRuns = Symbol('it still runs');
  let end: number | string | symbol = stillRuns;
  while (performance.now() < deadline) {
    const answered = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    end = await Promise.race([gatehouse.ended, sleep(50, stillRuns)]);
    if (end !== stillRuns) break;
  }
  const log = (await readFile(gatehouse.logFile, 'utf8')).split('\n').slice(-10).join('\n');
  throw new Error(`Gatehouse did not become ready (${typeof end === 'symbol' ? end.description : end}):\n${log}`);
}
