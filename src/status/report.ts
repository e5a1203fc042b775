// Report: writes statuses, and records Events about their changes. Nothing else writes a status.
import type {
  BackendTlsPolicy,
  Gateway,
  GatewayClass,
  ListenerSet,
  PolicyAncestorStatus,
  RouteParentStatus,
} from '../api/gateway-api.ts';
import * as kinds from '../api/kinds.ts';
import { type Route, type ServedRoute, servedKindOf } from '../api/route-kinds.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Kind } from '../kube/kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import { writeStatus } from '../kube/status.ts';
import { type GatewayOutcome, gatewayStatus, type Removal, removalStatus } from './gateway-status.ts';
import { eachOnce, type News, newsOf, newsOfAddress, newsOfListeners } from './news.ts';
import { sameParent } from './parents.ts';
import { type PolicyOutcome, policyAncestors } from './policy-status.ts';
import { basisOf, type RouteOutcome, routeParents } from './route-status.ts';

export interface ReportContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly controllerName: string;
}

/** Writes a Gateway's status: all of its conditions, its listeners' and its addresses in one write. */
export function reportGateway(
  context: ReportContext,
  gateway: Gateway,
  outcome: GatewayOutcome,
  signal: AbortSignal,
): Promise<void> {
  return writeGateway(
    context,
    gateway,
    (current) =>
      (current.metadata.generation ?? 0) > outcome.generation
        ? undefined
        : gatewayStatus(current.status, outcome, context.clock.now()),
    signal,
  );
}

/** Writes why a Gateway that is being deleted still exists. */
export function reportRemoval(
  context: ReportContext,
  gateway: Gateway,
  removal: Removal,
  signal: AbortSignal,
): Promise<void> {
  return writeGateway(context, gateway, (current) => removalStatus(current, removal, context.clock.now()), signal);
}

async function writeGateway(
  { client, events }: ReportContext,
  gateway: Gateway,
  statusOf: (current: Gateway) => Gateway['status'],
  signal: AbortSignal,
): Promise<void> {
  let before: Gateway['status'];
  let after: Gateway['status'];
  const mutate = (current: Gateway): Gateway | undefined => {
    before = current.status;
    after = statusOf(current);
    return after && { ...current, status: after };
  };
  const outcome = await writeStatus(client, kinds.gateways, gateway, mutate, signal);
  if (outcome !== 'written') return;
  const leaving = gateway.metadata.deletionTimestamp !== undefined;
  record(events, gateway, [
    ...newsOf(before?.conditions, after?.conditions, leaving),
    ...newsOfAddress(before, after),
    ...newsOfListeners(before?.listeners, after?.listeners),
  ]);
}

/** Writes a ListenerSet's status: its conditions and its listeners' in one write. */
export async function reportListenerSet(
  { client, events }: ReportContext,
  set: ListenerSet,
  statusOf: (current: ListenerSet) => ListenerSet['status'],
  signal: AbortSignal,
): Promise<void> {
  let before: ListenerSet['status'];
  let after: ListenerSet['status'];
  const mutate = (current: ListenerSet): ListenerSet | undefined => {
    before = current.status;
    after = statusOf(current);
    return after && { ...current, status: after };
  };
  const outcome = await writeStatus(client, kinds.listenerSets, set, mutate, signal);
  if (outcome !== 'written') return;
  record(events, set, [
    ...newsOf(before?.conditions, after?.conditions),
    ...newsOfListeners(before?.listeners, after?.listeners),
  ]);
}

/** By Gateway: what the last report of this version of a route was made from. */
const reported = new WeakMap<ServedRoute, Map<string, readonly unknown[]>>();

/** Writes the entries of one Gateway in a route's `status.parents`. Most routes of a pass are reported already. */
export async function reportRoute(
  context: ReportContext,
  route: ServedRoute,
  outcome: RouteOutcome,
  signal: AbortSignal,
): Promise<void> {
  const key = `${outcome.controllerName} ${outcome.gateway}`;
  const basis = basisOf(outcome);
  const byGateway = reported.get(route) ?? new Map<string, readonly unknown[]>();
  if (areSame(basis, byGateway.get(key))) return;
  const parentsOf = (current: ServedRoute) => routeParents(current, outcome, context.clock.now());
  await writeParents(context, servedKindOf(route).resource, route, parentsOf, signal);
  if (Object.isFrozen(route)) reported.set(route, byGateway.set(key, basis));
}

