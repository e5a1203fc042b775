// Report: the outcome of a pass, as statuses and Events. The one writer of status.
import type {
  Gateway,
  GatewayAddress,
  HttpRoute,
  ListenerStatus,
  ParentReference,
  RouteParentStatus,
} from '../api/gateway-api.ts';
import * as kinds from '../api/kinds.ts';
import type { Problem } from '../gateway/problem.ts';
import type { Attachment, Translation } from '../gateway/topology.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import { type Condition, type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { mergeConditions, writeStatus } from '../kube/status.ts';
import { observed, sentences, type Verdict } from './condition.ts';
import { acceptedCondition, programmedCondition } from './gateway-status.ts';
import { type ListenerProblem, listenerConditions } from './listener-status.ts';
import { isRouteProblem, routeConditions } from './route-status.ts';
import { explain } from './words.ts';

/** What stands in the cloud for a Gateway. */
export interface Provisioned {
  readonly addresses: readonly GatewayAddress[];
  /** The ports on which an active load balancer listens. */
  readonly ports: ReadonlySet<number>;
  /** What is still missing, in words; empty when nothing is. */
  readonly waiting: string;
}

export interface ReportContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly controllerName: string;
}

/** Writes a Gateway's status: all of its conditions, its listeners' and its addresses in one write. */
export async function reportGateway(
  context: ReportContext,
  gateway: Gateway,
  translation: Translation,
  problems: readonly Problem[],
  provisioned: Provisioned,
  signal: AbortSignal,
): Promise<void> {
  const generation = gateway.metadata.generation ?? 0;
  const now = context.clock.now();
  const accepted = acceptedCondition(problems, translation.listeners);
  const verdicts = [accepted, programmedCondition(accepted.status === 'True', problems, provisioned.waiting)];
  const attached = attachedRoutes(translation, problems);

  const listenerStatus = (current: Gateway): readonly ListenerStatus[] =>
    translation.listeners.map((listener): ListenerStatus => {
      const port = gateway.spec.listeners.find(({ name }) => name === listener.name)?.port ?? 0;
      const own = problems.filter(
        (problem): problem is ListenerProblem => 'listener' in problem && problem.listener === listener.name,
      );
      const conditions = listenerConditions(listener, own, provisioned.ports.has(port), provisioned.waiting);
      const existing = current.status?.listeners?.find(({ name }) => name === listener.name)?.conditions ?? [];
      return {
        name: listener.name,
        supportedKinds: listener.supportedKinds,
        attachedRoutes: attached.get(listener.name) ?? 0,
        conditions: mergeOwn(existing, conditions, ['OverlappingTLSConfig'], generation, now),
      };
    });

  let before: readonly Condition[] = [];
  const outcome = await writeStatus(
    context.client,
    kinds.gateways,
    gateway,
    (current) => {
      if ((current.metadata.generation ?? 0) > generation) return undefined;
      before = current.status?.conditions ?? [];
      return {
        ...current,
        status: {
          ...current.status,
          addresses: provisioned.addresses,
          conditions: mergeOwn(before, verdicts, [], generation, now),
          listeners: listenerStatus(current),
        },
      };
    },
    signal,
  );
  if (outcome === 'written') recordChanges(context.events, gateway, before, verdicts);
}

/** Says why a Gateway that is being deleted is still there. */
export async function reportRemoval(
  context: ReportContext,
  gateway: Gateway,
  problems: readonly Problem[],
  signal: AbortSignal,
): Promise<void> {
  const message = sentences(['The Gateway waits for its load balancer to be removed.', ...problems.map(explain)]);
  const verdicts = [{ type: 'Programmed', status: 'False', reason: 'Pending', message }] as const;
  const generation = gateway.metadata.generation ?? 0;
  const mutate = (current: Gateway): Gateway => {
    const conditions = mergeOwn(current.status?.conditions ?? [], verdicts, [], generation, context.clock.now());
    return { ...current, status: { ...current.status, conditions } };
  };
  const outcome = await writeStatus(context.client, kinds.gateways, gateway, mutate, signal);
  if (outcome === 'written') recordChanges(context.events, gateway, gateway.status?.conditions ?? [], verdicts);
}

/** Routes that are accepted, by the listeners that they are attached to. */
function attachedRoutes(translation: Translation, problems: readonly Problem[]): ReadonlyMap<string, number> {
  const routes = new Map<string, Set<ObjectKey>>();
  for (const attachment of translation.attachments) {
    const [accepted] = routeConditions(attachment, problemsOf(attachment, problems));
    if (accepted?.status !== 'True') continue;
    for (const listener of attachment.listeners) {
      routes.set(listener, (routes.get(listener) ?? new Set()).add(attachment.route.key));
    }
  }
  return new Map([...routes].map(([listener, keys]) => [listener, keys.size]));
}

