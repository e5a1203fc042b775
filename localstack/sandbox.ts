// Own namespaces for a program that needs its own network: bridges, routes, addresses, mounts. They are not visible outside,
// and end with the program, also after kill -9: when the first process of a process namespace dies, the kernel kills the
// others, and a network or mount namespace without processes disappears.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SandboxOptions {
  /** The IPv4 address of the DNS server for all programs inside, at port 53. The caller must run it. */
  readonly nameserver?: string;
  /** Runs before, outside. All downloads belong here, because the sandbox has no internet. */
  readonly prepare?: () => Promise<void>;
  /** Gets the process inside, at its start. Its pid works for `nsenter`, and it has an IPC channel. */
  readonly attend?: (inside: ChildProcess) => Promise<void>;
}

const marker = 'GATEHOUSE_SANDBOX';
const folderPrefix = 'gatehouse-sandbox-';
const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export const isInSandbox = (): boolean => process.env[marker] !== undefined;

/** Why this machine can't have sandboxes, as a sentence; undefined if it can. */
export function sandboxObstacle(): string | undefined {
  if (process.platform !== 'linux') return `Network namespaces exist on Linux alone; this is ${process.platform}.`;
  if (process.getuid?.() !== 0) return 'Network namespaces need root; run this as root.';
  const missing = ['unshare', 'setpriv', 'mount', 'ip'].filter((tool) => spawnSync(tool, ['--version']).error);
  if (missing.length > 0) return `${missing.join(', ')} not found in PATH; install util-linux and iproute2.`;
  const { status, stderr } = spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true'], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `This machine gives no namespaces: ${stderr.trim()}`;
}

/**
 * Starts the program again inside a sandbox, where this function returns at once. Outside it never returns: the process
 * passes on signals, input and output, and ends like the one inside. The program's temporary folder is deleted, too.
 *
 * @throws an Error that says what sandboxes need here.
 */
export async function enterSandbox({ nameserver, prepare, attend }: SandboxOptions = {}): Promise<void> {
  if (isInSandbox()) return settleInside();
  const obstacle = sandboxObstacle();
  if (obstacle !== undefined) throw new Error(obstacle);
  removeLeftovers();
  await prepare?.();
  const folder = mkdtempSync(join(tmpdir(), `${folderPrefix}${process.pid}-`));
  try {
    const inside = begin(folder, nameserver);
    const ended = endOf(inside);
    await attend?.(inside).catch((error: unknown) => {
      inside.kill('SIGKILL');
      throw error;
    });
    process.exitCode = await ended;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit();
}

/** Prepares the sandbox: `$1` is the file that becomes /etc/resolv.conf, or empty. */
const setupScript = `set -e
ip link set lo up
if [ -n "$1" ]; then mount --bind "$1" /etc/resolv.conf; fi
shift
exec "$@"`;

function begin(folder: string, nameserver: string | undefined): ChildProcess {
  const resolvConf = nameserver === undefined ? '' : join(folder, 'resolv.conf');
  if (resolvConf !== '') writeFileSync(resolvConf, `nameserver ${nameserver}\noptions timeout:2 attempts:2\n`);
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // unshare ends with us, and its children end with it.
  const unshare = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', ...unshare, 'sh', '-c', setupScript, 'sandbox', resolvConf, ...program],
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      // A session of its own: signals from a terminal reach it only through us, once.
      detached: true,
      env: { ...process.env, [marker]: '1', TMPDIR: folder },
    },
  );
}

interface SignalMessage {
  readonly kind: 'sandbox-signal';
  readonly name: (typeof forwardedSignals)[number];
}

function endOf(inside: ChildProcess): Promise<number> {
  for (const name of forwardedSignals)
    process.on(name, () => inside.connected && inside.send({ kind: 'sandbox-signal', name } satisfies SignalMessage));
  return new Promise((resolve, reject) => {
    inside.once('error', reject);
    inside.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/**
 * The kernel gives the first process of a namespace only signals with a handler, so SIGTERM would not end it. Here signals
 * come as messages; without a handler they end the process.
 */
function settleInside(): void {
  process.on('message', (message: SignalMessage) => {
    if (message.kind !== 'sandbox-signal') return;
    if (!process.emit(message.name, message.name)) process.exit(128 + constants.signals[message.name]);
  });
  process.channel?.unref();
}

/** Deletes the folders of killed sandboxes. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((other) => other.startsWith(folderPrefix))) {
    const pid = Number(name.slice(folderPrefix.length).split('-')[0]);
    if (!isRunning(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
