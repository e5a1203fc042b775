// Each derive of a Gateway remembers much of the one before. Its result must be as from scratch, whatever has changed meanwhile.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Namespace, Service } from '../api/core.ts';
import { withGatewayDefaults, withRouteDefaults } from '../api/defaults.ts';
import type { Gateway, GatewayClass, ReferenceGrant } from '../api/gateway-api.ts';
import type { ServedRoute } from '../api/route-kinds.ts';
import { gather, type Sources } from '../gateway/gather.ts';
import { frozen, type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { Derivations } from '../provider/derivations.ts';
import { derive } from '../provider/derive.ts';
import type { MetallbFeed } from './feed.ts';
import { areSameFacts, type MetallbFacts, type MetallbModel, metallbStages } from './stages.ts';
import type { MetallbTopology } from './translation.ts';

const gatewayApi = 'gateway.networking.k8s.io/v1';
const controllerName = 'gatehouse.dev/metallb';

const gatewayClass = {
  apiVersion: gatewayApi,
  kind: 'GatewayClass',
  metadata: { name: 'metallb' },
  spec: { controllerName },
};

interface Manifest extends KubeObject {
  readonly spec?: unknown;
}

const gateway = (hostname: string | undefined, port: number, from: string): Manifest => ({
  apiVersion: gatewayApi,
  kind: 'Gateway',
  metadata: { name: 'web', namespace: 'infra' },
  spec: {
    gatewayClassName: 'metallb',
    listeners: [
      { name: 'any', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'All' } } },
      {
        name: 'some',
        protocol: 'HTTP',
        port,
        ...(hostname !== undefined && { hostname }),
        allowedRoutes: {
          namespaces: { from, ...(from === 'Selector' && { selector: { matchLabels: { team: 'blue' } } }) },
        },
      },
    ],
  },
});

const namespaces = ['shop', 'blog'] as const;
const names = ['a', 'b', 'c'] as const;

const namespaceOf = fc.constantFrom(...namespaces);
const nameOf = fc.constantFrom(...names);
const hostname = fc.constantFrom('a.com', 'b.a.com', '*.a.com', 'b.com');

const gateways = fc
  .tuple(fc.option(hostname, { nil: undefined }), fc.constantFrom(80, 8080), fc.constantFrom('All', 'Same', 'Selector'))
  .map((given) => gateway(...given));

const namespaceObjects = fc.tuple(namespaceOf, fc.constantFrom('blue', 'green')).map(
  ([name, team]): Manifest => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { team } },
  }),
);

const services = fc.tuple(namespaceOf, nameOf, fc.constantFrom(80, 81), fc.boolean()).map(
  ([namespace, name, port, http2]): Manifest => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { ports: [{ port, ...(http2 && { appProtocol: 'kubernetes.io/h2c' }) }] },
  }),
);

const grants = fc.tuple(namespaceOf, namespaceOf).map(
  ([namespace, from]): Manifest => ({
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { name: `from-${from}`, namespace },
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: from }],
      to: [{ group: '', kind: 'Service' }],
    },
  }),
);

