// The cluster of one scenario: MetalLB, a Gateway with one Envoy, and two backends. All requests go to the Envoy itself, so that
// the forwarders of the nodes, which are no part of Gatehouse, cost nothing.
import { readdirSync, readFileSync } from 'node:fs';
import pLimit from 'p-limit';
import { applyYaml, get, type KubeObject, waitFor } from '../../../localstack/cluster/apply.ts';
import type { Connection } from '../../../localstack/cluster/connection.ts';
import type { Gatehouse } from '../../../localstack/gatehouse.ts';
import { type MetallbEnvironment, startMetallbEnvironment } from '../../../localstack/metallb-environment.ts';
import { env } from '../scenarios.ts';
import { Prober } from './prober.ts';
import { type Backend, backends, base, gatewayName, ns } from './workload.ts';

const gatewayApi = '/apis/gateway.networking.k8s.io/v1';
export const gatewayPath = `${gatewayApi}/namespaces/${ns}/gateways/${gatewayName}`;
export const routesPath = (namespace: string = ns): string => `${gatewayApi}/namespaces/${namespace}/httproutes`;
export const allRoutesPath = `${gatewayApi}/httproutes`;

const timeoutMs = 120_000;
/** Writes at a time. */
const parallel = 16;

interface Condition {
  readonly type: string;
  readonly status: string;
}

interface Pod extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly labels: Readonly<Record<string, string>> };
  readonly status: { readonly podIP?: string; readonly conditions?: readonly Condition[] };
}

interface List<T> {
  readonly items: readonly T[];
}

export interface Shop extends AsyncDisposable {
  readonly admin: Connection;
  readonly gatehouse: Gatehouse;
  /** The process of the Envoy. */
  readonly envoyPid: number;
  /** The addresses of the pods. */
  readonly pods: Readonly<Record<Backend, readonly string[]>>;
  readonly prober: Prober;
}

export async function openShop(program: string, log: (line: string) => void): Promise<Shop> {
  const environment = await startMetallbEnvironment({ log });
  try {
    return await furnished(environment, program);
  } catch (error) {
    await environment.stop();
    throw error;
  }
}

async function furnished(environment: MetallbEnvironment, program: string): Promise<Shop> {
  const { admin } = environment.cluster;
  await applyYaml(admin, base);
  const gatehouse = await environment.startGatehouse({ program, env });
  await waitFor<Gateway>(admin, gatewayPath, isProgrammed, { timeoutMs });
  const ready = (list: List<Pod> | undefined): boolean =>
    list?.items.every(isReady) === true && list.items.length === 5;
  const found = await waitFor<List<Pod>>(admin, `/api/v1/namespaces/${ns}/pods`, ready, { timeoutMs });
  const addressesOf = (label: string, value: string): readonly string[] =>
    (found?.items ?? []).flatMap(({ metadata, status }) =>
      metadata.labels[label] === value ? (status.podIP ?? []) : [],
    );
  const [host = ''] = addressesOf('gateway.networking.k8s.io/gateway-name', gatewayName);
  const prober = new Prober({ host, port: await envoyPort(admin) });
  return {
    admin,
    gatehouse,
    envoyPid: envoyPid(),
    pods: { blue: addressesOf('app', backends[0]), green: addressesOf('app', backends[1]) },
    prober,
    [Symbol.asyncDispose]: async () => {
      prober.close();
      await environment.stop();
    },
  };
}

interface Gateway extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

const isProgrammed = (gateway: Gateway | undefined): boolean =>
  gateway?.status?.conditions?.some(isTrue('Programmed')) === true;

const isTrue =
  (type: string) =>
  (condition: Condition): boolean =>
    condition.type === type && condition.status === 'True';

const isReady = ({ status }: Pod): boolean => status.conditions?.some(isTrue('Ready')) === true;

interface Service extends KubeObject {
  readonly spec: { readonly ports: readonly { readonly port: number; readonly targetPort: number }[] };
}

/** Where Envoy listens for the Gateway's port 80. */
async function envoyPort(admin: Connection): Promise<number> {
  const selector = `labelSelector=gateway.networking.k8s.io%2Fgateway-name%3D${gatewayName}`;
  const services = await get<List<Service>>(admin, `/api/v1/namespaces/${ns}/services?${selector}`);
  const ports = services?.items.flatMap(({ spec }) => spec.ports) ?? [];
  return ports.find(({ port }) => port === 80)?.targetPort ?? 80;
}

function envoyPid(): number {
  const [pid, ...others] = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(name) === 'envoy')
    .map(Number);
  if (pid === undefined || others.length > 0) throw new Error(`Expected one Envoy, got ${others.length + 1}`);
  return pid;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

export interface Written extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly resourceVersion: string };
}

export const create = (admin: Connection, path: string, body: KubeObject): Promise<Written> =>
  admin.request<Written>('POST', path, { body });

/** Creates or changes. */
export const apply = (admin: Connection, path: string, body: KubeObject): Promise<Written> =>
  admin.request<Written>('PATCH', `${path}/${body.metadata.name}?fieldManager=bench&force=true`, {
    contentType: 'application/apply-patch+yaml',
    body,
  });

export async function inParallel<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> {
  const limit = pLimit(parallel);
  await Promise.all(all.map((each) => limit(() => work(each))));
}
