// Only what does not fit is left out: no route takes anything from another, and a route that grows too large keeps what it
// had, also after a restart of Gatehouse.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsOf, rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { backendRef, gateway, httpRoute } from './support/objects.ts';
import { answerTo } from './support/requests.ts';
import { programmed, readRoute } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const exact = (path: string) => ({ path: { type: 'Exact', value: path } });
const header = (value: string) => ({ headers: [{ name: 'x-rule', value }] });
const paths = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => exact(`/${prefix}/${index}`));

async function conditions(ns: string, name: string): Promise<readonly string[]> {
  const { status } = (await readRoute(rig, ns, name)) ?? {};
  return (status?.parents ?? []).flatMap(({ conditions: all = [] }) =>
    all.map(({ type, status: is, message, observedGeneration }) => `${observedGeneration} ${type}=${is}: ${message}`),
  );
}

/** A Gateway with an old route and two younger ones, all to the Service `good` but the last. */
async function shared(name: string) {
  const ns = await rig.freshNamespace(name);
  await rig.backend(ns, 'good');
  await rig.backend(ns, 'other');
  const route = (of: string, matches: readonly object[], backend = 'good', hostnames: readonly string[] = []) =>
    httpRoute(ns, of, ['web'], [{ matches, backendRefs: [backendRef(backend)] }], { hostnames });
  await rig.apply([
    gateway(ns, 'web'),
    route('old', [exact('/old')]),
    route('same', [exact('/same')]),
    route('young', [exact('/young')], 'other'),
  ]);
  await programmed(rig, gateway(ns, 'web'));
  await eventually(() => expect(answerTo(rig, `${ns}/web`, 'any/young')).toBe(`${ns}/other:80=1`));
  await untilQuiet(rig);
  return { ns, route, gw: `${ns}/web` };
}

/** The rules' content, by ARN and number. */
const standing = (gw: string) =>
  awsOf(rig, gw).listeners.flatMap(({ rules, words }) =>
    rules.map(({ arn, priority }, index) => [arn, priority, words[index]]),
  );

test('a route that grows beyond all bounds changes nothing in AWS, and says that its former state serves', async () => {
  const { ns, gw, route } = await shared('grows');
  const before = standing(gw);
  const hosts = Array.from({ length: 16 }, (_, index) => `h${index}.example.com`);
  await rig.apply([route('old', paths('x', 64), 'good', hosts)]);
  const reported = await eventually(async () => {
    const all = await conditions(ns, 'old');
    expect(all.join('\n')).toContain('PartiallyInvalid=True: Fall Back');
    return all;
  });
  expect(reported[0]).toBe('1 Accepted=True: The route is accepted as it was.');
  expect(reported.join('\n')).toContain('and this needs at least 171');
  await untilQuiet(rig);
  expect(standing(gw)).toEqual(before);
  expect(answerTo(rig, gw, 'any/old')).toBe(`${ns}/good:80=1`);

  await rig.restart();
  await rig.apply([route('late', [exact('/late')], 'other')]);
  await eventually(() => expect(answerTo(rig, gw, 'any/late')).toBe(`${ns}/other:80=1`));
  for (const path of ['old', 'same', 'young']) expect(answerTo(rig, gw, `any/${path}`)).not.toBe('answer 404');

  await rig.apply([route('old', [exact('/old'), exact('/older')])]);
  await eventually(() => expect(answerTo(rig, gw, 'any/older')).toBe(`${ns}/good:80=1`));
  await eventually(async () => expect((await conditions(ns, 'old')).join('\n')).not.toContain('Fall Back'));
});

test('a route that grows to all the rules there are takes none from the younger ones', async () => {
  const { ns, gw, route } = await shared('fills');
  const before = rulesOf(rig, gw);
  await rig.apply([
    route(
      'old',
      Array.from({ length: 64 }, (_, index) => header(`a-${index}`)),
    ),
  ]);
  await eventually(() => expect(rulesOf(rig, gw).length).toBeGreaterThan(60));
  await rig.apply([
    route(
      'more',
      Array.from({ length: 64 }, (_, index) => header(`b-${index}`)),
    ),
  ]);
  await eventually(async () =>
    expect((await conditions(ns, 'more')).join()).toContain('there is no room for this rule'),
  );
  await rig.apply([route('next', [header('next')], 'other')]);
  await eventually(async () => expect((await conditions(ns, 'next')).join()).toContain('is accepted'));
  await untilQuiet(rig);
  expect(answerTo(rig, gw, 'any/young')).toBe(`${ns}/other:80=1`);
  expect(answerTo(rig, gw, 'any/same')).toBe(`${ns}/good:80=1`);
  expect(answerTo(rig, gw, 'any/', { headers: { 'x-rule': 'next' } })).toBe(`${ns}/other:80=1`);
  expect(rulesOf(rig, gw).length).toBeGreaterThan(before.length);
});