const rules = fc.record({
  matches: fc.array(
    fc.constantFrom('/', '/a', '/a/b').map((value) => ({ path: { type: 'PathPrefix', value } })),
    { minLength: 1, maxLength: 2 },
  ),
  backendRefs: fc.array(
    fc.record({
      name: nameOf,
      namespace: namespaceOf,
      port: fc.constantFrom(80, 81),
      weight: fc.constantFrom(0, 1, 2),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});

const routes = fc
  .record({
    name: nameOf,
    namespace: namespaceOf,
    hostnames: fc.uniqueArray(hostname, { maxLength: 2 }),
    sectionName: fc.constantFrom(undefined, 'any', 'some'),
    rules: fc.array(rules, { minLength: 1, maxLength: 2 }),
    created: fc.constantFrom(1, 2),
  })
  .map(
    ({ name, namespace, hostnames, sectionName, rules: written, created }): Manifest => ({
      apiVersion: gatewayApi,
      kind: 'HTTPRoute',
      metadata: { name, namespace, creationTimestamp: `2026-01-0${created}T00:00:00Z` },
      spec: {
        parentRefs: [{ name: 'web', namespace: 'infra', ...(sectionName !== undefined && { sectionName }) }],
        hostnames,
        rules: written,
      },
    }),
  );

/** An object comes, or replaces the one of its name. Or the one of its name goes. */
const edits = fc.record({
  object: fc.oneof(gateways, namespaceObjects, services, grants, routes),
  isGone: fc.boolean(),
});

const keyOf = ({ kind, metadata }: KubeObject): string => `${kind} ${objectKey(metadata)}`;

type Objects = ReadonlyMap<string, KubeObject>;

/** As the API server has it, and as a cache has it. */
function served(object: KubeObject): KubeObject {
  const isA = <T extends KubeObject>(kind: T['kind'], each: KubeObject): each is T => each.kind === kind;
  if (isA<Gateway>('Gateway', object)) return withGatewayDefaults(object);
  return isA<ServedRoute>('HTTPRoute', object) ? withRouteDefaults(object) : object;
}

function sourcesOf(objects: Objects): Sources {
  const all = <T extends KubeObject>(kind: T['kind']): readonly T[] =>
    [...objects.values()].filter((object): object is T => object.kind === kind);
  const one = <T extends KubeObject>(kind: T['kind'], key: ObjectKey): T | undefined =>
    all<T>(kind).find(({ metadata }) => objectKey(metadata) === key);
  return {
    gateway: (key) => one<Gateway>('Gateway', key),
    gatewayClass: (name) => one<GatewayClass>('GatewayClass', objectKey({ name })),
    configuration: () => undefined,
    proxyConfiguration: () => undefined,
    listenerSetsByParent: () => [],
    routesByParent: () => all<ServedRoute>('HTTPRoute'),
    routesByListenerSet: () => [],
    namespace: (name) => one<Namespace>('Namespace', objectKey({ name })),
    grantsIn: (namespace) =>
      all<ReferenceGrant>('ReferenceGrant').filter((each) => each.metadata.namespace === namespace),
    service: (key) => one<Service>('Service', key),
    endpointSlicesOf: () => [],
    secret: () => undefined,
    policiesFor: () => [],
    configMap: () => undefined,
    imported: () => undefined,
    certificateOwner: () => ({ kind: 'absent' }),
    now: () => 0,
  };
}

type Before = Pick<MetallbModel['envoy'], 'made' | 'taken'>;

async function derived(objects: Objects, derivations?: MetallbFeed['derivations'], before?: Before) {
  const input = gather(objectKey({ namespace: 'infra', name: 'web' }), sourcesOf(objects));
  if (input === undefined) throw new Error('Expected the Gateway');
  const facts = { families: ['IPv4' as const], keyPairs: new Map(), ...(before && { before }) };
  const stages = { ...metallbStages, facts: async () => ({ facts, found: [] }), ...(derivations && { derivations }) };
  return await derive(stages, input);
}

/** Nothing is remembered of objects that may still change. */
const fromScratch = (objects: Objects) =>
  derived(new Map([...objects].map(([key, object]) => [key, structuredClone(object)])));

const visible = ({ asked, found, model }: Awaited<ReturnType<typeof derived>>) => ({
  asked,
  found,
  snapshot: model?.envoy.snapshot,
  upstreams: model?.envoy.upstreams,
  routes: model?.envoy.routes,
  taken: model?.envoy.taken,
});

test('after any changes, a derive that remembers gives the same as one from scratch, and is not made twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edits, { minLength: 1, maxLength: 30 }), async (chain) => {
      const first = [gatewayClass, gateway(undefined, 80, 'All')];
      const objects = new Map(first.map((each) => [keyOf(each), frozen(served(each))]));
      const derivations = new Derivations<MetallbTopology, MetallbFacts, MetallbModel>(areSameFacts);
      let before: Before | undefined;
      for (const { object, isGone } of chain) {
        if (isGone && object.kind !== 'Gateway') objects.delete(keyOf(object));
        else objects.set(keyOf(object), frozen(served(object)));
        const result = await derived(objects, derivations, before);
        expect(visible(result)).toEqual(visible(await fromScratch(objects)));
        before = result.model?.envoy;
        expect((await derived(objects, derivations, before)).model).toBe(result.model);
      }
    }),
    { numRuns: 60 },
  );
});
