// Where kube-apiserver and etcd come from: KUBEBUILDER_ASSETS, as envtest has it, or a build out of the Go module proxy.
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { go } from './go.ts';

/** `build/go.mod` pins every version; a module's version is part of the name that its binary has in the cache. */
const commands = {
  etcd: { package: 'go.etcd.io/etcd/server/v3', module: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': { package: 'k8s.io/kubernetes/cmd/kube-apiserver', module: 'k8s.io/kubernetes' },
} as const;

type Command = keyof typeof commands;
export type Binaries = Readonly<Record<Command, string>>;

export interface BuildOptions {
  /** Gets a line of progress every few seconds of a build, which takes minutes, and nothing when all is there. */
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const buildFolder = join(import.meta.dirname, 'build');
const progressIntervalMs = 5_000;

/** Paths of runnable binaries. The first call on a machine builds them. */
export async function findBinaries(options: BuildOptions = {}): Promise<Binaries> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const find = (command: Command): Promise<string> =>
    assets ? assetOf(assets, command) : cachedBuild(command, options);
  // One after the other: each build has all cores to itself.
  const etcd = await find('etcd');
  return { etcd, 'kube-apiserver': await find('kube-apiserver') };
}

async function assetOf(folder: string, command: Command): Promise<string> {
  const path = join(folder, command);
  await access(path, constants.X_OK).catch((cause: unknown) => {
    throw new Error(`KUBEBUILDER_ASSETS is ${folder}, which has no runnable ${command}`, { cause });
  });
  return path;
}

async function cachedBuild(command: Command, options: BuildOptions): Promise<string> {
  const goMod = await readFile(join(buildFolder, 'go.mod'), 'utf8');
  const version = requiredVersion(goMod, commands[command].module);
  return cached(join('bin', `${command}-${version}`), (path) => build(command, version, path, options));
}

/** The version that the text of a go.mod requires of a module. */
function requiredVersion(goMod: string, module: string): string {
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

async function build(command: Command, version: string, path: string, options: BuildOptions): Promise<void> {
  const log = options.log ?? (() => {});
  const started = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  let downloaded = 0;
  let compiled = 0;
  log(`Building ${command} ${version}; this takes minutes, once on a machine …`);
  const progress = setInterval(
    () => log(`Building ${command}: ${downloaded} modules downloaded, ${compiled} packages compiled, ${elapsed()}`),
    progressIntervalMs,
  );
  try {
    const flags = ['-v', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(version)];
    const { status, stderr } = await go(['build', ...flags, '-o', path, commands[command].package], {
      cwd: buildFolder,
      env: { CGO_ENABLED: '0' },
      signal: options.signal,
      onLine: (line) => {
        if (line.startsWith('go: downloading ')) downloaded += 1;
        else compiled += 1;
      },
    });
    if (status !== 0) {
      const errors = stderr.split('\n').filter((line) => !line.startsWith('go: downloading '));
      throw new Error(`Building ${command} ${version} failed:\n${errors.slice(-20).join('\n')}`);
    }
    log(`Built ${command} ${version} in ${elapsed()}`);
  } finally {
    clearInterval(progress);
  }
}

/**
 * A Kubernetes binary knows its version from the linker alone. Without it the API server calls itself v0.0.0, and CEL
 * in CRDs and feature gates, which look at that version, behave as in no release.
 */
function linkerFlags(version: string): string {
  const [major, minor] = version.slice(1).split('.');
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'archive' };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const settings = packages.flatMap((name) =>
    Object.entries(values).map(([variable, value]) => `-X ${name}.${variable}=${value}`),
  );
  return ['-s', '-w', ...settings].join(' ');
}
