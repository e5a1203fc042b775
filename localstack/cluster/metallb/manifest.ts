// MetalLB as its own manifest installs it, except for what three nodes in one network namespace can't have.
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KubeObject, parseManifest } from '../apply.ts';
import { cached } from '../cache.ts';
import { downloadModule } from '../go.ts';
import { requiredVersion } from '../go-build.ts';
import { metallbFolder, metallbModule } from './module.ts';

/** The path of the manifest. The first call on a machine downloads MetalLB's module. */
export async function metallbManifest(signal: AbortSignal | undefined): Promise<string> {
  const version = requiredVersion(await readFile(join(metallbFolder, 'go.mod'), 'utf8'), metallbModule);
  return cached(`metallb-${version}.yaml`, async (path) => {
    const folder = await downloadModule(metallbModule, version, signal);
    await copyFile(join(folder, 'config', 'manifests', 'metallb-native.yaml'), path);
  });
}

export async function metallbObjects(signal: AbortSignal | undefined): Promise<readonly KubeObject[]> {
  const objects = parseManifest(await readFile(await metallbManifest(signal), 'utf8'));
  return objects.flatMap((object) => {
    // The webhook starts late, after its certificate. Without it tests can also make a wrong configuration.
    if (object.kind === 'ValidatingWebhookConfiguration') return [];
    return isWorkload(object) ? fitted(object) : object;
  });
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
  };
}

interface Container {
  readonly args: readonly string[];
  readonly readinessProbe: object;
}

const isWorkload = (object: KubeObject): object is Workload =>
  object.kind === 'Deployment' || object.kind === 'DaemonSet';

/** The arguments of the programs. Zero means no metrics, or any free port for probes. */
const argsFor = (kind: string): readonly string[] =>
  kind === 'Deployment' ? ['--port=0', '--webhook-mode=disabled'] : ['--port=0', '--health-probe-port=0'];

const atOnce = { initialDelaySeconds: 0, periodSeconds: 1 };

function fitted(workload: Workload): KubeObject {
  const { kind, spec } = workload;
  const { template } = spec;
  const containers = template.spec.containers.map((container) => ({
    ...container,
    args: argsFor(kind),
    // The speakers are on one host, where they would share the port of their probes.
    readinessProbe: kind === 'Deployment' ? { ...container.readinessProbe, ...atOnce } : undefined,
    livenessProbe: undefined,
  }));
  return { ...workload, spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } } };
}
