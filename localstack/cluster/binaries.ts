// Kubernetes' own programs, from KUBEBUILDER_ASSETS (as for envtest), or built from the Go module proxy.
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, built, type GoProgram } from './go-build.ts';

const folder = join(import.meta.dirname, 'build');
const kubernetes = { folder, module: 'k8s.io/kubernetes', linkerFlags: versionFlags } as const;

const programs = {
  etcd: { folder, module: 'go.etcd.io/etcd/server/v3', package: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  kubectl: { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kubectl' },
  'kube-controller-manager': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
} as const satisfies Readonly<Record<string, Omit<GoProgram, 'name'>>>;

type Program = keyof typeof programs;

/** envtest's folders have only these. */
const isAsset = (name: Program): boolean => name !== 'kube-controller-manager';

/** The path of a runnable binary. The first call on a machine builds it. */
export async function findBinary(name: Program, options: BuildOptions = {}): Promise<string> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (!assets || !isAsset(name)) return built({ name, ...programs[name] }, options);
  const path = join(assets, name);
  await access(path, constants.X_OK).catch((cause: unknown) => {
    throw new Error(`KUBEBUILDER_ASSETS is ${assets}, which has no runnable ${name}`, { cause });
  });
  return path;
}

/**
 * A Kubernetes binary gets its version only from the linker. Without it the API server's version is v0.0.0. CEL in CRDs
 * and feature gates depend on the version, and would behave as in no release.
 */
function versionFlags(version: string): string {
  const [major, minor] = version.slice(1).split('.');
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'archive' };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const settings = packages.flatMap((name) =>
    Object.entries(values).map(([variable, value]) => `-X ${name}.${variable}=${value}`),
  );
  return ['-s', '-w', ...settings].join(' ');
}
