// What serves now: the addresses that are bound, and the ports that an Envoy behind them answers. Pure.
import type { Service, ServicePort } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import { isReady, type Pod } from '../api/workloads.ts';
import type { Summary } from '../envoy/ads/summary.ts';
import { envoyListenerName } from '../envoy/model/names.ts';
import { rejectionFindings } from '../envoy/rejections.ts';
import { listenerPort, type PortKey, portKey } from '../gateway/listener-protocols.ts';
import { objectKey } from '../kube/object.ts';
import type { Standing } from '../provider/provider.ts';
import { type AddressPlan, addressesOf } from './addresses.ts';
import { metallbFinding } from './findings.ts';
import { isBound } from './slots.ts';
import type { MetallbModel } from './stages.ts';

export interface StandingOptions {
  readonly gateway: Gateway | undefined;
  /** Absent if existing resources stay as they are. */
  readonly model: MetallbModel | undefined;
  readonly services: readonly Service[];
  /** Absent without a model. */
  readonly plan: AddressPlan | undefined;
  /** The provider's own conditions. */
  readonly conditions: NonNullable<Standing['conditions']>;
  readonly pods: readonly Pod[];
  /** What the Envoys have, as each replica knows of those that are connected to it. */
  readonly summaries: readonly Summary[];
}

export function standingOf({ gateway, model, services, plan, conditions, pods, summaries }: StandingOptions): Standing {
  const ready = new Set<string>(pods.filter(isReady).map(({ metadata }) => objectKey(metadata)));
  const groups = summaries.flatMap((summary) => summary.groups);
  const serving = groups.filter((group) => group.pods.some((pod) => ready.has(pod)));
  const rejected = summaries.flatMap((summary) => summary.rejected);
  const bound = services.filter(isBound);
  const found = (plan?.problems ?? []).map(metallbFinding);
  const leadsToEnvoy = ({ port, targetPort }: ServicePort): boolean =>
    model === undefined || model.envoy.ports.get(port) === targetPort;
  const led = new Set(bound.flatMap(({ spec }) => (spec.ports ?? []).filter(leadsToEnvoy).map(listenerOf)));
  const wanted =
    model === undefined
      ? listenerPorts(gateway)
      : model.topology.ports.map((port) => ({ key: portKey(port), listener: envoyListenerName(port) }));
  const served = wanted.filter(({ listener }) => led.has(listener) && haveListener(serving, listener));
  const lasting = found.filter(({ effect }) => effect.kind !== 'remark' && !('passing' in effect));
  const complete =
    model !== undefined &&
    found.every(({ effect }) => effect.kind === 'remark') &&
    served.length === wanted.length &&
    serving.every(({ isCurrent }) => isCurrent);
  return {
    addresses: plan?.addresses ?? bound.flatMap(addressesOf),
    conditions,
    ports: new Set(served.map(({ key }) => key)),
    servers: new Map(served.map(({ key }) => [key, `Envoy (${counted(ready.size)})`])),
    admits: true,
    replacing: plan?.replacing === true,
    waiting: waitingFor(bound.length > 0, ready.size > 0),
    complete,
    found: [...found, ...(model === undefined ? [] : rejectionFindings(rejected, model.topology))],
    backendsUnknown: () => false,
    isProvisioning: model !== undefined && !complete && lasting.length === 0,
    needsChange: lasting.length > 0,
  };
}

/**
 * Whether every Envoy has the listener that should have it by now. The Service would send an Envoy without it a share of the
 * connections. An Envoy that is on the way, or has just come to another replica, takes nothing from the others.
 */
function haveListener(serving: Summary['groups'], name: string): boolean {
  const has = ({ listeners }: Summary['groups'][number]): boolean => listeners.includes(name);
  return serving.some(has) && serving.every((group) => has(group) || !group.isCurrent);
}

const counted = (pods: number): string => (pods === 1 ? '1 pod' : `${pods} pods`);

/** Empty if nothing is missing. */
function waitingFor(hasAddress: boolean, hasEnvoy: boolean): string {
  if (!hasAddress) return 'The Service has no address yet.';
  return hasEnvoy ? '' : 'No Envoy is ready yet.';
}

/** Envoy's listener that the Service's port leads to. */
const listenerOf = ({ port, protocol }: Pick<ServicePort, 'port' | 'protocol'>): string =>
  envoyListenerName({ port, serves: { kind: protocol === 'UDP' ? 'udp' : 'tcp' } });

interface WantedPort {
  readonly key: PortKey;
  /** Envoy's. */
  readonly listener: string;
}

const listenerPorts = (gateway: Gateway | undefined): readonly WantedPort[] =>
  (gateway?.spec.listeners ?? []).map(({ port, protocol }) => ({
    key: listenerPort(protocol, port),
    listener: listenerOf({ port, ...(protocol === 'UDP' && { protocol }) }),
  }));
