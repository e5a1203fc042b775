// Gatehouse as a process on a node of a cluster whose pods run.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { applyYaml } from '../../../localstack/cluster/apply.ts';
import { plainNodes } from '../../../localstack/cluster/nodes/plain-nodes.ts';
import { definitions } from '../../../localstack/gatehouse.ts';
import { namespace } from './objects.ts';
import type { PodsCluster } from './pods-cluster.ts';
import { program } from './program.ts';

/** The namespace of Gatehouse's own objects. */
const ownNamespace = 'gatehouse-system';

export interface GatehouseInCluster {
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with the exit status. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Gatehouse's own CRDs, and its namespace. */
export async function installGatehouse({ admin }: PodsCluster): Promise<void> {
  await applyYaml(admin, await definitions());
  await applyYaml(admin, [namespace(ownNamespace)]);
}

/** @param port where Envoys get their configuration: each running Gatehouse has its own */
export function startGatehouseIn(
  { pid, kubeconfig }: PodsCluster,
  flags: Readonly<Record<string, string>> = {},
  port = 18_000,
): GatehouseInCluster {
  const given = {
    providers: 'metallb',
    'metrics-bind-addr': '0',
    'health-probe-bind-addr': '0',
    'enable-leader-election': 'false',
    'leader-election-namespace': ownNamespace,
    'ads-bind-addr': `:${port}`,
    'ads-address': `${plainNodes[0]?.address}:${port}`,
    ...flags,
  };
  const args = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  const inside = ['--target', String(pid), '--net', process.execPath, program, 'run', ...args];
  const child = spawn('nsenter', inside, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: kubeconfig },
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const logFile = join(dirname(kubeconfig), `gatehouse-${child.pid}.log`);
  child.stderr.pipe(createWriteStream(logFile, { mode: 0o600 }));
  return {
    pid: child.pid ?? 0,
    logFile,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}