/**
 * Writes what one Gateway has to say of a route: its entries in `status.parents`. Entries of other Gateways and other
 * controllers stay as they are; without attachments ours go.
 */
export async function reportRoute(
  context: ReportContext,
  gateway: ObjectKey,
  route: HttpRoute,
  attachments: readonly Attachment[],
  problems: readonly Problem[],
  signal: AbortSignal,
): Promise<void> {
  const now = context.clock.now();
  const parents = attachments.map((attachment) => ({
    attachment,
    verdicts: routeConditions(attachment, problemsOf(attachment, problems)),
  }));
  const changed: [before: readonly Condition[], after: readonly Verdict<string, string>[]][] = [];
  const mutate = (current: HttpRoute): HttpRoute | undefined => {
    changed.length = 0;
    const existing = current.status?.parents ?? [];
    if (existing.length === 0 && parents.length === 0) return undefined;
    const isOurs = (entry: RouteParentStatus): boolean =>
      entry.controllerName === context.controllerName && parentKey(current, entry.parentRef) === gateway;
    const next = parents.map(({ attachment, verdicts }): RouteParentStatus => {
      const entry = existing.find(
        (candidate) => isOurs(candidate) && sameParent(candidate.parentRef, attachment.parentRef),
      );
      const before = entry?.conditions ?? [];
      changed.push([before, verdicts]);
      return {
        parentRef: attachment.parentRef,
        controllerName: context.controllerName,
        conditions: mergeOwn(before, verdicts, ['PartiallyInvalid'], attachment.generation, now),
      };
    });
    return { ...current, status: { ...current.status, parents: placed(existing, next, isOurs) } };
  };
  const outcome = await writeStatus(context.client, kinds.httpRoutes, route, mutate, signal);
  if (outcome === 'written') for (const [before, after] of changed) recordChanges(context.events, route, before, after);
}

/** Ours where they stood, then the new ones: an unchanged list stays equal whoever else writes to it. */
function placed(
  existing: readonly RouteParentStatus[],
  next: readonly RouteParentStatus[],
  isOurs: (entry: RouteParentStatus) => boolean,
): readonly RouteParentStatus[] {
  const left = [...next];
  const kept = existing.flatMap((entry) => {
    if (!isOurs(entry)) return [entry];
    const index = left.findIndex((candidate) => sameParent(candidate.parentRef, entry.parentRef));
    return index === -1 ? [] : left.splice(index, 1);
  });
  return [...kept, ...left];
}

function problemsOf(attachment: Attachment, problems: readonly Problem[]) {
  return problems.filter(isRouteProblem).filter((problem) => {
    if (problem.route.key !== attachment.route.key) return false;
    return 'rule' in problem || sameParent(problem.parentRef, attachment.parentRef);
  });
}

const parentKey = (route: HttpRoute, parentRef: ParentReference): ObjectKey =>
  objectKey({ namespace: parentRef.namespace ?? route.metadata.namespace, name: parentRef.name });

const sameParent = (left: ParentReference, right: ParentReference): boolean =>
  left.name === right.name &&
  left.namespace === right.namespace &&
  left.sectionName === right.sectionName &&
  left.port === right.port;

/** @param optional types of ours that are there only while they are True */
function mergeOwn(
  existing: readonly Condition[],
  verdicts: readonly Verdict<string, string>[],
  optional: readonly string[],
  generation: number,
  now: number,
): readonly Condition[] {
  const current = new Set(verdicts.map(({ type }) => type));
  const kept = existing.filter(({ type }) => !optional.includes(type) || current.has(type));
  return mergeConditions(
    kept,
    verdicts.map((verdict) => observed(verdict, generation)),
    now,
  );
}

/** Conditions that are bad news when True. */
const negative: ReadonlySet<string> = new Set(['Conflicted', 'OverlappingTLSConfig', 'PartiallyInvalid']);

function recordChanges(
  events: EventRecorder,
  regarding: KubeObject,
  before: readonly Condition[],
  after: readonly Verdict<string, string>[],
): void {
  for (const { type, status, reason, message } of after) {
    const old = before.find((condition) => condition.type === type);
    if (old?.status === status && old.reason === reason && old.message === message) continue;
    const bad = negative.has(type) ? status === 'True' : status === 'False';
    // Good news is told once, when it becomes true; waiting for AWS is no news at all.
    if (reason === 'Pending' && status === 'False' && old === undefined) continue;
    if (!bad && (old === undefined ? type !== 'Programmed' : old.status === status)) continue;
    events.record(regarding, { type: bad ? 'Warning' : 'Normal', reason, action: 'Reconcile', note: message });
  }
}
