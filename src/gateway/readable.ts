// What is made of an object that can't be read as a whole: an API server whose CRDs are newer or changed lets through what the
// passes don't know. What served goes on serving, so the spec that could be read last stands in, as long as the process lives.
// After that only what can be read of it by itself does.
import type { Gateway, GatewayClass, HttpRoute, ListenerSet, ReferenceGrant } from '../api/gateway-api.ts';
import type { Route, RouteOf, ServedRoute } from '../api/route-kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import { checkManifest, parts } from './manifest-shape.ts';

interface HasSpec extends KubeObject {
  readonly spec: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param salvage what can be read of a spec by itself; undefined for nothing that is of any use
 * @returns undefined for an object that counts as absent
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

/** Without its class nothing is known of a Gateway; without its listeners nothing is changed for it. */
export const readGateway = reader<Gateway>(({ gatewayClassName }) =>
  typeof gatewayClassName === 'string' ? { gatewayClassName, listeners: [] } : undefined,
);

export const readGatewayClass = reader<GatewayClass>(() => undefined);

/** Each listener is one by itself. */
export const readListenerSet = reader<ListenerSet>(({ parentRef, listeners }) =>
  parts.isParent(parentRef) ? { parentRef, listeners: readable(listeners, parts.isListener) } : undefined,
);

/** Where it belongs. Its rules can't be told apart by what is written there: they stay as they are in AWS. */
const readHttpRoute = reader<HttpRoute>(({ parentRefs, hostnames }) => ({
  parentRefs: readable(parentRefs, parts.isParent),
  ...(parts.areHostnames(hostnames) && { hostnames }),
  rules: [],
}));

export const readRoute: {
  readonly [K in ServedRoute['kind']]: (route: RouteOf<K>, last: RouteOf<K> | undefined) => RouteOf<K> | undefined;
} = { HTTPRoute: readHttpRoute };

/** Where it belongs: nothing else of it is read. */
export const readUnservedRoute = reader<Route>(({ parentRefs }) => ({
  parentRefs: readable(parentRefs, parts.isParent),
}));

/** What can't be read grants nothing: neither what it may mean now, nor what it granted before. Each other entry does. */
export const readReferenceGrant = reader<ReferenceGrant>(
  ({ from, to }) => ({ from: readable(from, parts.isFrom), to: readable(to, parts.isTo) }),
  false,
);

const readable = <T>(items: unknown, isReadable: (item: unknown) => item is T): readonly T[] =>
  Array.isArray(items) ? items.filter(isReadable) : [];
