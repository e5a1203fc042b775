// Metrics of the process. Units are in the names; labels have few values. controllers/object-metrics.ts has the metrics of the
// cluster's objects.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { type ObjectKey, parseObjectKey } from '../kube/object.ts';
import { version } from '../version.ts';

/** How many targets of a Gateway are in one AWS state. */
export interface TargetState {
  readonly gateway: ObjectKey;
  readonly state: string;
  readonly count: number;
}

const nothing = (): Iterable<TargetState> => [];

/** At most this many Gateways get their own time series, so that Prometheus's memory stays bounded. */
const maxGateways = 500;

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const awsCalls = new Counter({
    name: 'gatehouse_aws_calls_total',
    help: "Attempts of calls to AWS, by action and AWS's answer.",
    labelNames: ['action', 'code'],
    registers,
  });
  const awsSeconds = new Histogram({
    name: 'gatehouse_aws_call_duration_seconds',
    help: 'How long an attempt of a call to AWS took.',
    labelNames: ['action'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const passes = new Histogram({
    name: 'gatehouse_pass_duration_seconds',
    help: 'How long a pass over one object took, by pass and result.',
    labelNames: ['pass', 'result'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const queueDepth = new Gauge({
    name: 'gatehouse_queue_depth',
    help: 'Keys that are ready and wait for a worker.',
    labelNames: ['queue'],
    registers,
  });
  const queueWait = new Histogram({
    name: 'gatehouse_queue_wait_seconds',
    help: 'How long a key waited for a worker.',
    labelNames: ['queue'],
    buckets: [0.001, 0.01, 0.1, 1, 10, 60],
    registers,
  });
  const queueRetries = new Counter({
    name: 'gatehouse_queue_retries_total',
    help: 'Keys that were put back because their work failed.',
    labelNames: ['queue'],
    registers,
  });
  const drift = new Counter({
    name: 'gatehouse_drift_total',
    help: 'Resources that an audit found changed or gone in AWS.',
    registers,
  });
  const leader = new Gauge({
    name: 'gatehouse_leader',
    help: 'Whether this replica leads. Without leader election it always does.',
    registers,
  });
  new Gauge({
    name: 'gatehouse_build_info',
    help: 'Always 1; the labels say which release runs, and on which Node.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1);
  let targetStates: () => Iterable<TargetState> = nothing;
  const targets = new Gauge({
    name: 'gatehouse_targets',
    help: 'Targets by Gateway and state, as the last audit or pass saw them in AWS.',
    labelNames: ['namespace', 'gateway', 'state'],
    registers: [],
    collect() {
      this.reset();
      const gateways = new Set<string>();
      for (const { gateway: key, state, count } of targetStates()) {
        if (gateways.add(key).size > maxGateways) break;
        const { namespace = '', name } = parseObjectKey(key);
        this.set({ namespace, gateway: name, state }, count);
      }
    },
  });
  registry.registerMetric(targets);
  return {
    registry,
    /** Sets the source of target states while this replica leads. */
    watchTargets: (read: () => Iterable<TargetState>): void => {
      targetStates = read;
    },
    passes,
    drift,
    leader,
    aws: {
      call(action: string, code: string, seconds: number): void {
        awsCalls.inc({ action, code });
        awsSeconds.observe({ action }, seconds);
      },
    },
    queue: (queue: string) => ({
      depth: (depth: number) => queueDepth.set({ queue }, depth),
      added: () => undefined,
      waited: (ms: number) => queueWait.observe({ queue }, ms / 1000),
      retried: () => queueRetries.inc({ queue }),
    }),
  };
}
