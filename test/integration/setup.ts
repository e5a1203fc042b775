// For the whole integration run: one API server, which tests share, each with its own namespaces and classes, and the program that
// they start.
import type { TestProject } from 'vitest/node';
import { startCluster } from '../../localstack/cluster/cluster.ts';
import { bundle } from '../bundle.ts';
import { programVariable } from './support/program.ts';

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
  const built = await bundle();
  // The processes of the tests start later, and inherit it.
  process.env[programVariable] = built.program;
  const cluster = await startCluster({ log: (line) => console.error(line) });
  project.provide('kubeconfig', cluster.kubeconfig);
  project.provide('url', cluster.url);
  project.provide('dir', cluster.dir);
  return async () => {
    await cluster.stop();
    await built[Symbol.asyncDispose]();
  };
}
