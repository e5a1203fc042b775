// Rules and target groups while routes change: as few calls as possible, and no request without an answer.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endpointSlice } from '../../localstack/environment.ts';
import { awsOf, rulesOf, targetsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { backendRef, gateway, httpRoute, service } from './support/objects.ts';
import { answerTo } from './support/requests.ts';
import { parentStatus, programmed, removeAndWait } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  // Long enough that a target group is seen before it is healthy.
  rig = await startRig({ aws: { healthSeconds: 4 } });
});
afterAll(() => rig.stop());

/** A rule that sends `/NAME` to the Service. Its name identifies it at any position in its route. */
const to = (name: string) => ({
  name,
  matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }],
  backendRefs: [backendRef(name)],
});

/** The ports of its nodes that admit the load balancers, as ranges. */
const admitted = () =>
  [...rig.aws.world().ec2.securityGroupRules.values()]
    .filter(({ groupId, tags }) => groupId === rig.seed.nodeSecurityGroupId && tags.has('gatehouse.dev/cluster'))
    .map(({ fromPort, toPort }) => [fromPort, toPort]);

/** The writes to AWS during `work` and its consequences, by action. */
async function writesDuring(work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  await untilQuiet(rig);
  rig.aws.calls.zero();
  await work();
  await untilQuiet(rig);
  const { byAction } = rig.aws.calls.counts();
  return Object.fromEntries(Object.entries(byAction).filter(([name]) => !/:(Describe|Get|List)/.test(name)));
}

test('a rule put in the middle, a deleted rule and a changed hostname cost one change each', async () => {
  const ns = await rig.freshNamespace('edit');
  const gw = `${ns}/gw`;
  for (const name of ['one', 'two', 'three', 'four']) await rig.backend(ns, name);
  // Each to its own Service, because rules that do the same may become one.
  const route = (...services: readonly string[]) =>
    httpRoute(ns, 'web', ['gw'], services.map(to), { hostnames: ['a.example.com'] });
  const other = (hostname: string) => httpRoute(ns, 'other', ['gw'], ['four'], { hostnames: [hostname] });
  await rig.apply([gateway(ns, 'gw'), other('other.example.com'), route('one', 'two', 'four')]);
  await programmed(rig, gateway(ns, 'gw'));
  await eventually(() => expect(rulesOf(rig, gw)).toHaveLength(4));

  const priorities = () => new Map(awsOf(rig, gw).listeners[0]?.rules.map(({ arn, priority }) => [arn, priority]));
  const before = priorities();
  const { 'elasticloadbalancing:CreateRule': created, ...rest } = await writesDuring(() =>
    rig.apply([route('one', 'two', 'three', 'four')]),
  );
  expect(created).toBe(1);
  expect(Object.keys(rest).filter((name) => /Rule|Listener|LoadBalancer/.test(name))).toEqual([]);
  for (const [arn, priority] of before) expect(priorities().get(arn)).toBe(priority);
  expect(answerTo(rig, gw, 'a.example.com/three')).toBe(`${ns}/three:80=1`);

  expect(await writesDuring(() => rig.apply([route('one', 'three', 'four')]))).toEqual({
    'elasticloadbalancing:DeleteRule': 1,
  });
  expect(await writesDuring(() => rig.apply([other('new.example.com')]))).toEqual({
    'elasticloadbalancing:ModifyRule': 1,
    // ModifyRule takes no tags.
    'elasticloadbalancing:AddTags': 1,
  });
  expect(answerTo(rig, gw, 'new.example.com/')).toBe(`${ns}/four:80=1`);
  expect(answerTo(rig, gw, 'other.example.com/')).toBe('answer 404');
});

test('a backend that replaces another joins with weight 0, and takes over when it is healthy', async () => {
  const ns = await rig.freshNamespace('swap');
  const gw = `${ns}/gw`;
  await rig.backend(ns, 'old');
  await rig.backend(ns, 'new');
  await rig.apply([gateway(ns, 'gw'), httpRoute(ns, 'web', ['gw'], ['old'])]);
  await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe(`${ns}/old:80=1`));
  await untilQuiet(rig);

  const seen: string[] = [];
  await rig.apply([httpRoute(ns, 'web', ['gw'], ['new'])]);
  await eventually(() => {
    const answer = answerTo(rig, gw, 'any.example.com/');
    if (answer !== seen.at(-1)) seen.push(answer);
    expect(answer).toBe(`${ns}/new:80=1`);
  });
  expect(seen).toEqual([`${ns}/old:80=1`, `${ns}/old:80=1 ${ns}/new:80=0`, `${ns}/new:80=1`].slice(-seen.length));
  expect(seen).toContain(`${ns}/old:80=1 ${ns}/new:80=0`);
  // Requests may still run, so the old group stays for a while, with its targets, before it is deleted.
  expect(awsOf(rig, gw).targetGroups.map(({ name }) => name)).toEqual([`${ns}/new:80`, `${ns}/old:80`]);
  expect(targetsOf(rig, gw, 'old:80')).toHaveLength(2);
});

test('while the old backend still serves, its pods are admitted and kept up to date', async () => {
  const ns = await rig.freshNamespace('port');
  const gw = `${ns}/gw`;
  const pods = (name: string, addresses: readonly string[], port: number) => [
    service(ns, name, { ports: [{ name: 'http', port: 80, targetPort: port }] }),
    endpointSlice(ns, name, addresses, port, { portName: 'http' }),
  ];
  await rig.apply([
    gateway(ns, 'gw'),
    ...pods('old', ['10.0.48.201', '10.0.64.201'], 7001),
    ...pods('new', ['10.0.48.202'], 9001),
    httpRoute(ns, 'web', ['gw'], ['old']),
  ]);
  await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe(`${ns}/old:80=1`));
  await eventually(() => expect(targetsOf(rig, gw, 'old:80')).toHaveLength(2));
  await untilQuiet(rig);
  await rig.apply([httpRoute(ns, 'web', ['gw'], ['new'])]);
  await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe(`${ns}/old:80=1 ${ns}/new:80=0`));
  await rig.apply(pods('old', ['10.0.48.201', '10.0.64.203'], 7001));
  await eventually(() => expect(targetsOf(rig, gw, 'old:80')).toEqual(['10.0.48.201:7001', '10.0.64.203:7001']));
  await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe(`${ns}/new:80=1`));
  expect(admitted()).toEqual(
    expect.arrayContaining([
      [7001, 7001],
      [9001, 9001],
    ]),
  );
});

test('a deleted route takes its rules with it, and its Gateway goes on', async () => {
  const ns = await rig.freshNamespace('delete');
  const gw = `${ns}/gw`;
  await rig.backend(ns, 'web');
  await rig.backend(ns, 'other');
  const gone = httpRoute(ns, 'gone', ['gw'], [to('other')]);
  await rig.apply([gateway(ns, 'gw'), gone, httpRoute(ns, 'stays', ['gw'], [to('web')])]);
  await eventually(() => expect(rulesOf(rig, gw)).toHaveLength(2));
  await removeAndWait(rig, gone);
  await eventually(() => expect(rulesOf(rig, gw)).toHaveLength(1));
  expect(answerTo(rig, gw, 'any.example.com/web')).toBe(`${ns}/web:80=1`);
  expect(await parentStatus(rig, ns, 'stays', 'gw')).toBeDefined();
});
