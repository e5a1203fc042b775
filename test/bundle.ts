// The bundled program, as in the image. It starts faster than the sources, and users run it.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

export interface Bundle extends AsyncDisposable {
  /** The program's path. */
  readonly program: string;
}

/** Builds it into its own folder, because `dist` may be rebuilt meanwhile. Disposing deletes the folder. */
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
