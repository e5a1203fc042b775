import { mkdir, mkdtemp, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const cacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gatehouse');

/**
 * The path of `name` in the cache folder outside the repository. On the first use, `make` writes the file or folder to a
 * temporary path on the same disk. When it is complete, it gets its name. Other processes wait for it meanwhile.
 */
export async function cached(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(cacheFolder(), name);
  if (await exists(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  await using _ = await locked(`${path}.lock`);
  if (await exists(path)) return path;
  const workshop = await mkdtemp(`${path}.making-`);
  try {
    const made = join(workshop, basename(path));
    await make(made);
    await rename(made, path);
    return path;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

const pollMs = 200;
const heartbeatMs = 2_000;
/** A process that was killed leaves its lock behind. */
const staleMs = 15_000;

/** Waits until no other process has the lock. The holder keeps the file's time fresh. */
async function locked(path: string): Promise<AsyncDisposable> {
  while (!(await isCreated(path))) {
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > staleMs) await rm(path, { force: true });
    else await sleep(pollMs);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => {});
  }, heartbeatMs);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat);
      await rm(path, { force: true });
    },
  };
}

/** @returns false if the file exists already */
async function isCreated(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
