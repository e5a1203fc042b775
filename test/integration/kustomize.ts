import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached } from '../../localstack/cluster/cache.ts';
import { go } from '../../localstack/cluster/go.ts';

const module = 'sigs.k8s.io/kustomize/kustomize/v5';
const version = 'v5.8.1';

/** The YAML of a kustomization, rendered by kubectl if installed, else by a kustomize that is built once from the Go module proxy. */
export async function kustomize(folder: string): Promise<string> {
  try {
    return await output('kubectl', ['kustomize', folder]);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return await output(await builtKustomize(), ['build', folder]);
  }
}

const run = promisify(execFile);

async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

async function builtKustomize(): Promise<string> {
  const folder = await cached(`kustomize-${version}`, async (path) => {
    const { status, stderr } = await go(['install', `${module}@${version}`], {
      env: { GOBIN: path, CGO_ENABLED: '0' },
    });
    if (status !== 0) throw new Error(`Building kustomize ${version} failed: ${stderr}`);
  });
  return join(folder, 'kustomize');
}
