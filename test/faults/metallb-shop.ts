// A namespace with a Gateway on MetalLB, pods behind it, and clients of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { applyYaml, deleteObjects, get, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import type { Gateway, Listener } from '../../src/api/gateway-api.ts';
import { deployment } from '../integration/support/balanced.ts';
import { eventually } from '../integration/support/eventually.ts';
import {
  gateway,
  gatewayClass,
  grpcRoute,
  http,
  httpRoute,
  https,
  namespace,
  service,
} from '../integration/support/objects.ts';
import { gatewayPath } from '../integration/support/status.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { patienceMs } from './awaiting.ts';
import { clientsAt, type Door } from './metallb-clients.ts';
import type { MetallbStage } from './metallb-stage.ts';
import { describeTraffic, type PacedOptions, type PacedReport, startPacedTraffic } from './paced-traffic.ts';
import type { Findings } from './scenario.ts';
import { certificateOf } from './shop.ts';

export const className = 'metallb';
const hostname = 'shop.example.com';
const callsHostname = 'calls.example.com';

/** How long a pod serves while it ends, in seconds. */
const graceSeconds = 5;

export interface List<T = KubeObject> {
  readonly items: readonly T[];
}

export interface Pod extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string; readonly serviceAccountName?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);

const servers = { HTTP: [], gRPC: ['GRPC'], TCP: ['TCP'], UDP: ['UDP'] } as const;

/** Pods that say their names over HTTP or gRPC, or echo lines or datagrams. */
export const echoPods = (
  ns: string,
  name: string,
  { replicas = 3, speaks = 'HTTP' }: { readonly replicas?: number; readonly speaks?: keyof typeof servers } = {},
): readonly KubeObject[] => [
  deployment(
    ns,
    name,
    {
      terminationGracePeriodSeconds: graceSeconds + 10,
      containers: [
        {
          name: 'echo',
          image: 'registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0',
          env: [
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            ...servers[speaks].map((kind) => ({ name: `${kind}_ECHO_SERVER`, value: '1' })),
            { name: 'UDP_PORT', value: '3000' },
          ],
          ...(speaks !== 'UDP' && { readinessProbe: { tcpSocket: { port: 3000 }, periodSeconds: 1 } }),
          lifecycle: { preStop: { sleep: { seconds: graceSeconds } } },
        },
      ],
    },
    replicas,
  ),
  service(ns, name, { ports: [{ port: 80, targetPort: 3000, protocol: speaks === 'UDP' ? 'UDP' : 'TCP' }] }),
];

export interface ShopOptions {
  /** Of the Gateway's ProxyConfiguration. */
  readonly settings?: object;
  readonly listeners?: readonly Listener[];
  /** More of the Gateway's spec. */
  readonly spec?: object;
}

export async function openMetallbShop(stage: MetallbStage, name: string, options: ShopOptions = {}) {
  const { admin, client } = stage;
  const ns = name;
  const secret = await tlsSecret(ns, 'tls', ['*.example.com']);
  const ca = certificateOf(secret);
  const apply = (...objects: readonly KubeObject[]): Promise<unknown> => applyYaml(admin, objects);
  const gw = (listeners: readonly Listener[] = options.listeners ?? [http(), https(['tls'])]): KubeObject =>
    gateway(ns, 'gw', listeners, {
      gatewayClassName: className,
      ...options.spec,
      infrastructure: { parametersRef: { group: 'gatehouse.dev', kind: 'ProxyConfiguration', name: 'gw' } },
    });
  const settings = (spec: object): KubeObject => ({
    apiVersion: 'gatehouse.dev/v1alpha1',
    kind: 'ProxyConfiguration',
    metadata: { name: 'gw', namespace: ns },
    spec,
  });
  const routes = [
    httpRoute(ns, 'web', ['gw'], ['web'], { hostnames: [hostname] }),
    grpcRoute(ns, 'calls', ['gw'], ['calls'], { hostnames: [callsHostname] }),
  ];

  const podsOf = async (selector: string): Promise<readonly Pod[]> =>
    (await get<List<Pod>>(admin, `/api/v1/namespaces/${ns}/pods?labelSelector=${encodeURIComponent(selector)}`))
      ?.items ?? [];
  const shop = {
    ns,
    gw,
    apply,
    read: () => get<Gateway>(admin, gatewayPath(ns, 'gw')),
    /** Changes the Gateway's ProxyConfiguration. */
    set: (spec: object) => apply(settings({ ...options.settings, ...spec })),
    envoys: () => podsOf('gateway.networking.k8s.io/gateway-name=gw'),
    podsOf: (app: string) => podsOf(`app=${app}`),
    /** Makes everything. Resolves when all Envoys and pods are ready, and clients get answers. */
    open: async (): Promise<Door> => {
      await apply(
        namespace(ns),
        gatewayClass(className, { controllerName: 'gatehouse.dev/metallb' }),
        secret,
        settings(options.settings ?? {}),
        ...echoPods(ns, 'web'),
        ...echoPods(ns, 'calls', { speaks: 'gRPC' }),
        ...routes,
        gw(),
      );
      const address = await programmed(stage, ns, 'gw');
      await allAvailable(stage, ns);
      const door = { client, address, hostname, callsHostname, ca };
      await eventually(() => checkAnswered(door), patienceMs);
      return door;
    },
    /** Removes the Gateway. @returns what is left of it */
    close: async (): Promise<readonly string[]> => {
      const addresses = (await shop.read())?.status?.addresses?.flatMap(({ value = [] }) => value) ?? [];
      await deleteObjects(admin, [gw(), ...routes]);
      await waitFor(admin, gatewayPath(ns, 'gw'), isGone, { timeoutMs: patienceMs });
      const left = await leftovers(stage, ns, addresses);
      await deleteObjects(admin, [namespace(ns)]);
      return left;
    },
  };
  return shop;
}

