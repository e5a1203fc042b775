// The statuses in a cluster that are about our Gateways, as data. Pure.
import type { Gateway, GatewayClass, Listener, ListenerSet, ListenerStatus } from '../api/gateway-api.ts';
import type { Route } from '../api/route-kinds.ts';
import { awsFinalizer } from '../aws/provider.ts';
import type { providerNames } from '../config.ts';
import { listenerSetGateway, parentGateway, parentListenerSet } from '../gateway/references.ts';
import { type Condition, type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { metallbFinalizer } from '../metallb/known.ts';
import { isAdverse } from '../status/condition.ts';
import type { LiveFleet } from './live-fleet.ts';
import type { LiveLoadBalancer } from './live-load-balancer.ts';

export type Health = 'good' | 'waiting' | 'bad';

/** TCPRoutes and UDPRoutes have no hostnames. */
type AnyRoute = Route & { readonly spec: { readonly hostnames?: readonly string[] } };

interface Part {
  readonly health: Health;
  /** The conditions that say what is wrong. */
  readonly wrong: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

export interface ClassReport extends Part {
  readonly gatewayClass: string;
}

export interface ListenerReport extends Part {
  readonly listener: string;
  readonly protocol: string;
  readonly port: number;
  readonly hostname?: string;
  readonly attachedRoutes: number;
}

export interface ListenerSetReport extends Part {
  readonly listenerSet: string;
  readonly listeners: readonly ListenerReport[];
}

export interface RouteReport extends Part {
  /** `HTTPRoute shop/web`. */
  readonly route: string;
  readonly section?: string;
  readonly hostnames: readonly string[];
}

export interface GatewayReport extends Part {
  readonly gateway: ObjectKey;
  readonly gatewayClass: string;
  readonly addresses: readonly string[];
  readonly listeners: readonly ListenerReport[];
  readonly listenerSets: readonly ListenerSetReport[];
  readonly routes: readonly RouteReport[];
  readonly provider: ProviderName;
  /** Only on AWS; absent if AWS was not read. */
  readonly loadBalancers?: readonly LiveLoadBalancer[];
  /** Addresses without a load balancer. */
  readonly missing?: readonly string[];
  /** Only on MetalLB; absent if the Services and Envoys were not read. */
  readonly fleet?: LiveFleet;
}

export interface ElsewhereReport extends Part {
  readonly route: string;
  /** `Gateway infra/shared`. */
  readonly parent: string;
}

export interface ClusterStatuses {
  /** Undefined if this user may not read them. Then our finalizer says which Gateways are ours. */
  readonly gatewayClasses: readonly GatewayClass[] | undefined;
  readonly gateways: readonly Gateway[];
  readonly listenerSets: readonly ListenerSet[];
  readonly routes: readonly AnyRoute[];
}

/** The worst health of the Gateway and all its parts. */
export const healthOf = (report: GatewayReport): Health =>
  worst(
    [
      report,
      ...report.listeners,
      ...report.listenerSets.flatMap((set) => [set, ...set.listeners]),
      ...report.routes,
    ].map(({ health }) => health),
  );

const worst = (all: readonly Health[]): Health =>
  all.includes('bad') ? 'bad' : all.includes('waiting') ? 'waiting' : 'good';

export const classReports = (classes: readonly GatewayClass[]): readonly ClassReport[] =>
  classes.map(({ metadata, status }) => ({
    gatewayClass: metadata.name,
    ...judged(status?.conditions ?? [], metadata.generation),
  }));

type ProviderName = (typeof providerNames)[number];

/** Of our providers. */
export type ControllerNames = ReadonlyMap<string, ProviderName>;

const finalizers: ReadonlyMap<string, ProviderName> = new Map([
  [awsFinalizer, 'aws'],
  [metallbFinalizer, 'metallb'],
]);

/** Wrong Gateways come first. */
export function gatewayReports(all: ClusterStatuses, controllers: ControllerNames): readonly GatewayReport[] {
  const classes =
    all.gatewayClasses &&
    new Map(all.gatewayClasses.map(({ metadata, spec }) => [metadata.name, controllers.get(spec.controllerName)]));
  const providerOf = ({ metadata, spec }: Gateway): ProviderName | undefined =>
    classes === undefined
      ? metadata.finalizers?.map((each) => finalizers.get(each)).find((each) => each !== undefined)
      : classes.get(spec.gatewayClassName);
  const sets = Map.groupBy(all.listenerSets, listenerSetGateway);
  const routes = routesByParent(all.routes);
  const reports = all.gateways.flatMap((gateway) => {
    const provider = providerOf(gateway);
    if (provider === undefined) return [];
    return { ...gatewayReport(gateway, sets.get(objectKey(gateway.metadata)) ?? [], routes, controllers), provider };
  });
  return reports.toSorted((a, b) => rank[healthOf(a)] - rank[healthOf(b)] || (a.gateway < b.gateway ? -1 : 1));
}

/** Routes of this namespace whose parents are our Gateways or ListenerSets in other namespaces. */
export function routesElsewhere(
  { routes }: ClusterStatuses,
  namespace: string,
  controllers: ControllerNames,
): readonly ElsewhereReport[] {
  return routes
    .filter(({ metadata }) => metadata.namespace === namespace)
    .flatMap((route) =>
      (route.status?.parents ?? []).flatMap((reported) => {
        const parent = parentOf(route, reported.parentRef);
        const isElsewhere = parent !== undefined && parent.split(/[ /]/)[1] !== namespace;
        if (!controllers.has(reported.controllerName) || !isElsewhere) return [];
        const name = `${route.kind} ${objectKey(route.metadata)}`;
        return [{ route: name, parent, ...judged(reported.conditions ?? [], route.metadata.generation) }];
      }),
    )
    .toSorted((a, b) => rank[a.health] - rank[b.health]);
}

const rank = { bad: 0, waiting: 1, good: 2 } as const;

type RoutesByParent = ReadonlyMap<string, readonly AnyRoute[]>;

function routesByParent(routes: readonly AnyRoute[]): RoutesByParent {
  const byParent = new Map<string, Set<AnyRoute>>();
  for (const route of routes) {
    for (const ref of route.spec.parentRefs ?? []) {
      const parent = parentOf(route, ref);
      if (parent !== undefined) byParent.set(parent, (byParent.get(parent) ?? new Set()).add(route));
    }
  }
  return new Map([...byParent].map(([parent, of]) => [parent, [...of]]));
}

type ParentRef = NonNullable<AnyRoute['spec']['parentRefs']>[number];

/** `Gateway shop/web`, or `ListenerSet shop/more`. */
function parentOf(route: AnyRoute, ref: ParentRef): string | undefined {
  const gateway = parentGateway(route, ref);
  const set = parentListenerSet(route, ref);
  return gateway === undefined ? set && `ListenerSet ${set}` : `Gateway ${gateway}`;
}

function gatewayReport(
  gateway: Gateway,
  sets: readonly ListenerSet[],
  routes: RoutesByParent,
  controllers: ControllerNames,
): Omit<GatewayReport, 'provider'> {
  const { metadata, spec, status } = gateway;
  const key = objectKey(metadata);
  const parents = [`Gateway ${key}`, ...sets.map((set) => `ListenerSet ${objectKey(set.metadata)}`)];
  return {
    gateway: key,
    gatewayClass: spec.gatewayClassName,
    ...(metadata.deletionTimestamp === undefined
      ? judged(status?.conditions ?? [], metadata.generation)
      : { health: 'waiting', wrong: leaving(status?.conditions ?? []) }),
    addresses: (status?.addresses ?? []).flatMap(({ value }) => value ?? []),
    listeners: listenerReports(gateway, spec.listeners, status?.listeners),
    listenerSets: sets.map((set) => ({
      listenerSet: objectKey(set.metadata),
      ...judged(set.status?.conditions ?? [], set.metadata.generation),
      listeners: listenerReports(set, set.spec.listeners, set.status?.listeners),
    })),
    routes: parents
      .flatMap((parent) => (routes.get(parent) ?? []).flatMap((route) => routeReports(route, parent, controllers)))
      .toSorted((a, b) => rank[a.health] - rank[b.health]),
  };
}

const leaving = (conditions: readonly Condition[]): Part['wrong'] => [
  { type: 'Deleting', status: 'True', reason: 'Deleting', message: 'It is being deleted.' },
  ...wrongOf(conditions.filter(({ type }) => type === 'Programmed')),
];

function listenerReports(
  { metadata }: KubeObject,
  listeners: readonly Listener[],
  statuses: readonly ListenerStatus[] = [],
): readonly ListenerReport[] {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  return listeners.map(({ name, protocol, port, hostname }) => {
    const status = byName.get(name);
    return {
      listener: name,
      protocol,
      port,
      ...(hostname !== undefined && { hostname }),
      attachedRoutes: status?.attachedRoutes ?? 0,
      ...judged(status?.conditions ?? [], metadata.generation),
    };
  });
}

/** One report per parentRef in the status. */
function routeReports(route: AnyRoute, parent: string, controllers: ControllerNames): readonly RouteReport[] {
  const { metadata, spec, status, kind } = route;
  const refs = (spec.parentRefs ?? []).filter((ref) => parentOf(route, ref) === parent);
  return refs.map((ref) => {
    const reported = (status?.parents ?? []).find(
      (each) =>
        controllers.has(each.controllerName) &&
        parentOf(route, each.parentRef) === parent &&
        each.parentRef.sectionName === ref.sectionName &&
        each.parentRef.port === ref.port,
    );
    return {
      route: `${kind} ${objectKey(metadata)}`,
      ...(ref.sectionName !== undefined && { section: ref.sectionName }),
      hostnames: spec.hostnames ?? [],
      ...judged(reported?.conditions ?? [], metadata.generation),
    };
  });
}

/** Missing conditions, or conditions of an older generation, mean: waiting. */
function judged(conditions: readonly Condition[], generation = 0): Part {
  const wrong = wrongOf(conditions);
  if (conditions.length === 0) return { health: 'waiting', wrong: [unseen] };
  const isOld = conditions.some(({ observedGeneration = generation }) => observedGeneration < generation);
  const isWaiting = wrong.every(({ status, reason }) => status === 'Unknown' || reason === 'Pending');
  if (wrong.length === 0) return isOld ? { health: 'waiting', wrong: [outdated] } : { health: 'good', wrong };
  return { health: isWaiting ? 'waiting' : 'bad', wrong: isOld ? [...wrong, outdated] : wrong };
}

const wrongOf = (conditions: readonly Condition[]): Part['wrong'] =>
  conditions.filter(isAdverse).map(({ type, status, reason, message }) => ({ type, status, reason, message }));

const unseen = {
  type: 'Accepted',
  status: 'Unknown',
  reason: 'Pending',
  message: 'Gatehouse has not reported on it yet. Is Gatehouse running?',
} as const;

const outdated = {
  type: 'Accepted',
  status: 'Unknown',
  reason: 'Pending',
  message: 'It was changed, and Gatehouse has not processed the change yet.',
} as const;
