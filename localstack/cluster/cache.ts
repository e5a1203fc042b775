import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const cacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gatehouse');

/**
 * The path of `name` in the cache folder outside the repository. On the first use, `make` writes the file or folder to a
 * temporary path on the same disk. When it is complete, it gets its name.
 */
export async function cached(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(cacheFolder(), name);
  if (await exists(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const workshop = await mkdtemp(`${path}.making-`);
  try {
    const made = join(workshop, basename(path));
    await make(made);
    await rename(made, path).catch(async (error: unknown) => {
      // Another process was faster. Its result is equally good.
      if (!(await exists(path))) throw error;
    });
    return path;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
