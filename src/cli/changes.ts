// The steps of the next pass for people: one line for each resource that is created, changed or removed in AWS.
import type { Pending, Plan, Step } from '../aws/diff/step.ts';
import type { Resource, ResourceId } from '../aws/model/resources.ts';
import type { Observed } from '../aws/observed.ts';

export interface Change {
  readonly change: 'create' | 'change' | 'remove';
  /** The id in its tag, such as `rule/internal/80/shop/api/0/0`. */
  readonly resource: ResourceId;
  /** What changes in an existing resource. */
  readonly what: readonly string[];
}

export interface Changes {
  readonly changes: readonly Change[];
  /** The work of later passes, and why it must wait. */
  readonly later: readonly string[];
}

/** The changes in the order of the steps. Several steps of one resource are one change. */
export function changesOf(plan: Plan, observed: Observed): Changes {
  const changes = new Map<string, Change>();
  const ids = new Map(observed.resources.map(({ arn, id }) => [arn, id]));
  const put = (change: Change['change'], resource: ResourceId, what?: string): void => {
    const before = changes.get(`${change} ${resource}`)?.what ?? [];
    changes.set(`${change} ${resource}`, {
      change,
      resource,
      what: [...new Set([...before, ...(what === undefined ? [] : [what])])],
    });
  };
  for (const step of plan.steps) {
    if (step.kind === 'create' || step.kind === 'create-rule') put('create', step.resource);
    else if (step.kind === 'delete') put('remove', step.resource);
    else if (step.kind === 'set-priorities')
      for (const { arn, priority } of step.priorities)
        put('change', ids.get(arn) ?? step.resource, `priority ${priority}`);
    else {
      const what = aspect(step);
      if (what !== undefined && !changes.has(`create ${step.resource}`)) put('change', step.resource, what);
    }
  }
  return { changes: [...changes.values()], later: plan.pending.map((each) => laterWords(each)) };
}

type OtherStep = Exclude<Step, { kind: 'create' | 'create-rule' | 'delete' | 'set-priorities' }>;

/** Undefined if the step is part of creating the resource. */
function aspect(step: OtherStep): string | undefined {
  switch (step.kind) {
    case 'change':
      return settingsOf(step.desired);
    case 'set-attributes':
      return step.fresh ? undefined : 'attributes';
    case 'set-ingress':
      return step.fresh ? undefined : 'ingress rules';
    case 'set-certificates':
      return step.fresh ? undefined : 'certificates beside the default one';
    case 'tag':
      return tagWords(step.add, step.remove);
    case 'warm-rule':
    case 'warm-listener':
      return 'a target group joins with weight 0, and takes over when it is healthy';
    case 'set-tls':
      return 'policies or default certificate';
    case 'sync-targets':
      return 'targets';
    default:
      return step satisfies never;
  }
}

function settingsOf({ kind }: Resource): string {
  switch (kind) {
    case 'listener':
      return 'protocol, policy, certificate or default action';
    case 'rule':
      return 'conditions, action or transforms';
    case 'target-group':
      return 'health check';
    case 'load-balancer':
      return 'subnets, security groups or address type';
    case 'certificate':
      return 'the certificate itself, under the same ARN';
    case 'security-group':
      return 'settings';
    default:
      return kind satisfies never;
  }
}

const isUsers = (key: string): boolean => !key.startsWith('gatehouse.dev/');

/** Gatehouse's own tags are not listed: they mean nothing to a reader. */
function tagWords(add: Readonly<Record<string, string>>, remove: readonly string[]): string {
  const words = [
    ...Object.keys(add)
      .filter(isUsers)
      .map((key) => `${key}=${add[key]}`),
    ...remove.filter(isUsers).map((key) => `no ${key}`),
  ];
  return words.length === 0 ? "Gatehouse's own tags" : `tags: ${words.join(', ')}`;
}

function laterWords(pending: Pending): string {
  switch (pending.kind) {
    case 'target-group-health':
      return `${pending.resource} takes over when a target is healthy`;
    case 'drain':
      return `${pending.resource} is removed at ${new Date(pending.at).toISOString()}, when its requests have ended`;
    case 'pair':
      return `${pending.resource} changes at ${new Date(pending.at).toISOString()}, unless its routes have the same backends then`;
    case 'zones':
      return `${pending.resource} leaves its old zones at ${new Date(pending.at).toISOString()}, when the new ones serve`;
    case 'replacement':
      return `${pending.resource} is removed when what replaces it serves`;
    case 'route':
      return `${pending.resource} is created when the load balancer is active, or a route is attached`;
    default:
      return pending satisfies never;
  }
}