export type MetallbShop = Awaited<ReturnType<typeof openMetallbShop>>;

const isGone = (found: unknown): boolean => found === undefined;

/** Resolves with the Gateway's first address when it is Programmed. */
export async function programmed({ admin }: MetallbStage, ns: string, name: string): Promise<string> {
  const found = await waitFor<Gateway>(admin, gatewayPath(ns, name), isProgrammed, { timeoutMs: patienceMs });
  return found?.status?.addresses?.[0]?.value ?? '';
}

export const isProgrammed = (found: Gateway | undefined): boolean =>
  found?.status?.conditions?.some(
    ({ type, status, observedGeneration }) =>
      type === 'Programmed' && status === 'True' && observedGeneration === found.metadata.generation,
  ) ?? false;

interface Deployment extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** Every Deployment of the namespace has the pods that it should have, in their newest version. */
export async function allAvailable({ admin }: MetallbStage, ns: string): Promise<void> {
  const isDone = ({ metadata, spec, status }: Deployment): boolean =>
    status?.observedGeneration === metadata.generation &&
    [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => count === spec.replicas);
  await waitFor<List<Deployment>>(
    admin,
    `/apis/apps/v1/namespaces/${ns}/deployments`,
    (found) => found?.items.every(isDone) ?? false,
    { timeoutMs: patienceMs, pollMs: 200 },
  );
}

async function checkAnswered(door: Door): Promise<void> {
  const clients = clientsAt(door);
  try {
    for (const { name, ask } of clients.lanes) {
      const { status, answer } = await ask('/');
      if (status !== 200) throw new Error(`${name} is answered ${status} ${answer}`);
    }
  } finally {
    clients.close();
  }
}

const ourKinds = [
  '/api/v1/%/serviceaccounts',
  '/api/v1/%/configmaps',
  '/api/v1/%/services',
  '/api/v1/%/pods',
  '/apis/apps/v1/%/deployments',
  '/apis/policy/v1/%/poddisruptionbudgets',
  '/apis/autoscaling/v2/%/horizontalpodautoscalers',
];

const collectedMs = 15_000;
const lookMs = 500;

/** What of Gatehouse's is left in the namespace. Pods that end are none: their last requests are answered. */
async function leftovers(
  { admin, client }: MetallbStage,
  ns: string,
  addresses: readonly string[],
): Promise<readonly string[]> {
  const look = async (): Promise<readonly string[]> => {
    const selector = 'labelSelector=app.kubernetes.io%2Fmanaged-by%3Dgatehouse';
    const lists = ourKinds.map((path) => get<List<Pod>>(admin, `${path.replace('%', `namespaces/${ns}`)}?${selector}`));
    const found = (await Promise.all(lists)).flatMap((list, index) =>
      (list?.items ?? [])
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => `${ourKinds[index]?.replace(/^.*\//, '')} ${metadata.name}`),
    );
    for (const address of addresses)
      if ((await client.whoHas(address)) !== undefined) found.push(`an ARP answer for ${address}`);
    return found;
  };
  // Kubernetes collects what belongs to a deleted object a moment later.
  const until = performance.now() + collectedMs;
  for (;;) {
    const left = await look();
    if (left.length === 0 || performance.now() > until) return left;
    await sleep(lookMs);
  }
}

export interface ShopTraffic {
  stop(): Promise<PacedReport>;
}

/** @param door of an open shop */
export function shopTraffic(door: Door, options: Omit<PacedOptions, 'lanes'>): ShopTraffic {
  const clients = clientsAt(door);
  const traffic = startPacedTraffic({ ...options, lanes: clients.lanes });
  return {
    stop: async () => {
      const report = await traffic.stop();
      clients.close();
      return report;
    },
  };
}

/** Whether one of the shop's pods answered. */
export const isEcho = (answer: string): boolean => /^(web|calls)-/.test(answer);

/** Closes the shop. @returns the result of a scenario */
export const findingsOf = async (
  shop: MetallbShop,
  report: PacedReport,
  failures: readonly string[],
  notes: readonly string[],
): Promise<Findings> => ({
  count: `${report.requests.toLocaleString('en')} requests`,
  failures: [...failures, ...report.failures],
  duplicates: [],
  leaks: await shop.close(),
  notes: [describeTraffic({ ...report, answers: new Map() }), ...notes],
});

/** What the Gateway's status says. */
export const wordsOf = (found: Gateway | undefined): string =>
  (found?.status?.conditions ?? []).map(({ type, status, message }) => `${type}=${status}: ${message}`).join('; ');