const areSame = (basis: readonly unknown[], last: readonly unknown[] | undefined): boolean =>
  last !== undefined && basis.length === last.length && basis.every((part, index) => part === last[index]);

async function writeParents<T extends Route>(
  { client, events }: ReportContext,
  kind: Kind<T>,
  route: T,
  parentsOf: (current: T) => readonly RouteParentStatus[],
  signal: AbortSignal,
): Promise<void> {
  // Use the version that the API server has.
  const version = route.apiVersion.slice(route.apiVersion.indexOf('/') + 1);
  let before: readonly RouteParentStatus[] = [];
  let after: readonly RouteParentStatus[] = [];
  const mutate = (current: T): T | undefined => {
    before = current.status?.parents ?? [];
    after = parentsOf(current);
    // An empty status needs no write.
    if (before.length === 0 && after.length === 0) return undefined;
    return { ...current, status: { ...current.status, parents: after } };
  };
  if ((await writeStatus(client, { ...kind, version }, route, mutate, signal)) !== 'written') return;
  const news = after.flatMap(({ parentRef, controllerName, conditions }) => {
    const isSame = (entry: RouteParentStatus): boolean =>
      entry.controllerName === controllerName && sameParent(entry.parentRef, parentRef);
    return newsOf(before.find(isSame)?.conditions, conditions);
  });
  record(events, route, news);
}

/** Writes the entry of one Gateway in a BackendTLSPolicy's `status.ancestors`. */
export async function reportPolicy(
  { client, clock, events }: ReportContext,
  policy: BackendTlsPolicy,
  outcome: PolicyOutcome,
  signal: AbortSignal,
): Promise<void> {
  let before: readonly PolicyAncestorStatus[] = [];
  let after: readonly PolicyAncestorStatus[] = [];
  const mutate = (current: BackendTlsPolicy): BackendTlsPolicy | undefined => {
    // A newer spec has a pass of its own.
    if (outcome.result !== undefined && (current.metadata.generation ?? 0) > outcome.result.generation)
      return undefined;
    before = current.status?.ancestors ?? [];
    after = policyAncestors(current, outcome, clock.now());
    if (before.length === 0 && after.length === 0) return undefined;
    return { ...current, status: { ...current.status, ancestors: after } };
  };
  if ((await writeStatus(client, kinds.backendTlsPolicies, policy, mutate, signal)) !== 'written') return;
  const news = after.flatMap(({ ancestorRef, controllerName, conditions }) => {
    const isSame = (entry: PolicyAncestorStatus): boolean =>
      entry.controllerName === controllerName && sameParent(entry.ancestorRef, ancestorRef);
    return newsOf(before.find(isSame)?.conditions, conditions);
  });
  record(events, policy, news);
}

/** Writes a GatewayClass's status. */
export async function reportGatewayClass(
  { client, events }: ReportContext,
  gatewayClass: GatewayClass,
  statusOf: (current: GatewayClass) => NonNullable<GatewayClass['status']>,
  signal: AbortSignal,
): Promise<void> {
  let before: GatewayClass['status'];
  let after: GatewayClass['status'];
  const mutate = (current: GatewayClass): GatewayClass => {
    before = current.status;
    after = statusOf(current);
    return { ...current, status: after };
  };
  const outcome = await writeStatus(client, kinds.gatewayClasses, gatewayClass, mutate, signal);
  if (outcome === 'written') record(events, gatewayClass, newsOf(before?.conditions, after?.conditions));
}

function record(events: ReportContext['events'], regarding: KubeObject, news: readonly News[]): void {
  for (const each of eachOnce(news)) events.record(regarding, { ...each, action: 'Reconcile' });
}
