// Reads statuses, and waits for conditions.
import { get, type KubeObject, waitFor } from '../../../localstack/cluster/apply.ts';
import type { Gateway, GatewayClass, GrpcRoute, HttpRoute, RouteParentStatus } from '../../../src/api/gateway-api.ts';
import type { Condition } from '../../../src/kube/object.ts';
import type { Rig } from './gatehouse.ts';

export const gatewayApi = '/apis/gateway.networking.k8s.io/v1';
export const waitMs = 45_000;

export const gatewayPath = (ns: string, name: string): string => `${gatewayApi}/namespaces/${ns}/gateways/${name}`;
export const routePath = (ns: string, name: string): string => `${gatewayApi}/namespaces/${ns}/httproutes/${name}`;
export const policyPath = (ns: string, name: string): string =>
  `${gatewayApi}/namespaces/${ns}/backendtlspolicies/${name}`;
const grpcRoutePath = (ns: string, name: string): string => `${gatewayApi}/namespaces/${ns}/grpcroutes/${name}`;
export const classPath = (name: string): string => `${gatewayApi}/gatewayclasses/${name}`;

export const readGateway = (rig: Rig, ns: string, name: string): Promise<Gateway | undefined> =>
  get<Gateway>(rig.cluster.admin, gatewayPath(ns, name));
export const readRoute = (rig: Rig, ns: string, name: string): Promise<HttpRoute | undefined> =>
  get<HttpRoute>(rig.cluster.admin, routePath(ns, name));

/** `Programmed=True/Programmed`, sorted by type: how tests compare whole lists of conditions. */
export const said = (conditions: readonly Condition[] | undefined): readonly string[] =>
  (conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`).toSorted();

type Judged = Gateway | GatewayClass | HttpRoute | GrpcRoute;

const isCurrent = ({ metadata }: Judged, { observedGeneration }: Condition): boolean =>
  observedGeneration === metadata.generation;

/** The conditions of a Gateway or GatewayClass, those of a Gateway's listeners, and those of a route's parents. */
const conditionsOf = (object: Judged): readonly Condition[] => {
  switch (object.kind) {
    case 'HTTPRoute':
    case 'GRPCRoute':
      return object.status?.parents?.flatMap(({ conditions }) => conditions ?? []) ?? [];
    case 'Gateway':
    case 'GatewayClass':
      return object.status?.conditions ?? [];
    default:
      return object satisfies never;
  }
};

const pathOf = ({ kind, metadata: { name, namespace = '' } }: KubeObject): string => {
  if (kind === 'GatewayClass') return classPath(name);
  if (kind === 'GRPCRoute') return grpcRoutePath(namespace, name);
  return kind === 'HTTPRoute' ? routePath(namespace, name) : gatewayPath(namespace, name);
};

/**
 * Waits until a condition of the object's current generation is `type=status/reason`. If a route has several parents, one is
 * enough.
 */
export async function waitForCondition(
  rig: Rig,
  object: KubeObject,
  type: string,
  status: 'True' | 'False' | 'Unknown',
  reason?: string,
): Promise<Condition> {
  const wanted = (condition: Condition): boolean =>
    condition.type === type && condition.status === status && (reason ?? condition.reason) === condition.reason;
  const found = await waitFor<Judged>(
    rig.cluster.admin,
    pathOf(object),
    (current) =>
      current !== undefined &&
      conditionsOf(current).some((condition) => wanted(condition) && isCurrent(current, condition)),
    { timeoutMs: waitMs },
  );
  const condition = found && conditionsOf(found).find(wanted);
  if (condition === undefined) throw new Error(`Expected ${type} in ${JSON.stringify(found?.status)}`);
  return condition;
}

/** Waits until the Gateway is Programmed. */
export const programmed = (rig: Rig, object: KubeObject): Promise<Condition> =>
  waitForCondition(rig, object, 'Programmed', 'True');

/** Deletes the object and waits until it is gone, finalizers and all. */
export async function removeAndWait(rig: Rig, object: KubeObject): Promise<void> {
  await rig.remove([object]);
  await waitFor(rig.cluster.admin, pathOf(object), (current) => current === undefined, { timeoutMs: waitMs });
}

/** A route's status for one parent, by the Gateway's name and, if there are several, by sectionName. */
export async function parentStatus(
  rig: Rig,
  ns: string,
  route: string,
  parent: string,
  sectionName?: string,
): Promise<RouteParentStatus | undefined> {
  const object = await readRoute(rig, ns, route);
  return object?.status?.parents?.find(
    ({ parentRef }) => parentRef.name === parent && parentRef.sectionName === sectionName,
  );
}
