// Listeners that application teams add to a Gateway.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get } from '../../localstack/cluster/apply.ts';
import type { ListenerSet } from '../../src/api/gateway-api.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, gatewayClass, http, httpRoute, https, listenerSet, referenceGrant } from './support/objects.ts';
import { readGateway, readRoute, removeAndWait, said, waitForCondition } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const open = { allowedListeners: { namespaces: { from: 'Same' } } };

const statusOf = async (ns: string, name: string): Promise<ListenerSet['status']> => {
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${ns}/listenersets/${name}`;
  return (await get<ListenerSet>(rig.cluster.admin, path))?.status;
};

const conditions = async (ns: string, name: string): Promise<readonly string[]> =>
  said((await statusOf(ns, name))?.conditions);

const entry = async (ns: string, name: string, listener: string): Promise<readonly string[]> =>
  said((await statusOf(ns, name))?.listeners?.find((each) => each.name === listener)?.conditions);

const ports = (ns: string): readonly number[] => awsOf(rig, `${ns}/gw`).listeners.map(({ listener }) => listener.port);

test('a ListenerSet adds a listener that routes attach to, and takes it along when it goes', async () => {
  const ns = await rig.freshNamespace('adds');
  await rig.backend(ns, 'web');
  const set = listenerSet(ns, 'more', 'gw', [http({ name: 'more', port: 8080 })]);
  const route = httpRoute(ns, 'route', [{ kind: 'ListenerSet', name: 'more' }], ['web']);
  await rig.apply([gateway(ns, 'gw', [http()], open), set, route]);
  await waitForCondition(rig, route, 'Accepted', 'True', 'Accepted');
  await eventually(async () => {
    expect(await conditions(ns, 'more')).toEqual(['Accepted=True/Accepted', 'Programmed=True/Programmed']);
    expect(ports(ns)).toEqual([80, 8080]);
  });
  expect((await readGateway(rig, ns, 'gw'))?.status?.attachedListenerSets).toBe(1);

  await rig.remove([set]);
  await eventually(async () => {
    expect(ports(ns)).toEqual([80]);
    expect((await readRoute(rig, ns, 'route'))?.status?.parents).toEqual([]);
    expect((await readGateway(rig, ns, 'gw'))?.status?.attachedListenerSets).toBe(0);
  });
});

test('a ListenerSet whose Gateway goes says so', async () => {
  const ns = await rig.freshNamespace('orphan');
  const parent = gateway(ns, 'gw', [http()], open);
  await rig.apply([parent, listenerSet(ns, 'more', 'gw', [http({ name: 'more', port: 8080 })])]);
  await eventually(async () => expect(await conditions(ns, 'more')).toContain('Programmed=True/Programmed'));
  await rig.remove([parent]);
  await eventually(async () =>
    expect(await conditions(ns, 'more')).toEqual([
      'Accepted=False/ParentNotAccepted',
      'Programmed=False/ParentNotProgrammed',
    ]),
  );
});

test('a ListenerSet that is not allowed adds nothing', async () => {
  const ns = await rig.freshNamespace('refused');
  const set = listenerSet(ns, 'more', 'gw', [http({ name: 'more', port: 8080 })]);
  const parent = gateway(ns, 'gw');
  await rig.apply([parent, set]);
  await waitForCondition(rig, parent, 'Programmed', 'True', 'Programmed');
  expect(await conditions(ns, 'more')).toEqual(['Accepted=False/NotAllowed', 'Programmed=False/NotAllowed']);
  expect(ports(ns)).toEqual([80]);
});

test('a listener that an older ListenerSet has already loses until that goes, and the others serve', async () => {
  const ns = await rig.freshNamespace('conflicts');
  const older = listenerSet(ns, 'z-older', 'gw', [http({ hostname: 'a.example.com' })]);
  const younger = listenerSet(ns, 'a-younger', 'gw', [
    http({ name: 'same', hostname: 'a.example.com' }),
    http({ name: 'free', hostname: 'b.example.com' }),
  ]);
  await rig.apply([gateway(ns, 'gw', [http()], open), older]);
  await eventually(async () => expect(await conditions(ns, 'z-older')).toContain('Programmed=True/Programmed'));
  // A creationTimestamp has whole seconds.
  await sleep(1100);
  await rig.apply([younger]);
  await eventually(async () =>
    expect(await conditions(ns, 'a-younger')).toEqual([
      'Accepted=True/ListenersNotValid',
      'Programmed=True/Programmed',
    ]),
  );
  expect(await entry(ns, 'a-younger', 'same')).toContain('Conflicted=True/HostnameConflict');
  expect((await readGateway(rig, ns, 'gw'))?.status?.attachedListenerSets).toBe(2);
  await rig.remove([older]);
  await eventually(async () => expect(await conditions(ns, 'a-younger')).toContain('Accepted=True/Accepted'));
});

test('a ListenerSet needs a grant of its own for a Secret elsewhere, and its certificate goes with it', async () => {
  const ns = await rig.freshNamespace('granting');
  const certs = await rig.freshNamespace('certs');
  const toSecrets = { group: '', kind: 'Secret' };
  const tls = { certificateRefs: [{ name: 'cert', namespace: certs }] };
  const set = listenerSet(ns, 'more', 'gw', [https([], { hostname: 'team.example.com', tls })]);
  const imported = () =>
    [...rig.aws.world().acm.certificates.values()].filter(
      ({ tags }) => tags.get('gatehouse.dev/resource') === `certificate/${certs}/cert`,
    );
  await rig.apply([
    await tlsSecret(certs, 'cert', ['team.example.com']),
    referenceGrant(certs, ns, 'Gateway', toSecrets),
    gateway(ns, 'gw', [http()], open),
    set,
  ]);
  await eventually(async () =>
    expect(await entry(ns, 'more', 'https')).toContain('ResolvedRefs=False/RefNotPermitted'),
  );
  await rig.apply([referenceGrant(certs, ns, 'ListenerSet', toSecrets)]);
  await eventually(async () => expect(await conditions(ns, 'more')).toContain('Programmed=True/Programmed'));
  expect(ports(ns)).toEqual([80, 443]);
  expect(imported()).toHaveLength(1);
  await rig.remove([set]);
  await eventually(() => expect(ports(ns)).toEqual([80]));
  await eventually(() => expect(imported()).toEqual([]));
});

test('a ListenerSet that leaves its Gateway serves on the next one, and says so when it names none', async () => {
  const ns = await rig.freshNamespace('leaving');
  const parent = gateway(ns, 'gw', [http()], open);
  const set = (name: string) => listenerSet(ns, 'more', name, [http({ name: 'more', port: 8080 })]);
  const parents = async () => (await readRoute(rig, ns, 'route'))?.status?.parents ?? [];
  await rig.backend(ns, 'web');
  const route = httpRoute(ns, 'route', [{ kind: 'ListenerSet', name: 'more' }], ['web']);
  await rig.apply([gateway(ns, 'first', [http()], open), parent, set('first'), route]);
  await eventually(async () => expect(await conditions(ns, 'more')).toContain('Programmed=True/Programmed'));
  await rig.apply([set('gw')]);
  await eventually(() => expect(ports(ns)).toEqual([80, 8080]));
  await removeAndWait(rig, gateway(ns, 'first'));
  await eventually(async () => expect(await conditions(ns, 'more')).toContain('Programmed=True/Programmed'));
  expect(await parents()).toHaveLength(1);
  await rig.apply([set('nowhere')]);
  await eventually(() => expect(ports(ns)).toEqual([80]));
  await eventually(async () => expect(await conditions(ns, 'more')).toContain('Accepted=False/ParentNotAccepted'));
  await eventually(async () => expect(await parents()).toEqual([]));
});

test("a ListenerSet that moves to another controller's Gateway is left to that, with its routes", async () => {
  const ns = await rig.freshNamespace('theirs');
  const set = (name: string) => listenerSet(ns, 'more', name, [http({ name: 'more', port: 8080 })]);
  await rig.backend(ns, 'web');
  const route = httpRoute(ns, 'route', [{ kind: 'ListenerSet', name: 'more' }], ['web']);
  await rig.apply([
    gatewayClass('not-ours', { controllerName: 'example.com/other' }),
    gateway(ns, 'gw', [http()], open),
    gateway(ns, 'theirs', [http()], { ...open, gatewayClassName: 'not-ours' }),
    set('gw'),
    route,
  ]);
  await waitForCondition(rig, route, 'Accepted', 'True', 'Accepted');
  await eventually(async () => expect(await conditions(ns, 'more')).toContain('Programmed=True/Programmed'));
  await rig.apply([set('theirs')]);
  await eventually(() => expect(ports(ns)).toEqual([80]));
  await eventually(async () => {
    expect((await readRoute(rig, ns, 'route'))?.status?.parents).toEqual([]);
    expect(await conditions(ns, 'more')).toEqual(['Accepted=Unknown/Pending', 'Programmed=Unknown/Pending']);
    expect((await statusOf(ns, 'more'))?.listeners).toEqual([]);
  });
});
