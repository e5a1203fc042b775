// Gatehouse with MetalLB, on this machine: a cluster whose pods run, the real MetalLB, and Gatehouse as a process. It needs a
// sandbox (`enterSandbox`).
import { applyYaml } from './cluster/apply.ts';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { plainNodes } from './cluster/nodes/plain-nodes.ts';
import { type Client, clientOf } from './cluster/outside/client.ts';
import { definitions, type Gatehouse, type GatehouseOptions, Gatehouses } from './gatehouse.ts';

export interface MetallbEnvironmentOptions {
  /** The folder of the cluster; default: a temporary one. */
  readonly dir?: string | undefined;
  /** The API server's port; default: any free one. */
  readonly port?: number | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MetallbEnvironment {
  readonly cluster: Cluster;
  /** A machine outside of the cluster. */
  readonly client: Client;
  /** Starts a Gatehouse. Resolves when it is ready. */
  startGatehouse(options?: GatehouseOptions): Promise<Gatehouse>;
  /** Ends every running Gatehouse, then the cluster. */
  stop(): Promise<void>;
}

/** The namespace of Gatehouse's own objects. */
const namespace = 'gatehouse-system';
const adsPort = 18_000;

export async function startMetallbEnvironment(options: MetallbEnvironmentOptions = {}): Promise<MetallbEnvironment> {
  const cluster = await startCluster({ ...options, nodes: plainNodes, metallb: true });
  await using begun = new AsyncDisposableStack();
  begun.defer(() => cluster.stop());
  const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await applyYaml(cluster.admin, [own]);
  await applyYaml(cluster.admin, await definitions());
  const gatehouses = new Gatehouses();
  begun.move();
  return {
    cluster,
    client: clientOf(cluster.dir),
    startGatehouse: (given = {}) => gatehouses.start(cluster, withMetallb(given)),
    stop: async () => {
      await gatehouses.stop();
      await cluster.stop();
    },
  };
}

/** The flags of every Gatehouse in the environment. The pods reach it at the address of a node, because it runs there. */
const withMetallb = ({ flags, ...options }: GatehouseOptions): GatehouseOptions => ({
  ...options,
  flags: {
    providers: 'metallb',
    'leader-election-namespace': namespace,
    'ads-bind-addr': `:${adsPort}`,
    'ads-address': `${plainNodes[0]?.address}:${adsPort}`,
    ...flags,
  },
});
