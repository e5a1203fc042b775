import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A server process that ends with this process. */
export interface Daemon {
  readonly pid: number;
  /** Resolves when it has ended, with a sentence about how, and the end of its log. Never rejects. */
  readonly ended: Promise<string>;
  /** Sends the signal and waits for the end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Starts a program whose output is appended to `logFile`. */
export async function startDaemon(program: string, args: readonly string[], logFile: string): Promise<Daemon> {
  const log = openSync(logFile, 'a', 0o600);
  // A session of its own: Ctrl-C in the terminal reaches only this process, which then ends its daemons in order.
  const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const started = Promise.withResolvers<void>();
  child.once('spawn', started.resolve);
  child.once('error', started.reject);
  await started.promise;
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} started without a process id`);

  const guard = guardOf(pid);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      guard.release();
      void tail(logFile).then((text) => resolve(`${program} ended (${signal ?? `exit status ${code}`}):\n${text}`));
    });
  });
  return {
    pid,
    ended,
    kill: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

/** Rejects when the daemon ends, and says how. */
export async function endOf(daemon: Daemon): Promise<never> {
  throw new Error(await daemon.ended);
}

/**
 * A shell that kills the daemon when this process ends. It waits for the end of its standard input, which the system closes
 * even after SIGKILL.
 */
function guardOf(pid: number): { release(): void } {
  const script = 'read -r _; kill -KILL "$1"';
  const guard = spawn('sh', ['-c', script, 'guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  return { release: () => void guard.kill('SIGKILL') };
}

async function tail(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-15).join('\n');
}
