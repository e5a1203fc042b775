// Objects that no schema has validated, for example with a CRD of another version. None of them ends the process, or blocks
// the objects of others.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { type Neighbour, startNeighbour } from './support/neighbour.ts';
import { backendRef, gateway, http, httpRoute, loadBalancerConfiguration, parametersRef } from './support/objects.ts';
import { programmed, readGateway } from './support/status.ts';

type Fields = Readonly<Record<string, unknown>>;

// Some tests wait for retries with growing pauses.
vi.setConfig({ testTimeout: 150_000 });

let rig: Rig;
let neighbour: Neighbour;
beforeAll(async () => {
  rig = await startRig();
  neighbour = await startNeighbour(rig, 'objects');
  for (const name of [
    'loadbalancerconfigurations.gatehouse.dev',
    'httproutes.gateway.networking.k8s.io',
    'gateways.gateway.networking.k8s.io',
    'referencegrants.gateway.networking.k8s.io',
  ]) {
    await withoutSchema(name);
  }
});
afterAll(() => rig.stop());

interface Definition extends KubeObject {
  readonly spec: { readonly versions: readonly { readonly schema: unknown }[] };
}

/** Makes the API server accept anything for this kind. */
async function withoutSchema(name: string): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const { spec } = await rig.cluster.admin.request<Definition>('GET', path);
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = spec.versions.map((version) => ({ ...version, schema }));
  await rig.cluster.admin.request('PATCH', path, {
    contentType: 'application/merge-patch+json',
    body: { spec: { versions } },
  });
}

/** Creates a route and waits until it is served, to show that the controller still works. */
async function servesWhatIsNew(): Promise<void> {
  const { ns, stillServes } = neighbour;
  const late = httpRoute(
    ns,
    'late',
    ['web'],
    [{ matches: [{ path: { type: 'Exact', value: '/late' } }], backendRefs: [backendRef('good')] }],
  );
  await rig.apply([late]);
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(2));
  stillServes();
  await rig.remove([late]);
  await eventually(() => expect(rulesOf(rig, `${ns}/web`)).toHaveLength(1));
}

const weird: readonly [what: string, spec: unknown, says: string][] = [
  ['is a text', 'internal', ' is invalid at spec: '],
  ['is a list', [1, 2], ' is invalid at spec: '],
  ['has fields of other types', { subnets: 'subnet-1', tags: 7, scheme: ['internal'] }, ' is invalid at spec.'],
  ['has fields that there are not', { shceme: 'internal' }, ' is invalid at spec.shceme: is not a field.'],
];

test.each(weird)(
  'a configuration whose spec %s is in the status of the Gateway that uses it, and of no other',
  async (_, spec, says) => {
    const ns = await rig.freshNamespace('weird');
    const configuration = { ...loadBalancerConfiguration(ns, 'weird', {}), spec };
    await rig.apply([
      configuration,
      gateway(ns, 'web', [http()], { infrastructure: { parametersRef: parametersRef('weird') } }),
    ]);
    await eventually(async () => {
      const accepted = (await readGateway(rig, ns, 'web'))?.status?.conditions?.find(({ type }) => type === 'Accepted');
      expect(accepted).toMatchObject({ status: 'False', reason: 'InvalidParameters' });
      expect(accepted?.message).toContain(`gatehouse.dev/LoadBalancerConfiguration ${ns}/weird${says}`);
    });
    await servesWhatIsNew();
  },
);

const routeSpecs: readonly [what: string, spec: unknown][] = [
  ['no spec', undefined],
  ['a text for a spec', 'x'],
  ['a text for its parentRefs', { parentRefs: 'web', rules: [] }],
  ['nothing in its parentRefs', { parentRefs: [null, {}, 7], rules: [null] }],
  ['a number for its rules', { parentRefs: [{ name: 'elsewhere' }], rules: 7, hostnames: 'x' }],
];

test.each(routeSpecs)('a route with %s keeps no other from being served', async (_, spec) => {
  const { ns } = neighbour;
  const poisoned: KubeObject = { ...httpRoute(ns, 'poisoned', [], []), spec };
  await rig.apply([poisoned]);
  await servesWhatIsNew();
  expect(await Promise.race([rig.gatehouse.ended, Promise.resolve('it runs')])).toBe('it runs');
  await rig.remove([poisoned]);
});

test.each<[string, Fields]>([
  ['a Gateway without listeners', { gatewayClassName: 'aws' }],
  ['a Gateway whose listeners are a text', { gatewayClassName: 'aws', listeners: 'http' }],
  ['a Gateway without a class', {}],
])('%s keeps no other from being served', async (_, spec) => {
  const ns = await rig.freshNamespace('poison');
  const poisoned: KubeObject = { ...gateway(ns, 'poisoned'), spec };
  await rig.apply([poisoned, gateway(ns, 'web')]);
  await programmed(rig, gateway(ns, 'web'));
  await servesWhatIsNew();
  expect(await Promise.race([rig.gatehouse.ended, Promise.resolve('it runs')])).toBe('it runs');
});

test('after a restart among all of these it serves as before', async () => {
  const { ns, rule } = neighbour;
  const poisoned = routeSpecs.map(
    ([, spec], index): KubeObject => ({ ...httpRoute(ns, `poisoned-${index}`, [], []), spec }),
  );
  await rig.apply(poisoned);
  await rig.restart();
  await servesWhatIsNew();
  expect(rulesOf(rig, `${ns}/web`)).toEqual([rule]);
});
