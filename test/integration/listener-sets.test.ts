// Listeners that application teams add to a Gateway.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get } from '../../localstack/cluster/apply.ts';
import type { ListenerSet } from '../../src/api/gateway-api.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, http, httpRoute, listenerSet } from './support/objects.ts';
import { readGateway, readRoute, said, waitForCondition } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const open = { allowedListeners: { namespaces: { from: 'Same' } } };

const conditions = async (ns: string, name: string): Promise<readonly string[]> => {
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${ns}/listenersets/${name}`;
  return said((await get<ListenerSet>(rig.cluster.admin, path))?.status?.conditions);
};

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
