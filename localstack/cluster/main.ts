// npm run cluster -- --dir DIR --port PORT: a Kubernetes API server until Ctrl-C.
import { Command, InvalidArgumentError } from 'commander';
import { startCluster } from './cluster.ts';

interface Flags {
  readonly dir?: string;
  readonly port?: number;
  readonly crds: boolean;
}

const flags = new Command('cluster')
  .description('Runs kube-apiserver and etcd on loopback, with the Gateway API installed, until Ctrl-C.')
  .option('--dir <folder>', 'keep data, certificates and logs here, and continue what is here (default: temporary)')
  .option('--port <port>', 'port of the API server (default: any free one)', parsePort)
  .option('--no-crds', 'do not install the Gateway API')
  .parse()
  .opts<Flags>();

const interruption = new AbortController();
const interrupted = Promise.withResolvers<void>();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    interruption.abort();
    interrupted.resolve();
  });
}

try {
  const cluster = await startCluster({ ...flags, log: (line) => console.error(line), signal: interruption.signal });
  console.error(`Kubernetes serves at ${cluster.url}; Ctrl-C ends it.`);
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
  await interrupted.promise;
  await cluster.stop();
} catch (error) {
  if (interruption.signal.aborted) process.exit(130);
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('Expected 1 to 65535.');
  return port;
}
