import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cached } from './cache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('two who need the same file at the same time make it once', async () => {
  const make = vi.fn<(path: string) => Promise<void>>(async (path) => {
    await sleep(300);
    await writeFile(path, 'made');
  });
  const paths = await Promise.all([cached('bin/tool', make), cached('bin/tool', make)]);
  expect(make).toHaveBeenCalledTimes(1);
  expect(await readFile(paths[1], 'utf8')).toBe('made');
});

test('after a failure the next one tries again', async () => {
  const failing = cached('tool', () => Promise.reject(new Error('no compiler')));
  await expect(failing).rejects.toThrow('no compiler');
  expect(await readFile(await cached('tool', (path) => writeFile(path, 'made')), 'utf8')).toBe('made');
});

test('the lock of a process that was killed does not last', async () => {
  const lock = join(folder, 'gatehouse', 'tool.lock');
  await mkdir(join(folder, 'gatehouse'));
  await writeFile(lock, '');
  const old = new Date(Date.now() - 60_000);
  await utimes(lock, old, old);
  expect(await readFile(await cached('tool', (path) => writeFile(path, 'made')), 'utf8')).toBe('made');
});
