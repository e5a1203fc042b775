import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface GoOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with each line that Go writes to stderr. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface GoResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `go ARGS` and waits for its end, whatever its exit status. Throws if Go is not installed. */
export async function go(args: readonly string[], options: GoOptions = {}): Promise<GoResult> {
  const child = spawn('go', args, {
    cwd: options.cwd,
    env: { ...process.env, GOWORK: 'off', ...options.env },
    signal: options.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    options.onLine?.(line);
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? new GoMissingError() : error));
  child.on('close', (code) => resolve(code ?? 1));
  const status = await promise;
  return { status, stdout, stderr: errors.join('\n') };
}

/** The folder of a module's files, which are downloaded and verified. */
export async function downloadModule(
  module: string,
  version: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { stdout, stderr } = await go(['mod', 'download', '-json', `${module}@${version}`], { signal });
  const { Dir, Zip }: { readonly Dir?: string; readonly Zip?: string } = JSON.parse(stdout || '{}');
  if (Dir !== undefined) return Dir;
  // If Go is too old to compile the module, it reports an error and no folder, but it has downloaded, verified and unpacked
  // the files.
  if (Zip === undefined) throw new Error(`Downloading ${module} ${version} failed: ${stderr || stdout}`);
  const { stdout: moduleCache } = await go(['env', 'GOMODCACHE'], { signal });
  return join(moduleCache.trim(), `${module}@${version}`);
}

class GoMissingError extends Error {
  override readonly name = 'GoMissingError';

  constructor() {
    super(
      'Go is needed to build kube-apiserver and etcd, and was not found in PATH. Install Go 1.26 or newer ' +
        '(https://go.dev/doc/install), or set KUBEBUILDER_ASSETS to a folder that has kube-apiserver and etcd.',
    );
  }
}
