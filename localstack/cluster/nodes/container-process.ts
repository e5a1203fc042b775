// One run of a container: its program, in the pod's network namespace, with its own temporary file system.
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ContainerLog } from './container-log.ts';
import type { RunnableImage } from './images.ts';

export interface Mount {
  readonly source: string;
  /** An absolute path in the container. */
  readonly target: string;
}

export interface ProcessPlan {
  /** The container's root; created if it does not exist. */
  readonly root: string;
  /** The pod's network namespace; undefined for the node's own. */
  readonly namespace: string | undefined;
  readonly hostname: string;
  readonly address: string;
  readonly image: RunnableImage;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

export interface Exit {
  readonly exitCode: number;
  readonly signal?: number;
}

export interface ContainerProcess {
  readonly pid: number;
  readonly ended: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `$1` is the root. Then, up to `--`, pairs of a source and its mount point in the root. Then the program. */
const enterScript = `set -e
root=$1
shift
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  shift 2
done
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" "$@"`;

/** Starts the program. Its output goes to the log. Throws if it can't be started. */
export async function startContainer(plan: ProcessPlan, log: ContainerLog): Promise<ContainerProcess> {
  const { root, image, namespace } = plan;
  const mounts: readonly Mount[] = [{ source: image.binary, target: image.entrypoint }, ...plan.mounts];
  await prepareRoot(plan, mounts);
  const entry = namespace === undefined ? ['unshare', '--mount'] : ['ip', 'netns', 'exec', namespace];
  const [program, ...args] = [
    ...entry,
    'sh',
    '-c',
    enterScript,
    'container',
    root,
    ...mounts.flatMap(({ source, target }) => [source, target]),
    '--',
    ...plan.command,
  ];
  const child = spawn(program ?? '', args, {
    // Its own process group, which is ended as a whole.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: searchPath, HOSTNAME: plan.hostname, ...plan.environment },
  });
  return watched(child, log);
}

async function watched(child: ChildProcess, log: ContainerLog): Promise<ContainerProcess> {
  const started = Promise.withResolvers<void>();
  child.once('spawn', started.resolve);
  child.once('error', started.reject);
  for (const stream of [child.stdout, child.stderr]) if (stream) keep(stream, log);
  await started.promise;
  const { pid } = child;
  if (pid === undefined) throw new Error('A container started without a process id');

  let over = false;
  const kill = (signal: NodeJS.Signals): void => {
    if (over) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group has no processes any more.
    }
  };
  // Its child processes end with it.
  child.once('exit', () => kill('SIGKILL'));
  const ended = new Promise<Exit>((resolve) => {
    // `close` comes after `exit`, when the output is complete.
    child.once('close', (code, signal) => {
      over = true;
      log.end();
      const number = signal === null ? undefined : constants.signals[signal];
      resolve(number === undefined ? { exitCode: code ?? 0 } : { exitCode: 128 + number, signal: number });
    });
  });
  return { pid, ended, kill };
}

function keep(stream: Readable, log: ContainerLog): void {
  createInterface({ input: stream }).on('line', (text) => log.add({ time: Date.now(), text }));
}

async function prepareRoot({ root, hostname, address }: ProcessPlan, mounts: readonly Mount[]): Promise<void> {
  for (const folder of ['proc', 'dev', 'etc', 'tmp']) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'etc', 'hostname'), `${hostname}\n`);
  await writeFile(join(root, 'etc', 'hosts'), `127.0.0.1 localhost\n${address} ${hostname}\n`);
  await copyFile('/etc/resolv.conf', join(root, 'etc', 'resolv.conf')).catch(() => {});
  for (const { source, target } of mounts) {
    const path = join(root, target);
    const isFolder = (await stat(source)).isDirectory();
    await mkdir(isFolder ? path : dirname(path), { recursive: true });
    if (!isFolder) await writeFile(path, '', { flag: 'a' });
  }
}
