// Objects that cannot be read completely, because the CRDs in the cluster are newer or changed. What served before must still
// serve, so the last readable spec is used while the process lives. After a restart, only the readable parts of the spec are used.
import type { BackendTlsPolicy, Gateway, GatewayClass, ListenerSet, ReferenceGrant } from '../api/gateway-api.ts';
import type { ServedRoute } from '../api/route-kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import { checkManifest, parts } from './manifest-shape.ts';

interface HasSpec extends KubeObject {
  readonly spec: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param salvage returns the readable parts of a spec, or undefined if they are of no use
 * @returns undefined if the object counts as absent
 */
const reader =
  <T extends HasSpec>(salvage: (spec: Fields) => T['spec'] | undefined, keepsLast = true) =>
  (object: T, last: T | undefined): T | undefined => {
    const checked = checkManifest(object);
    if (checked.kind === 'valid') return object;
    const { field, detail } = checked;
    const isLast = keepsLast && last !== undefined && last.fault?.isLast !== false;
    const spec = isLast ? last.spec : salvage(fieldsOf(object.spec));
    return spec === undefined ? undefined : { ...object, spec, fault: { field, detail, isLast } };
  };

const fieldsOf = (spec: unknown): Fields => (typeof spec === 'object' && spec !== null ? { ...spec } : {});

/** A Gateway without a readable class counts as absent. If its listeners cannot be read, nothing is changed for it. */
export const readGateway = reader<Gateway>(({ gatewayClassName }) =>
  typeof gatewayClassName === 'string' ? { gatewayClassName, listeners: [] } : undefined,
);

export const readGatewayClass = reader<GatewayClass>(() => undefined);

/** Each listener is read separately. */
export const readListenerSet = reader<ListenerSet>(({ parentRef, listeners }) =>
  parts.isParent(parentRef) ? { parentRef, listeners: readable(listeners, parts.isListener) } : undefined,
);

/** Only its parents and hostnames are read. Its rules stay as they were last applied. */
export const readRoute = reader<ServedRoute>(({ parentRefs, hostnames }) => ({
  parentRefs: readable(parentRefs, parts.isParent),
  ...(parts.areHostnames(hostnames) && { hostnames }),
  rules: [],
}));

/** Its Services stay those of the policy, and get no requests unless an earlier version says how. */
export const readBackendTlsPolicy = reader<BackendTlsPolicy>(({ targetRefs }) => ({
  targetRefs: readable(targetRefs, parts.isTarget),
  validation: { hostname: '' },
}));

/** An unreadable entry grants nothing, not even what it granted before. The other entries still count. */
export const readReferenceGrant = reader<ReferenceGrant>(
  ({ from, to }) => ({ from: readable(from, parts.isFrom), to: readable(to, parts.isTo) }),
  false,
);

const readable = <T>(items: unknown, isReadable: (item: unknown) => item is T): readonly T[] =>
  Array.isArray(items) ? items.filter(isReadable) : [];
