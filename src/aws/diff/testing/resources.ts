// Models for tests, and a way to run plans against the simulated AWS in any order that they allow.

import { objectKey } from '../../../kube/object.ts';
import type { TargetBackend } from '../../model/backends.ts';
import { DEFAULT_HEALTH_CHECK } from '../../model/health-checks.ts';
import { resourceId } from '../../model/naming.ts';
import type {
  ListenerResource,
  Model,
  Resource,
  ResourceId,
  RuleAction,
  RuleResource,
  TargetGroupResource,
} from '../../model/resources.ts';
import { type DiffOptions, diff } from '../diff.ts';
import type { Plan, Step, StepId } from '../step.ts';
import type { SimulatedAws } from './simulated-aws.ts';
import { Refused } from './simulated-resources.ts';

export const gateway = objectKey({ namespace: 'shop', name: 'web' });

export const id: (name: string) => ResourceId = resourceId;

export interface RuleSketch {
  readonly name: string;
  readonly hosts: readonly string[];
  /** Backends by name, or the text of a fixed response. */
  readonly to: readonly string[] | string;
}

export interface Sketch {
  readonly scheme?: 'internal' | 'internet-facing';
  /** By port, in order of precedence. */
  readonly listeners: Readonly<Record<number, readonly RuleSketch[]>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly healthPath?: string;
}

/** A Gateway's model: its security group, load balancer, listeners, rules, and the target groups that these need. */
export function modelOf(sketch: Sketch): Model {
  const { scheme = 'internal', listeners, tags = {}, attributes = {} } = sketch;
  const ports = Object.keys(listeners).map(Number);
  const backends = Object.values(listeners).flatMap((rules) =>
    rules.flatMap(({ to }) => (typeof to === 'string' ? [] : to)),
  );
  const groups = [...new Set(backends)].toSorted().map((name) => targetGroup(sketch, name));
  const resources: Resource[] = [
    {
      kind: 'security-group',
      id: id('security-group'),
      spec: { name: 'web', description: 'web', vpcId: 'vpc-1' },
      ingress: ports.map((port) => ({
        protocol: 'tcp',
        fromPort: port,
        toPort: port,
        source: { kind: 'cidr', cidr: '0.0.0.0/0' },
        description: '',
      })),
      tags,
    },
    { kind: 'certificate', id: id('certificate/shop/web'), spec: certificate, tags: {} },
    {
      kind: 'load-balancer',
      id: id(`load-balancer/${scheme}`),
      spec: {
        name: `web-${scheme}`,
        scheme,
        ipAddressType: 'ipv4',
        subnets: ['subnet-1', 'subnet-2'],
        securityGroups: [{ group: id('security-group') }],
      },
      attributes,
      tags,
    },
    ...groups,
    ...ports.map((port) => listener(sketch, port)),
    ...ports.flatMap((port) => (listeners[port] ?? []).map((each) => rule(sketch, port, each))),
  ];
  return { gateway, resources };
}

const certificate = {
  secret: objectKey({ namespace: 'shop', name: 'tls' }),
  fingerprint: 'f',
  keyAlgorithm: 'EC-P256',
};

function targetGroup({ scheme = 'internal', tags = {}, healthPath = '/' }: Sketch, name: string): TargetGroupResource {
  return {
    kind: 'target-group',
    id: id(`target-group/${scheme}/${name}`),
    spec: {
      name: `${name}-${scheme}`,
      targetType: 'ip',
      protocol: 'HTTP',
      protocolVersion: 'HTTP1',
      port: 80,
      vpcId: 'vpc-1',
      ipAddressType: 'ipv4',
      healthCheck: { ...DEFAULT_HEALTH_CHECK, path: healthPath },
    },
    attributes: { 'deregistration_delay.timeout_seconds': '30' },
    backend: backendOf(name),
    tags,
  };
}

function listener({ scheme = 'internal', tags = {} }: Sketch, port: number): ListenerResource {
  const tls = port === 443;
  return {
    kind: 'listener',
    id: id(`listener/${scheme}/${port}`),
    loadBalancer: id(`load-balancer/${scheme}`),
    spec: {
      port,
      protocol: tls ? 'HTTPS' : 'HTTP',
      ...(tls ? { defaultCertificate: { certificate: id('certificate/shop/web') } } : {}),
      defaultAction: { kind: 'fixed-response', statusCode: '404', contentType: 'text/plain', body: '' },
    },
    extraCertificates: tls ? [{ arn: 'arn:extra' }] : [],
    tags,
  };
}

