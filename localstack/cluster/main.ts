// npm run cluster -- --dir DIR --port PORT [--pods [--metallb]]: a Kubernetes API server, or a cluster with running pods, until Ctrl-C.
import { enterSandbox } from '../sandbox.ts';
import { script, wholeNumber } from '../script.ts';
import { prepareCluster, startCluster } from './cluster.ts';
import { type Handed, handDoor, receiveDoor } from './door.ts';
import { plainNodes } from './nodes/plain-nodes.ts';
import { clientNamespace } from './outside/link.ts';

interface Flags {
  readonly dir?: string;
  readonly port?: number;
  readonly crds: boolean;
  readonly pods: boolean;
  readonly metallb: boolean;
}

const flags = script(
  'cluster',
  'Runs kube-apiserver and etcd on loopback, with the Gateway API installed, until Ctrl-C.',
)
  .option('--dir <folder>', 'keep data, certificates and logs here, and continue what is here (default: temporary)')
  .option('--port <port>', 'port of the API server (default: any free one)', wholeNumber(1, 65_535))
  .option('--no-crds', 'do not install the Gateway API')
  .option('--pods', 'run controllers and pods too, in a network namespace of its own; needs Linux and root', false)
  .option('--metallb', 'run pods, and MetalLB too, with a client outside of the cluster', false)
  .parse()
  .opts<Flags>();

const log = (line: string): void => console.error(line);
const interruption = new AbortController();
const interrupted = Promise.withResolvers<void>();

async function main(): Promise<void> {
  const { metallb } = flags;
  const pods = flags.pods || metallb;
  if (pods) {
    const prepare = () => prepareCluster({ metallb, log });
    await enterSandbox({ prepare, attend: (inside) => handDoor(inside, flags.port) });
  }
  const { signal } = interruption;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      interruption.abort();
      interrupted.resolve();
    });
  }
  const door = pods ? await receiveDoor() : undefined;
  const crds = flags.crds ? undefined : false;
  const port = door?.port ?? flags.port;
  const cluster = await startCluster({ dir: flags.dir, crds, port, nodes: door && plainNodes, metallb, log, signal });
  console.error(`Kubernetes serves at ${cluster.url}; Ctrl-C ends it.`);
  if (door) explain(door, metallb);
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
  await interrupted.promise;
  door?.close();
  await cluster.stop();
}

function explain({ pid }: Handed, metallb: boolean): void {
  console.error(
    `Pods, Services' addresses and node ports are in a network of their own: nsenter --target ${pid} --net --mount COMMAND`,
  );
  if (metallb)
    console.error(
      `A client outside of the cluster: nsenter --target ${pid} --mount nsenter --net=/run/netns/${clientNamespace} COMMAND`,
    );
}

try {
  await main();
} catch (error) {
  if (interruption.signal.aborted) process.exit(130);
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
