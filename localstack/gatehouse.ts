// Gatehouse as a process beside a cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster/cluster.ts';
import { freePorts } from './cluster/ports.ts';

const root = join(import.meta.dirname, '..');

export interface GatehouseOptions {
  /** Flags of `gatehouse run`, added to the environment's own. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  /** The program instead of the sources: `dist/main.js`. */
  readonly program?: string | undefined;
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

/** Gatehouse's own CRDs, from deploy/crds. */
export async function definitions(): Promise<string> {
  const folder = join(root, 'deploy', 'crds');
  const files = (await readdir(folder)).filter((file) => file.startsWith('gatehouse.dev_'));
  return (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n---\n');
}

/** The processes beside one cluster. */
export class Gatehouses {
  readonly #running = new Set<Gatehouse>();

  /** Resolves when it is ready. */
  async start(cluster: Cluster, options: GatehouseOptions): Promise<Gatehouse> {
    const gatehouse = await startGatehouse(cluster, options);
    this.#running.add(gatehouse);
    void gatehouse.ended.then(() => this.#running.delete(gatehouse));
    return gatehouse;
  }

  /** Ends all that still run. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((gatehouse) => gatehouse.stop()));
  }
}

async function startGatehouse(
  cluster: Cluster,
  { flags = {}, env = {}, program, logFile, awaitReady = true }: GatehouseOptions,
): Promise<Gatehouse> {
  const [metrics, probes] = await freePorts(2);
  const given: Record<string, string> = {
    'metrics-bind-addr': `127.0.0.1:${metrics}`,
    'health-probe-bind-addr': `127.0.0.1:${probes}`,
    'enable-leader-election': 'false',
    'leader-election-namespace': 'kube-system',
    ...flags,
  };
  const args = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(process.execPath, [program ?? join(root, 'src', 'main.ts'), 'run', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      KUBECONFIG: cluster.kubeconfig,
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
