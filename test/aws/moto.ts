// moto, the AWS emulator from PyPI. It is installed once, at pinned versions, in the cache folder, and runs on loopback.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cached } from '../../localstack/cluster/cache.ts';
import { startDaemon } from '../../localstack/cluster/daemon.ts';
import { freePorts } from '../../localstack/cluster/ports.ts';

const run = promisify(execFile);
const requirements = join(import.meta.dirname, 'moto-requirements.txt');
const program = join(import.meta.dirname, 'moto-server.py');
const readyTimeoutMs = 60_000;

/** @returns the path of a Python with moto */
async function install(log: (line: string) => void): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const folder = await cached(`moto-${digest.slice(0, 12)}`, async (path) => {
    log('Installing moto from PyPI, once; it takes half a minute …');
    await run('python3', ['-m', 'venv', path]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
    await run(join(path, 'bin', 'python'), [...pip, '--requirement', requirements]);
  });
  return join(folder, 'bin', 'python');
}

/** Whether the AWS at this URL is moto. */
export const isMoto = (url: string): Promise<boolean> =>
  fetch(new URL('/moto-api/data.json', url)).then(
    (answer) => answer.ok,
    () => false,
  );

interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startMoto(log: (line: string) => void): Promise<Moto> {
  const python = await install(log);
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-moto-'));
  const args = [program, '--host', '127.0.0.1', '--port', `${port}`];
  const daemon = await startDaemon(python, args, join(folder, 'log'));
  const deadline = performance.now() + readyTimeoutMs;
  while (!(await isMoto(url))) {
    const end = await Promise.race([daemon.ended, sleep(100, undefined)]);
    if (end !== undefined) throw new Error(end);
    if (performance.now() > deadline) throw new Error(`moto does not answer at ${url} after ${readyTimeoutMs} ms`);
  }
  return {
    url,
    stop: async () => {
      await daemon.kill('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
