// What is made of an object that can't be read as a whole: an API server whose CRDs are newer or changed lets through what the
// passes don't know. What served goes on serving, so the spec that could be read last stands in, as long as the process lives.
// After that only what can be read of it by itself does.
import type { z } from 'zod';
import type {
  Gateway,
  GatewayClass,
  HttpRoute,
  Listener,
  ListenerSet,
  ParentReference,
  ReferenceGrant,
} from '../api/gateway-api.ts';
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
  is<ParentReference>(parentRef, parts.parent)
    ? { parentRef, listeners: readable<Listener>(listeners, parts.listener) }
    : undefined,
);

/** Where it belongs. Its rules can't be told apart by what is written there: they stay as they are in AWS. */
export const readHttpRoute = reader<HttpRoute>(({ parentRefs, hostnames }) => ({
  parentRefs: readable<ParentReference>(parentRefs, parts.parent),
  ...(is<readonly string[]>(hostnames, parts.hostnames) && { hostnames }),
  rules: [],
}));

type Grant = ReferenceGrant['spec'];

/** What can't be read grants nothing: neither what it may mean now, nor what it granted before. Each other entry does. */
export const readReferenceGrant = reader<ReferenceGrant>(
  ({ from, to }) => ({
    from: readable<Grant['from'][number]>(from, parts.from),
    to: readable<Grant['to'][number]>(to, parts.to),
  }),
  false,
);

const is = <T>(value: unknown, schema: z.ZodType): value is T => schema.safeParse(value).success;

const readable = <T>(items: unknown, schema: z.ZodType): readonly T[] =>
  Array.isArray(items) ? items.filter((item) => is<T>(item, schema)) : [];
