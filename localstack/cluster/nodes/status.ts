// A pod's status, computed from its containers. Pure.
import type { Condition, Pod } from './objects.ts';

export interface Terminated {
  readonly kind: 'terminated';
  readonly reason: 'Completed' | 'Error';
  readonly exitCode: number;
  readonly signal?: number;
  /** In milliseconds, like all times here. */
  readonly startedAt: number;
  readonly finishedAt: number;
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: number }
  | Terminated;

export interface ContainerReport {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly last?: Terminated | undefined;
  readonly restarts: number;
  /** Whether its startup probe has succeeded. */
  readonly started: boolean;
  readonly ready: boolean;
  readonly willRestart: boolean;
}

export interface PodReport {
  readonly hostAddress: string;
  /** Undefined while it has none. */
  readonly podAddresses?: readonly string[];
  readonly startedAt: number;
  readonly containers: readonly ContainerReport[];
}

/** The state of a container that does not exist yet. */
export const notMade = (name: string, image: string, message: string | undefined): ContainerReport => ({
  name,
  image,
  state: { kind: 'waiting', reason: 'ContainerCreating', ...(message !== undefined && { message }) },
  restarts: 0,
  started: false,
  ready: false,
  willRestart: true,
});

/** A strategic merge patch of the pod. It keeps others' conditions. */
export function podStatus(pod: Pod, report: PodReport, now: number) {
  const { hostAddress, podAddresses = [], startedAt, containers } = report;
  const [podAddress] = podAddresses;
  return {
    status: {
      phase: phaseOf(containers),
      conditions: conditionsOf(pod, report, now),
      hostIP: hostAddress,
      hostIPs: [{ ip: hostAddress }, only],
      ...(podAddress !== undefined && { podIP: podAddress, podIPs: [...podAddresses.map((ip) => ({ ip })), only] }),
      startTime: timestamp(startedAt),
      containerStatuses: containers.map(containerStatus),
    },
  };
}

/** In a list of a strategic merge patch: replaces the list instead of merging it. */
const only = { $patch: 'replace' };

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase */
function phaseOf(containers: readonly ContainerReport[]): string {
  if (containers.some(({ state, last }) => state.kind === 'waiting' && last === undefined)) return 'Pending';
  if (containers.some(({ state, willRestart }) => state.kind !== 'terminated' || willRestart)) return 'Running';
  const succeeded = containers.every(({ state }) => state.kind === 'terminated' && state.exitCode === 0);
  return succeeded ? 'Succeeded' : 'Failed';
}

/** Null removes the previous value. */
interface Why {
  readonly reason: string | null;
  readonly message: string | null;
}

type ConditionPatch = Why & Pick<Condition, 'type' | 'status' | 'lastTransitionTime'>;

const noReason: Why = { reason: null, message: null };

function conditionsOf(pod: Pod, { containers }: PodReport, now: number): readonly ConditionPatch[] {
  const before = pod.status?.conditions ?? [];
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const gates = pod.spec.readinessGates ?? [];
  const closed = gates.filter(
    ({ conditionType }) => !before.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  const containersReady = unready.length === 0;
  const whyNotContainers: Why = containersReady
    ? noReason
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const whyNotReady: Why =
    containersReady && closed.length > 0
      ? { reason: 'ReadinessGatesNotReady', message: closed.map(({ conditionType }) => conditionType).join(', ') }
      : whyNotContainers;
  const condition = (type: string, holds: boolean, why: Why): ConditionPatch => {
    const status = holds ? 'True' : 'False';
    const same = before.find((other) => other.type === type && other.status === status);
    return { type, status, ...why, lastTransitionTime: same?.lastTransitionTime ?? timestamp(now) };
  };
  return [
    condition('PodReadyToStartContainers', true, noReason),
    condition('Initialized', true, noReason),
    condition('ContainersReady', containersReady, whyNotContainers),
    condition('Ready', containersReady && closed.length === 0, whyNotReady),
  ];
}

function containerStatus(container: ContainerReport): object {
  const { name, image, state, last, restarts, started, ready } = container;
  return {
    name,
    image,
    imageID: state.kind === 'waiting' && last === undefined ? '' : image,
    state: stateOf(state),
    lastState: last ? stateOf(last) : {},
    restartCount: restarts,
    started,
    ready,
  };
}

function stateOf(state: ContainerState): object {
  switch (state.kind) {
    case 'waiting':
      return { waiting: { reason: state.reason, message: state.message } };
    case 'running':
      return { running: { startedAt: timestamp(state.startedAt) } };
    case 'terminated':
      return {
        terminated: {
          reason: state.reason,
          exitCode: state.exitCode,
          signal: state.signal,
          startedAt: timestamp(state.startedAt),
          finishedAt: timestamp(state.finishedAt),
        },
      };
    default:
      return state satisfies never;
  }
}

const timestamp = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
