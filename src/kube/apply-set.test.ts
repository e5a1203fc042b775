import { expect, test } from 'vitest';
import { type ApplyPlan, applyObjects, type ObjectOutcome, planObjects, SPEC_ANNOTATION } from './apply-set.ts';
import type { Kind } from './kinds.ts';
import { type KubeObject, objectKey } from './object.ts';
import { MemoryClient, refusal } from './testing/memory-client.ts';

interface Thing extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
}

const { signal } = new AbortController();
const things: Kind<Thing> = { group: 'a.example', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
const others: Kind<Thing> = { ...things, plural: 'others', kind: 'Other' };
const kinds = [things, others];

const thing = (name: string, spec: Thing['spec'] = {}, kind = 'Thing'): Thing => ({
  apiVersion: 'a.example/v1',
  kind,
  metadata: { namespace: 'shop', name, labels: { ours: 'yes' } },
  spec,
});

const isOurs = ({ metadata }: KubeObject): boolean => metadata.labels?.['ours'] === 'yes';

async function existing(client: MemoryClient): Promise<readonly Thing[]> {
  const lists = await Promise.all(kinds.map((kind) => client.list(kind)));
  return lists.flatMap(({ items }) => items);
}

async function keep(client: MemoryClient, ...desired: readonly Thing[]): Promise<readonly ObjectOutcome[]> {
  const plan = planObjects({ desired, existing: (await existing(client)).filter(isOurs) });
  return await applyObjects(client, plan, { kinds, isOurs, signal });
}

const written = (client: MemoryClient): readonly string[] => client.actions.filter((each) => !each.startsWith('GET'));

test('missing objects are applied in the order of their kinds, and a second time nothing is written', async () => {
  const client = new MemoryClient();
  await keep(client, thing('b', {}, 'Other'), thing('a', { size: 1 }));
  expect(written(client)).toEqual(['PATCH things shop/a', 'PATCH others shop/b']);
  await keep(client, thing('b', {}, 'Other'), thing('a', { size: 1 }));
  expect(written(client)).toHaveLength(2);
});

test('objects that are no longer wanted are deleted, the last kinds first', async () => {
  const client = new MemoryClient();
  await keep(client, thing('a'), thing('b', {}, 'Other'), thing('c'));
  const outcomes = await keep(client, thing('c'));
  expect(outcomes.map(({ kind, object }) => `${kind} ${object.metadata.name}`)).toEqual(['pruned b', 'pruned a']);
  expect((await existing(client)).map(({ metadata }) => metadata.name)).toEqual(['c']);
});

const plan = (live: Thing['spec'], wanted: Thing['spec']): ApplyPlan => {
  const [{ object } = { object: thing('a') }] = planObjects({ desired: [thing('a', wanted)], existing: [] }).apply;
  return planObjects({ desired: [thing('a', wanted)], existing: [{ ...thing('a', live), metadata: object.metadata }] });
};

test.each([
  ['a default of the API server', { size: 1, color: 'red' }, { size: 1 }],
  ['an empty map that it leaves out', { size: 1 }, { size: 1, requests: {}, names: [] }],
  ['a default in a list', { parts: [{ name: 'a', size: 1 }] }, { parts: [{ name: 'a' }] }],
  ['an item that somebody added', { parts: [{ name: 'b' }, { name: 'a' }] }, { parts: [{ name: 'a' }] }],
])('%s is no difference', (_, live, wanted) => {
  expect(plan(live, wanted).apply).toEqual([]);
});

test.each([
  ['a changed value', { size: 2 }, { size: 1 }],
  ['a removed value', {}, { size: 1 }],
  ['a word more in a list of words', { args: ['a', 'b'] }, { args: ['a'] }],
  ['a removed item', { parts: [{ name: 'b' }] }, { parts: [{ name: 'a' }] }],
])('%s is put right', (_, live, wanted) => {
  expect(plan(live, wanted).apply).toHaveLength(1);
});

test('a field that is no longer wanted is noticed by the hash', async () => {
  const client = new MemoryClient();
  await keep(client, thing('a', { size: 1, color: 'red' }));
  const before = (await existing(client))[0]?.metadata.annotations?.[SPEC_ANNOTATION];
  const outcomes = await keep(client, thing('a', { size: 1 }));
  expect(outcomes.map(({ kind }) => kind)).toEqual(['applied']);
  expect((await existing(client))[0]?.metadata.annotations?.[SPEC_ANNOTATION]).not.toBe(before);
});

test('the order of names in an object is no difference', async () => {
  const client = new MemoryClient();
  await keep(client, thing('a', { size: 1, color: 'red' }));
  expect(await keep(client, thing('a', { color: 'red', size: 1 }))).toEqual([]);
});

test('an object that is being deleted is applied when it is gone', () => {
  const ending = { ...thing('a'), metadata: { ...thing('a').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(planObjects({ desired: [thing('a')], existing: [ending] })).toEqual({
    apply: [],
    prune: [],
    ending: [ending],
  });
  expect(planObjects({ desired: [], existing: [ending] })).toEqual({ apply: [], prune: [], ending: [] });
});

test('an object of somebody else with the same name stays as it is', async () => {
  const client = new MemoryClient();
  const foreign = { ...thing('a'), metadata: { namespace: 'shop', name: 'a' } };
  await client.create(things, foreign, signal);
  expect((await keep(client, thing('a', { size: 1 }))).map(({ kind }) => kind)).toEqual(['foreign']);
  expect(await client.get(things, objectKey(foreign.metadata), signal)).toMatchObject({ spec: {} });
});

test('an object that was made again since it was read is not changed', async () => {
  const client = new MemoryClient();
  await keep(client, thing('a', { size: 1 }));
  const old = await existing(client);
  await client.delete(things, objectKey(thing('a').metadata), signal);
  await keep(client, thing('a', { size: 1 }));
  const stale = planObjects({ desired: [thing('a', { size: 2 })], existing: old });
  const outcomes = await applyObjects(client, stale, { kinds, isOurs, signal });
  expect(outcomes).toMatchObject([{ kind: 'refused', action: 'apply', status: 409 }]);
});

test('a refusal has the words of the API server, and the other objects are written', async () => {
  const client = new MemoryClient();
  client.intercept = (action) => {
    if (action === 'PATCH things shop/a') throw refusal(403, 'Forbidden');
  };
  const outcomes = await keep(client, thing('a'), thing('b', {}, 'Other'));
  expect(outcomes).toMatchObject([
    { kind: 'refused', action: 'apply', status: 403, reason: 'Forbidden', detail: 'refused by the test' },
    { kind: 'applied', object: { metadata: { name: 'b' } } },
  ]);
});
