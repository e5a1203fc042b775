import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFiles } from './volume-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-volume-'));
});
afterEach(() => rm(folder, { recursive: true }));

const contentOf = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

test('a volume has its files, also in folders', async () => {
  await replaceFiles(
    folder,
    new Map([
      ['token', 'first'],
      ['more/ca.crt', 'CA'],
    ]),
  );
  expect(await Promise.all(['token', 'more/ca.crt'].map(contentOf))).toEqual(['first', 'CA']);
});

test('new files replace all old ones, and nothing else stays in the volume', async () => {
  await replaceFiles(
    folder,
    new Map([
      ['token', 'first'],
      ['old', 'old'],
    ]),
  );
  await replaceFiles(
    folder,
    new Map([
      ['token', 'second'],
      ['new', 'new'],
    ]),
  );
  expect(await Promise.all(['token', 'new'].map(contentOf))).toEqual(['second', 'new']);
  expect((await readdir(folder)).filter((name) => !name.startsWith('..'))).toEqual(['new', 'token']);
  expect((await readdir(folder)).filter((name) => name.startsWith('..'))).toHaveLength(2);
});

test('the mount point of another volume stays', async () => {
  await replaceFiles(folder, new Map([['first', '1']]));
  await mkdir(join(folder, 'other'));
  await replaceFiles(folder, new Map([['second', '2']]));
  expect((await readdir(folder)).filter((name) => !name.startsWith('..'))).toEqual(['other', 'second']);
});

test('a file that would be outside of the volume is in it', async () => {
  await replaceFiles(folder, new Map([['../../escaped', 'in']]));
  expect(await contentOf('escaped')).toBe('in');
});
