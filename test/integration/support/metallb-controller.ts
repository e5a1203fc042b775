// MetalLB's real controller beside an API server that runs no pods: it gives addresses to Services, and nobody announces them.
import { join } from 'node:path';
import { applyYaml } from '../../../localstack/cluster/apply.ts';
import type { Cluster } from '../../../localstack/cluster/cluster.ts';
import { type Daemon, startDaemon } from '../../../localstack/cluster/daemon.ts';
import { built } from '../../../localstack/cluster/go-build.ts';
import { metallbObjects } from '../../../localstack/cluster/metallb/manifest.ts';
import { metallbProgram } from '../../../localstack/cluster/metallb/module.ts';
import { freePorts } from '../../../localstack/cluster/ports.ts';

const namespace = 'metallb-system';

/** It reads the pod that it believes to be. */
const ownPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'controller', namespace },
  spec: { containers: [{ name: 'controller', image: 'quay.io/metallb/controller' }] },
};

/** The first time on a machine it builds MetalLB. */
export async function startMetallbController({ admin, dir, kubeconfig }: Cluster): Promise<Daemon> {
  const program = await built(metallbProgram('controller'));
  const needed = new Set(['Namespace', 'CustomResourceDefinition']);
  await applyYaml(admin, [...(await metallbObjects(undefined)).filter(({ kind }) => needed.has(kind)), ownPod]);
  const [probes] = await freePorts(1);
  const flags = {
    kubeconfig,
    namespace,
    'pod-name': ownPod.metadata.name,
    'webhook-mode': 'disabled',
    port: 0,
    'health-probe-port': probes,
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return await startDaemon(program, args, join(dir, 'metallb-controller.log'));
}
