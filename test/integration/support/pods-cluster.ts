// `npm run cluster -- --pods` as a process, and programs in the network of its pods, or outside of the cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type Connection, connect } from '../../../localstack/cluster/connection.ts';
import { type Client, clientOf } from '../../../localstack/cluster/outside/client.ts';

const main = new URL('../../../localstack/cluster/main.ts', import.meta.url).pathname;

export interface PodsCluster {
  readonly process: ChildProcess;
  /** The administrator's. It is right in the sandbox and outside of it. */
  readonly kubeconfig: string;
  /** The administrator's connection, from outside of the sandbox. */
  readonly admin: Connection;
  /** A process of the sandbox, for `nsenter`. */
  readonly pid: number;
  /** A machine outside of the cluster, if MetalLB runs. */
  readonly client: Client;
}

/** @param mode with `--metallb` MetalLB runs, too @param more `--no-crds`: without the Gateway API */
export async function startPodsCluster(
  mode: '--pods' | '--metallb' = '--pods',
  more: readonly '--no-crds'[] = ['--no-crds'],
): Promise<PodsCluster> {
  const child = spawn(process.execPath, [main, mode, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    const kubeconfig = line.replace('export KUBECONFIG=', '');
    const pid = Number(/--target (\d+)/.exec(said.join('\n'))?.[1]);
    return { process: child, kubeconfig, admin: await connect(kubeconfig), pid, client: clientOf(dirname(kubeconfig)) };
  }
  throw new Error(`The cluster ended:\n${said.join('\n')}`);
}

/** Runs a module in the network of the pods. */
const spawnInside = ({ pid }: PodsCluster, source: string, ...args: readonly string[]): ChildProcess =>
  spawn(
    'nsenter',
    ['--target', String(pid), '--net', process.execPath, '--input-type=module', '--eval', source, ...args],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );

/** The output of the module. @throws if its exit status is not 0 */
export async function runInside(cluster: PodsCluster, source: string, ...args: readonly string[]): Promise<string> {
  const child = spawnInside(cluster, source, ...args);
  const output = child.stdout ? text(child.stdout) : '';
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`A program in the pods' network ended with ${status}: ${await output}`);
  return output;
}

/** The pod that answers at a URL. An echo pod answers with its name. */
export async function podBehind(cluster: PodsCluster, url: string): Promise<string> {
  const source = 'console.log(await (await fetch(process.argv[1])).text())';
  const { pod }: { readonly pod: string } = JSON.parse(await runInside(cluster, source, url));
  return pod;
}

/** A pod's answer to a datagram. The datagram is sent until it is answered: a pod without a probe is ready before it listens. */
export const askUdp = (cluster: PodsCluster, address: string, port: number, message: string): Promise<string> =>
  runInside(
    cluster,
    `import { createSocket } from 'node:dgram';
const [, address, port, message] = process.argv;
const send = () => socket.send(message, Number(port), address);
const again = setInterval(send, 500);
const socket = createSocket('udp4').on('message', (answer) => { clearInterval(again); console.log(String(answer)); socket.close(); });
send();
setTimeout(() => process.exit(1), 10_000).unref();`,
    address,
    String(port),
    message,
  );

export interface SteadyTraffic {
  stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }>;
}

/** A request every 20 ms, each on a connection of its own. */
export function steadyTraffic(cluster: PodsCluster, url: string): SteadyTraffic {
  const child = spawnInside(
    cluster,
    `import { get } from 'node:http';
let answered = 0;
let open = 0;
const failures = [];
const over = (failure) => { open -= 1; if (failure) failures.push(String(failure)); else answered += 1; };
const timer = setInterval(() => {
  open += 1;
  get(process.argv[1], { agent: false }, (response) => response.resume().on('end', () => over()).on('error', over)).on('error', over);
}, 20);
process.stdin.resume().on('end', () => {
  clearInterval(timer);
  setInterval(() => { if (open === 0) { console.log(JSON.stringify({ answered, failures })); process.exit(); } }, 20);
});`,
    url,
  );
  const output = child.stdout ? text(child.stdout) : Promise.resolve('');
  return {
    stop: async () => {
      child.stdin?.end();
      return JSON.parse(await output);
    },
  };
}
