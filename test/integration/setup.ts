// One API server for the whole integration run. Tests share it, each with its own namespaces and classes.
import type { TestProject } from 'vitest/node';
import { startCluster } from '../../localstack/cluster/cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the administrator's kubeconfig. */
    readonly kubeconfig: string;
    /** The API server's URL. */
    readonly url: string;
    /** The folder of the cluster's logs and data. */
    readonly dir: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster({ log: (line) => console.error(line) });
  project.provide('kubeconfig', cluster.kubeconfig);
  project.provide('url', cluster.url);
  project.provide('dir', cluster.dir);
  return () => cluster.stop();
}
