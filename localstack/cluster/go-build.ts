// Builds programs from the Go module proxy.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { go } from './go.ts';

export interface BuildOptions {
  /** Gets a line of progress every few seconds of a build, which takes minutes. Gets nothing if no build is needed. */
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The `go.mod` in `folder` pins every version. The binary's name in the cache has the module's version. */
export interface GoProgram {
  readonly name: string;
  readonly folder: string;
  readonly module: string;
  readonly package: string;
  /** The linker's flags, by the module's version. */
  readonly linkerFlags?: (version: string) => string;
}

const progressIntervalMs = 5_000;

/** The path of the runnable binary. The first call on a machine builds it. */
export async function built(program: GoProgram, options: BuildOptions = {}): Promise<string> {
  const goMod = await readFile(join(program.folder, 'go.mod'), 'utf8');
  const version = requiredVersion(goMod, program.module);
  return cached(join('bin', `${program.name}-${version}`), (path) => build(program, version, path, options));
}

/** The version that the text of a go.mod requires of a module. */
export function requiredVersion(goMod: string, module: string): string {
  const version = goMod
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^require /, '')
        .split(' '),
    )
    .find((words) => words[0] === module && words[1]?.startsWith('v'))?.[1];
  if (version === undefined) throw new Error(`Expected go.mod to require ${module}`);
  return version;
}

async function build(program: GoProgram, version: string, path: string, options: BuildOptions): Promise<void> {
  const { name, folder, linkerFlags = () => '-s -w' } = program;
  const log = options.log ?? (() => {});
  const started = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  let downloaded = 0;
  let compiled = 0;
  log(`Building ${name} ${version}; this may take minutes, once on a machine …`);
  const progress = setInterval(
    () => log(`Building ${name}: ${downloaded} modules downloaded, ${compiled} packages compiled, ${elapsed()}`),
    progressIntervalMs,
  );
  try {
    const flags = ['-v', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(version)];
    const { status, stderr } = await go(['build', ...flags, '-o', path, program.package], {
      cwd: folder,
      // A module may need a newer Go than the machine has. Go downloads it by itself if it may.
      env: { CGO_ENABLED: '0', GOTOOLCHAIN: 'auto' },
      signal: options.signal,
      onLine: (line) => {
        if (line.startsWith('go: downloading ')) downloaded += 1;
        else compiled += 1;
      },
    });
    if (status !== 0) {
      const errors = stderr.split('\n').filter((line) => !line.startsWith('go: downloading '));
      throw new Error(`Building ${name} ${version} failed:\n${errors.slice(-20).join('\n')}`);
    }
    log(`Built ${name} ${version} in ${elapsed()}`);
  } finally {
    clearInterval(progress);
  }
}
