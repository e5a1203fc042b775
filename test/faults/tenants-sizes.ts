// One tenant of a shared Gateway creates the largest objects that the API allows. The other tenant's requests are answered,
// its changes arrive, and Gatehouse stays within the image's memory limit.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { eventually } from '../integration/support/eventually.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { backendRef, gateway, http, httpRoute } from '../integration/support/objects.ts';
import { gatewayApi } from '../integration/support/status.ts';
import { patienceMs } from './awaiting.ts';
import { createAll, largeListenerSets, largeRoute } from './large-objects.ts';
import { family, type Scenario } from './scenario.ts';
import { besides, type Limits, type SharedGateway, startSharedRig } from './shared-gateway.ts';

/** The limits. A pass over large objects takes some seconds, and a change waits for the running pass. */
const limits: Limits = { memoryMiB: 300, changeMs: 10_000 };

interface Play {
  readonly name: string;
  readonly what: string;
  /** Resolves with failures of the tenant itself. */
  readonly act: (shared: SharedGateway) => Promise<readonly string[]>;
}

const scenarioOf = ({ name, what, act }: Play): Scenario<Rig> => ({
  name,
  what,
  run: (rig) => besides(rig, name, limits, act),
});

const smallRoute = ({ tenant, parentRef }: SharedGateway): KubeObject =>
  httpRoute(
    tenant,
    'old',
    [parentRef],
    [{ matches: [{ path: { type: 'Exact', value: '/old' } }], backendRefs: [backendRef('api')] }],
    { hostnames: ['old.example.org'] },
  );

const isServed = (words: readonly string[], path: string): boolean => words.some((word) => word.includes(path));

async function served({ rules }: SharedGateway, path: string): Promise<void> {
  await eventually(() => {
    if (!isServed(rules(), path)) throw new Error(`Expected a rule for ${path}, got ${rules().join('; ')}`);
  }, patienceMs);
}

/** Waits until a condition of the route has its current generation, and returns all conditions in words. */
async function reported({ rig, tenant }: SharedGateway, name: string): Promise<string> {
  return await eventually(async () => {
    const path = `${gatewayApi}/namespaces/${tenant}/httproutes/${name}`;
    const { metadata, status } = await rig.cluster.admin.request<RouteView>('GET', path);
    const conditions = status?.parents?.[0]?.conditions ?? [];
    if (!conditions.some((each) => each.observedGeneration === metadata.generation)) {
      throw new Error(`Expected conditions of generation ${metadata.generation}, got ${JSON.stringify(conditions)}`);
    }
    return conditions.map(({ type, status: is, message }) => `${type}=${is}: ${message}`).join('\n');
  }, patienceMs);
}

interface RouteView {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly parents?: readonly {
      readonly conditions?: readonly {
        readonly type: string;
        readonly status: string;
        readonly message: string;
        readonly observedGeneration: number;
      }[];
    }[];
  };
}

const expectTold = (words: string, wanted: RegExp): readonly string[] =>
  wanted.test(words) ? [] : [`the route's status says ${words}`];

/** Long enough for a pass over everything, and for evictions. In milliseconds. */
const aftermathMs = 10_000;

const grows = (name: string, what: string, grown: (shared: SharedGateway) => KubeObject): Play => ({
  name,
  what,
  act: async (shared) => {
    await shared.rig.apply([smallRoute(shared)]);
    await served(shared, '/old');
    await shared.rig.apply([grown(shared)]);
    const words = await reported(shared, 'old');
    await sleep(aftermathMs);
    return [
      ...expectTold(words, /Fall Back|100 rules/),
      ...(isServed(shared.rules(), '/old') ? [] : ['the rule that the route had is gone']),
    ];
  },
});

const growsTooLarge = grows(
  'tenants-route-grows',
  'an old small route grows to 128 matches × 16 hostnames',
  (shared) => ({ ...largeRoute(shared.tenant, 'new', shared.parentRef), metadata: smallRoute(shared).metadata }),
);

