// A cluster with the real MetalLB, where Gatehouse is killed after chosen writes. Its requests go through a proxy that counts them.
import { applyYaml, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import { type MetallbEnvironment, startMetallbEnvironment } from '../../localstack/metallb-environment.ts';
import { type ApiCall, startApiFaults } from '../integration/support/api-faults.ts';
import { deployment } from '../integration/support/balanced.ts';
import { gatewayClass, namespace, service } from '../integration/support/objects.ts';
import type { Options, Stage } from './scenario.ts';

export const ns = 'shop';
export const className = 'metallb';

const backend: readonly KubeObject[] = [
  namespace(ns),
  gatewayClass(className, { controllerName: 'gatehouse.dev/metallb' }),
  deployment(ns, 'echo', {
    containers: [
      {
        name: 'echo',
        image: 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0',
        readinessProbe: { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 },
      },
    ],
  }),
  service(ns, 'echo', { ports: [{ port: 80, targetPort: 3000 }] }),
];

/** The writes that concern one Gateway. */
export interface Writes {
  /** Such as `PATCH services`. */
  readonly made: readonly string[];
  /** Resolves when Gatehouse was killed, with the write after which it was. */
  readonly killed: Promise<string>;
}

interface Counting {
  readonly made: string[];
  readonly at: number | undefined;
  readonly killed: PromiseWithResolvers<string>;
}

export interface MetallbLab extends Stage {
  readonly environment: MetallbEnvironment;
  /**
   * Counts from now on what is written for a Gateway `gw-1`, `gw-2` and so on.
   * @param at Gatehouse is killed after this write, and started again
   */
  count(gateway: string, at?: number): Writes;
}

export async function openMetallbLab({ program, say }: Options): Promise<MetallbLab> {
  const environment = await startMetallbEnvironment({ log: say });
  const { cluster } = environment;
  await applyYaml(cluster.admin, backend);
  const counting = new Map<string, Counting>();
  let isDying = false;

  const note = async (call: ApiCall): Promise<void> => {
    const write = writeIn(call);
    const count = write && counting.get(write.gateway);
    if (write === undefined || count === undefined) return;
    count.made.push(write.what);
    if (count.made.length !== count.at) return;
    killAndStart();
    count.killed.resolve(write.what);
  };
  const proxy = await startApiFaults(cluster, async (call, forward) => {
    if (isDying && call.method !== 'GET') return;
    await forward();
    await note(call);
  });
  const start = (): Promise<Gatehouse> =>
    environment.startGatehouse({ program, env: { KUBECONFIG: proxy.kubeconfig }, awaitReady: false });
  let gatehouse = start();

  /** The next process begins after the end of the last one, also if it is killed while it starts. */
  const killAndStart = (): void => {
    isDying = true;
    gatehouse = gatehouse.then(async (running) => {
      await running.stop('SIGKILL');
      isDying = false;
      return start();
    });
  };

  return {
    environment,
    count: (gateway, at) => {
      const made: string[] = [];
      const killed = Promise.withResolvers<string>();
      counting.set(gateway, { made, at, killed });
      return { made, killed: killed.promise };
    },
    stop: async () => {
      await gatehouse;
      await environment.stop();
      await proxy.close();
    },
  };
}

const ofGateway = /\/namespaces\/shop\/(\w+)\/(gw-\d+)(?:-[\da-f]{8}(?:-\d+)?)?(\/status)?(?:\?|$)/;

/** Events are not counted, because nobody waits for them. */
function writeIn({ method, path }: ApiCall): { readonly gateway: string; readonly what: string } | undefined {
  const [, plural = '', gateway = '', status = ''] = (method !== 'GET' && ofGateway.exec(path)) || [];
  return gateway === '' ? undefined : { gateway, what: `${method} ${plural}${status}` };
}
