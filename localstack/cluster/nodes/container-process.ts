// One run of a container: its program, in the pod's network namespace, with its own temporary file system.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ContainerLog } from './container-log.ts';
import type { RunnableImage } from './images.ts';
import { type NamedPipe, namedPipe } from './named-pipe.ts';
import { enteringWith, type Privileges } from './privileges.ts';

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
  readonly privileges: Privileges;
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

/**
 * `$1` is the root, and `$2` is `ro` if it is read-only. Then, up to `--`, pairs of a source and its mount point in the root.
 * Then the program.
 */
const enterScript = `set -e
root=$1
mode=$2
shift 2
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$root\${2%/*}"; : >>"$root$2"; fi
  mount --bind "$1" "$root$2"
  shift 2
done
shift
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -o "remount,bind,$mode" "$root"
exec "$@"`;

/** Starts the program. Its output goes to the log. Throws if it can't be started. */
export async function startContainer(plan: ProcessPlan, log: ContainerLog): Promise<ContainerProcess> {
  const { root, image, namespace, privileges } = plan;
  const mounts: readonly Mount[] = [
    { source: image.binary, target: image.entrypoint },
    ...image.libraries.map((path) => ({ source: path, target: path })),
    // A mount point may be in another volume, which comes before.
    ...plan.mounts.toSorted((a, b) => a.target.length - b.target.length),
  ];
  await prepareRoot(plan);
  const entry = namespace === undefined ? ['unshare', '--mount'] : ['ip', 'netns', 'exec', namespace];
  const [program, ...args] = [
    ...entry,
    'sh',
    '-c',
    enterScript,
    'container',
    root,
    privileges.readOnlyRoot ? 'ro' : 'rw',
    ...mounts.flatMap(({ source, target }) => [source, target]),
    '--',
    ...enteringWith(privileges),
    root,
    ...plan.command,
  ];
  const pipes = await Promise.all(['stdout', 'stderr'].map((name) => namedPipe(`${root}.${name}`, privileges.user)));
  try {
    const child = spawn(program ?? '', args, {
      // Its own process group, which is ended as a whole.
      detached: true,
      stdio: ['ignore', ...pipes.map(({ input }) => input)],
      env: { PATH: searchPath, HOSTNAME: plan.hostname, ...plan.environment },
    });
    return await watched(child, pipes, log);
  } finally {
    for (const pipe of pipes) pipe.release();
  }
}

async function watched(child: ChildProcess, pipes: readonly NamedPipe[], log: ContainerLog): Promise<ContainerProcess> {
  const started = Promise.withResolvers<void>();
  child.once('spawn', started.resolve);
  child.once('error', started.reject);
  const outputs = pipes.map(({ output }) => keep(output, log));
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
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      const number = signal === null ? undefined : constants.signals[signal];
      resolve(number === undefined ? { exitCode: code ?? 0 } : { exitCode: 128 + number, signal: number });
    });
  });
  const whole = async (): Promise<Exit> => {
    const [exit] = await Promise.all([exited, ...outputs]);
    over = true;
    log.end();
    return exit;
  };
  return { pid, ended: whole(), kill };
}

/** Resolves when the output is complete. */
async function keep(output: Readable, log: ContainerLog): Promise<void> {
  for await (const text of createInterface({ input: output })) log.add({ time: Date.now(), text });
}

async function prepareRoot({ root, hostname, address }: ProcessPlan): Promise<void> {
  for (const folder of ['proc', 'sys', 'dev', 'etc', 'tmp']) await mkdir(join(root, folder), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await writeFile(join(root, 'etc', 'hostname'), `${hostname}\n`);
  await writeFile(join(root, 'etc', 'hosts'), `127.0.0.1 localhost\n${address} ${hostname}\n`);
  await copyFile('/etc/resolv.conf', join(root, 'etc', 'resolv.conf')).catch(() => {});
}