function rule({ scheme = 'internal', tags = {} }: Sketch, port: number, { name, hosts, to }: RuleSketch): RuleResource {
  const action: RuleAction =
    typeof to === 'string'
      ? { kind: 'fixed-response', statusCode: '200', contentType: 'text/plain', body: to }
      : {
          kind: 'forward',
          targetGroups: to.map((backend) => ({ targetGroup: id(`target-group/${scheme}/${backend}`), weight: 1 })),
        };
  return {
    kind: 'rule',
    id: id(`rule/${scheme}/${port}/${name}`),
    listener: id(`listener/${scheme}/${port}`),
    spec: { conditions: [{ field: 'host-header', values: hosts }], action, transforms: [] },
    sources: [],
    tags,
  };
}

function backendOf(name: string): TargetBackend {
  const service = objectKey({ namespace: 'shop', name });
  return { service, port: 80, portName: '', protocol: 'HTTP1', local: false, ipFamily: 'IPv4' };
}

export interface RunOptions {
  /** Chooses the next step if several may run. */
  readonly pick?: (choices: number) => number;
  /** The process dies after this number of steps. */
  readonly steps?: number;
  /** Chooses the steps that AWS refuses. */
  readonly refuses?: (step: Step) => boolean;
  readonly onStep?: (step: Step) => void;
}

/** Runs a plan as execute would. @returns the steps that failed, and the steps that were left out because of them */
export function runPlan(aws: SimulatedAws, plan: Plan, options: RunOptions = {}): ReadonlySet<StepId> {
  const { pick = () => 0, steps = Number.POSITIVE_INFINITY, refuses = () => false, onStep } = options;
  const made = new Map<ResourceId, string>();
  const done = new Set<StepId>();
  const failed = new Set<StepId>();
  const ended = (step: StepId) => done.has(step) || failed.has(step);
  let rest = [...plan.steps];
  for (let count = 0; rest.length > 0 && count < steps; ) {
    for (const step of rest) if (step.after.some((before) => failed.has(before))) failed.add(step.id);
    rest = rest.filter((step) => !ended(step.id));
    const choices = rest.filter(
      (step) => step.after.every((before) => done.has(before)) && (step.follows ?? []).every(ended),
    );
    const step = choices[pick(choices.length)];
    if (step === undefined) {
      if (rest.every((left) => left.after.every((before) => !failed.has(before)))) {
        if (rest.length === 0) break;
        throw new Error(`nothing may run of ${rest.map((left) => left.id).join(', ')}`);
      }
      continue;
    }
    count++;
    try {
      if (refuses(step)) throw new Refused('in-use', 'as told');
      aws.run(step, plan, made);
      done.add(step.id);
    } catch (error) {
      if (!(error instanceof Refused) || (error.code !== 'in-use' && error.code !== 'quota')) throw error;
      failed.add(step.id);
    }
    rest = rest.filter((left) => left.id !== step.id);
    onStep?.(step);
  }
  return failed;
}

/** Passes until nothing is left to do or to wait for. */
export function converge(aws: SimulatedAws, model: Model | undefined, options: RunOptions & DiffOptions = {}): void {
  for (let pass = 0; pass < 12; pass++) {
    const plan = diff(model, aws.observe(), options);
    if (plan.steps.length === 0 && plan.pending.length === 0) return;
    runPlan(aws, plan, options);
    aws.passTime(300_000);
  }
  const plan = diff(model, aws.observe(), options);
  throw new Error(`no end: ${JSON.stringify([plan.steps.map((step) => step.id), plan.pending])}`);
}

/** The answer to a host at a listener: the logical ids of the serving groups, or the fixed response. Undefined without a rule. */
export function answer(aws: SimulatedAws, listenerId: string, host: string): string | undefined {
  const entries = [...aws.entries.values()];
  const found = entries.find(({ owned }) => owned.kind === 'listener' && owned.id === listenerId);
  const rules = entries
    .flatMap(({ owned, spec }) => (owned.kind === 'rule' && 'conditions' in spec ? [{ owned, spec }] : []))
    .filter(({ owned }) => owned.listenerArn === found?.owned.arn)
    .toSorted((a, b) => a.owned.priority - b.owned.priority);
  const first = rules.find(({ spec }) =>
    spec.conditions.some((condition) => 'values' in condition && condition.values.some((value) => value === host)),
  );
  if (first === undefined) return undefined;
  if (first.spec.action.kind === 'fixed-response') return first.spec.action.body;
  const serving = first.owned.targetGroups.filter(({ weight }) => weight > 0);
  return serving.map(({ arn }) => aws.entries.get(arn)?.owned.id ?? 'gone').join(' ');
}
