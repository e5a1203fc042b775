// The program as the image has it: it starts faster than the sources, and is what users run.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

export interface Bundle extends AsyncDisposable {
  /** The program's path. */
  readonly program: string;
}

/** Builds it into a folder of its own, which goes when it is disposed of: `dist` may be built anew meanwhile. */
export async function bundle(): Promise<Bundle> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-bundle-'));
  execFileSync(join(root, 'node_modules', '.bin', 'rolldown'), ['-c', '--dir', dir], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }\n');
  return {
    program: join(dir, 'main.js'),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