const growsToFit = grows('tenants-route-fills', 'an old small route grows to exactly 100 rules', (shared) =>
  httpRoute(
    shared.tenant,
    'old',
    [shared.parentRef],
    [
      {
        // A different header for each rule, so that they are not packed together.
        matches: Array.from({ length: 50 }, (_, index) => ({ headers: [{ name: `x-${index}`, value: 'v' }] })),
        backendRefs: [backendRef('api')],
      },
    ],
    { hostnames: ['old.example.org'] },
  ),
);

/** Creates the objects, restarts Gatehouse, and removes the objects. */
async function crowd(shared: SharedGateway, plural: string, objects: readonly KubeObject[]): Promise<void> {
  const made = await createAll(shared.rig.cluster.admin, shared.tenant, plural, objects);
  await sleep(aftermathMs);
  await shared.restart();
  await sleep(aftermathMs);
  await made.remove();
  await sleep(aftermathMs);
}

const manyRoutes: Play = {
  name: 'tenants-routes',
  what: '1,000 routes of 128 matches × 16 hostnames',
  act: async (shared) => {
    const routes = Array.from({ length: 1000 }, (_, index) => largeRoute(shared.tenant, `r${index}`, shared.parentRef));
    await crowd(shared, 'httproutes', routes);
    return [];
  },
};

const manyPorts: Play = {
  name: 'tenants-ports',
  what: 'a Gateway of 64 ports with 2 routes of 128 matches × 16 hostnames',
  act: async (shared) => {
    const listeners = Array.from({ length: 64 }, (_, index) => http({ name: `p${index}`, port: 8000 + index }));
    const wide = gateway(shared.tenant, 'wide', listeners);
    const routes = ['a', 'b'].map((name) => largeRoute(shared.tenant, name, { name: 'wide' }));
    await shared.rig.apply([...routes, wide]);
    await sleep(2 * aftermathMs);
    await shared.rig.remove([wide]);
    return [];
  },
};

const manyListenerSets: Play = {
  name: 'tenants-listener-sets',
  what: '300 ListenerSets × 64 listeners',
  act: async (shared) => {
    const sets = largeListenerSets(300, shared.tenant, shared.parentRef);
    await crowd(shared, 'listenersets', sets);
    return [];
  },
};

const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io';

/** A cluster whose HTTPRoutes have a path type that this Gatehouse does not know. */
async function knowNewPathType({ cluster }: Rig): Promise<void> {
  const found: { readonly spec: { readonly versions: readonly object[] } } = await cluster.admin.request(
    'GET',
    definition,
  );
  // Only enumerations and rules about the type forbid it.
  const loosened = JSON.stringify(found.spec.versions, (key, value: unknown) =>
    key === 'x-kubernetes-validations' || (key === 'enum' && String(value).includes('PathPrefix')) ? undefined : value,
  );
  const body = { spec: { versions: JSON.parse(loosened) } };
  await cluster.admin.request('PATCH', definition, { contentType: 'application/merge-patch+json', body });
}

const unreadable: Play = {
  name: 'tenants-unreadable',
  what: 'an old route gets a path type that only a newer CRD has; Gatehouse is restarted',
  act: async (shared) => {
    const { rig, tenant, restart } = shared;
    await rig.apply([smallRoute(shared)]);
    await served(shared, '/old');
    await knowNewPathType(rig);
    const strange = [
      { matches: [{ path: { type: 'Template', value: '/new/{id}' } }], backendRefs: [backendRef('api')] },
    ];
    await eventually(
      () =>
        rig.cluster.admin.request('PATCH', `${gatewayApi}/namespaces/${tenant}/httproutes/old`, {
          contentType: 'application/merge-patch+json',
          body: { spec: { rules: strange } },
        }),
      patienceMs,
    );
    const words = await reported(shared, 'old');
    await sleep(aftermathMs);
    const before = isServed(shared.rules(), '/old') ? [] : ['the rule that the route had is gone'];
    await restart();
    await sleep(aftermathMs);
    const after = isServed(shared.rules(), '/old') ? [] : ['the rule that the route had is gone after a restart'];
    return [...expectTold(words, /Accepted=False: spec\.rules\[0\]\.matches\[0\]\.path\.type/), ...before, ...after];
  },
};

export const tenantsSizes = family(
  startSharedRig,
  [growsTooLarge, growsToFit, manyRoutes, manyPorts, manyListenerSets, unreadable].map(scenarioOf),
);
