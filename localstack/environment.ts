// Everything around Gatehouse, on this machine: an API server with Nodes, an AWS with a VPC, and Gatehouse as a process.
// With `pods` the nodes run pods, at addresses of the VPC. The demo, the tests and the bench use it.
import type { DataPlaneOptions } from './aws/dataplane/options.ts';
import type { Seed } from './aws/seed.ts';
import { type Aws, type StartOptions, startAws } from './aws/server.ts';
import { applyYaml, type KubeObject } from './cluster/apply.ts';
import { type Cluster, type ClusterOptions, startCluster } from './cluster/cluster.ts';
import { ownBlock } from './cluster/nodes/network.ts';
import { definitions, type Gatehouse, type GatehouseOptions, Gatehouses } from './gatehouse.ts';
import { nodeFacts, nodePlans } from './vpc-nodes.ts';

/** The block of the embedded AWS's Elastic IPs. */
const elasticIps = '198.18.0.0/15';

export interface EnvironmentOptions {
  readonly aws?: StartOptions;
  /** Creates the AWS; default: the embedded AWS. */
  readonly openAws?: ((options: StartOptions) => Promise<Aws>) | undefined;
  readonly dir?: string | undefined;
  /** The release of the Gateway API to install, or false for none; default: the newest. */
  readonly crds?: ClusterOptions['crds'];
  /** What `startGatehouse` starts; default: the sources. */
  readonly program?: string | undefined;
  /** Whether pods run: this needs a sandbox (`enterSandbox`); default: false. */
  readonly pods?: boolean | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
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
  const { dir, crds, program, pods = false, log, signal, openAws = startAws } = options;
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
  const environment = furnished(cluster, aws, seed, program);
  begun.move();
  return environment;
}

/** Adds the addresses of load balancers and the Elastic IPs to the sandbox. */
async function ownAddresses(plane: DataPlaneOptions): Promise<DataPlaneOptions> {
  const { addresses, addresses6 = [], mapTargets = [] } = plane;
  for (const block of [addresses, addresses6, elasticIps].flat()) await ownBlock(block);
  return { ...plane, mapTargets: [...mapTargets, `${elasticIps}=${elasticIps}`] };
}

function furnished(cluster: Cluster, aws: Aws, seed: Seed, program?: string): Environment {
  const gatehouses = new Gatehouses();
  return {
    cluster,
    aws,
    seed,
    startGatehouse: (given = {}) =>
      gatehouses.start(cluster, withAws(aws, seed, { ...given, program: given.program ?? program })),
    stop: async () => {
      await gatehouses.stop();
      await aws.close();
      await cluster.stop();
    },
  };
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
const withAws = (aws: Aws, seed: Seed, { flags, env, ...options }: GatehouseOptions): GatehouseOptions => ({
  ...options,
  flags: {
    'cluster-name': seed.clusterName,
    // By default the embedded AWS does not throttle.
    'aws-rate-factor': '10',
    ...flags,
  },
  env: {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...env,
  },
});
