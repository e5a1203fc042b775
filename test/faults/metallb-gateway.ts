// One Gateway on MetalLB, from its creation to its end: what is applied, what must be true then, and what exists.
import { applyYaml, deleteObjects, get, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { Connection } from '../../localstack/cluster/connection.ts';
import type { Gateway } from '../../src/api/gateway-api.ts';
import { gateway, http, httpRoute } from '../integration/support/objects.ts';
import { gatewayPath } from '../integration/support/status.ts';
import { className, type MetallbLab, ns } from './metallb-lab.ts';

export interface Phase {
  readonly apply: () => Promise<unknown>;
  /** Throws until clients and the status have what was applied. */
  readonly settled: () => Promise<unknown>;
}

export const phaseNames = ['create', 'change', 'delete'] as const;
export type PhaseName = (typeof phaseNames)[number];

const kinds = [
  '/api/v1/%/serviceaccounts',
  '/api/v1/%/configmaps',
  '/api/v1/%/services',
  '/api/v1/%/pods',
  '/apis/apps/v1/%/deployments',
  '/apis/apps/v1/%/replicasets',
  '/apis/policy/v1/%/poddisruptionbudgets',
  '/apis/autoscaling/v2/%/horizontalpodautoscalers',
];

interface List {
  readonly kind: string;
  readonly items: readonly (KubeObject & {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly spec?: { readonly ports?: readonly { readonly port: number }[] };
  })[];
}

/** Everything that exists for the Gateway, without what differs between two Gateways. */
export async function pictureOf(admin: Connection, name: string): Promise<readonly string[]> {
  const selector = encodeURIComponent(`gateway.networking.k8s.io/gateway-name=${name}`);
  const lists = kinds.map((path) =>
    get<List>(admin, `${path.replace('%', `namespaces/${ns}`)}?labelSelector=${selector}`),
  );
  return (await Promise.all(lists)).flatMap((list) =>
    (list?.items ?? []).map(({ metadata: { deletionTimestamp }, spec }) => {
      const ports = spec?.ports?.map(({ port }) => port).join(' ') ?? '';
      return `${list?.kind} ${ports}${deletionTimestamp === undefined ? '' : ' ends'}`;
    }),
  );
}

const timeoutMs = 3000;

export function phasesOf({ environment: { cluster, client } }: MetallbLab, name: string) {
  const { admin } = cluster;
  const listeners = [http(), http({ name: 'more', port: 8080 })];
  const objects = (count: number): readonly KubeObject[] => [
    gateway(ns, name, listeners.slice(0, count), { gatewayClassName: className }),
    httpRoute(ns, name, [name], ['echo']),
  ];
  const read = () => get<Gateway>(admin, gatewayPath(ns, name));

  const addressOf = async (): Promise<string> => (await read())?.status?.addresses?.[0]?.value ?? '';

  const ask = async (address: string, port: number): Promise<void> => {
    const response = await client.fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(timeoutMs) });
    await response.text();
    if (response.status !== 200) throw new Error(`${address}:${port} answers ${response.status}`);
  };

  const isServed = (count: number) => async (): Promise<void> => {
    const { metadata, status } = (await read()) ?? {};
    const programmed = status?.conditions?.find(({ type }) => type === 'Programmed');
    if (programmed?.status !== 'True' || programmed.observedGeneration !== metadata?.generation) {
      throw new Error(`Programmed says ${JSON.stringify(programmed)}`);
    }
    const address = await addressOf();
    for (const { port } of listeners.slice(0, count)) await ask(address, port);
  };

  const phases: Readonly<Record<PhaseName, Phase>> = {
    create: { apply: () => applyYaml(admin, objects(1)), settled: isServed(1) },
    change: { apply: () => applyYaml(admin, objects(2)), settled: isServed(2) },
    delete: {
      apply: () => deleteObjects(admin, objects(2)),
      settled: async () => {
        if ((await read()) !== undefined) throw new Error('The Gateway is still there');
      },
    },
  };
  return { phases, ask: async (): Promise<void> => ask(await addressOf(), 80) };
}
