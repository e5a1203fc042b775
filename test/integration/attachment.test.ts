// Which routes attach to which listeners, and what the statuses say about it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listener } from '../../src/api/gateway-api.ts';
import { leftOf, rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, http, httpRoute, namespace } from './support/objects.ts';
import { answerTo } from './support/requests.ts';
import {
  parentStatus,
  programmed,
  readGateway,
  readRoute,
  removeAndWait,
  routePath,
  said,
  waitForCondition,
} from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type AllowedRoutes = NonNullable<Listener['allowedRoutes']>;

const allowing = (namespaces: NonNullable<AllowedRoutes['namespaces']>): Listener =>
  http({ allowedRoutes: { namespaces } });

const listenerStatus = async (ns: string, name: string, listener: string) =>
  (await readGateway(rig, ns, name))?.status?.listeners?.find((status) => status.name === listener);

const attachedRoutes = async (ns: string, name: string) =>
  Object.fromEntries(
    ((await readGateway(rig, ns, name))?.status?.listeners ?? []).map((status) => [status.name, status.attachedRoutes]),
  );

const accepted = ['Accepted=True/Accepted', 'ResolvedRefs=True/ResolvedRefs'];

describe.concurrent('namespaces', () => {
  test('a route of another namespace attaches only where the listener allows all or selected namespaces', async () => {
    const ns = await rig.freshNamespace('owner');
    const team = await rig.freshNamespace('team', { may: 'attach' });
    await rig.backend(team, 'web');
    const selected = { from: 'Selector', selector: { matchLabels: { may: 'attach' } } } as const;
    await rig.apply([
      gateway(ns, 'same', [http()]),
      gateway(ns, 'all', [allowing({ from: 'All' })]),
      gateway(ns, 'chosen', [allowing(selected)]),
    ]);
    const to = (name: string) => ({ name, namespace: ns });
    const route = httpRoute(team, 'web', [to('same'), to('all'), to('chosen')], ['web']);
    await rig.apply([route]);
    await eventually(() => expect(answerTo(rig, `${ns}/all`, 'any.example.com/')).toBe(`${team}/web:80=1`));
    await eventually(() => expect(answerTo(rig, `${ns}/chosen`, 'any.example.com/')).toBe(`${team}/web:80=1`));
    await eventually(async () =>
      expect(said((await parentStatus(rig, team, 'web', 'same'))?.conditions)).toContain(
        'Accepted=False/NotAllowedByListeners',
      ),
    );
    expect(rulesOf(rig, `${ns}/same`)).toEqual([]);

    await rig.apply([namespace(team, { may: 'not' })]);
    await eventually(() => expect(rulesOf(rig, `${ns}/chosen`)).toEqual([]));
    await eventually(async () =>
      expect(said((await parentStatus(rig, team, 'web', 'chosen'))?.conditions)).toContain(
        'Accepted=False/NotAllowedByListeners',
      ),
    );
    await rig.apply([namespace(team, { may: 'attach' })]);
    await eventually(() => expect(rulesOf(rig, `${ns}/chosen`)).toHaveLength(1));
    expect(rulesOf(rig, `${ns}/all`)).toHaveLength(1);
  });
});

describe.concurrent('parents', () => {
  test('sectionName and port choose the listeners, and a parentRef without a listener says so in the status', async () => {
    const ns = await rig.freshNamespace('sections');
    for (const name of ['a', 'b', 'c']) await rig.backend(ns, name);
    await rig.apply([
      gateway(ns, 'gw', [http(), http({ name: 'other', port: 8080 }), http({ name: 'third', port: 9090 })]),
      httpRoute(ns, 'a', [{ name: 'gw', sectionName: 'http' }], ['a']),
      httpRoute(ns, 'b', [{ name: 'gw', port: 8080 }], ['b']),
      httpRoute(ns, 'c', ['gw'], ['c'], { hostnames: ['c.example.com'] }),
      httpRoute(ns, 'lost', [{ name: 'gw', sectionName: 'nope' }], ['a']),
      httpRoute(ns, 'mixed', [{ name: 'gw', sectionName: 'http', port: 8080 }], ['a']),
    ]);
    const gw = `${ns}/gw`;
    const ask = (port: number, host: string) => answerTo(rig, gw, `${host}/`, { port });
    await eventually(() => expect(ask(80, 'any.example.com')).toBe(`${ns}/a:80=1`));
    await eventually(() => expect(ask(8080, 'any.example.com')).toBe(`${ns}/b:80=1`));
    await eventually(() => expect(ask(9090, 'any.example.com')).toBe('answer 404'));
    for (const port of [80, 8080, 9090]) {
      await eventually(() => expect(ask(port, 'c.example.com')).toBe(`${ns}/c:80=1`));
    }
    for (const [route, sectionName] of [
      ['lost', 'nope'],
      ['mixed', 'http'],
    ] as const) {
      await eventually(async () =>
        expect(said((await parentStatus(rig, ns, route, 'gw', sectionName))?.conditions)).toContain(
          'Accepted=False/NoMatchingParent',
        ),
      );
    }
    await eventually(async () => expect(await attachedRoutes(ns, 'gw')).toEqual({ http: 2, other: 2, third: 1 }));
  });

  test('one route serves several Gateways, says so for each, and leaves the one that it detaches from', async () => {
    const ns = await rig.freshNamespace('several');
    await rig.backend(ns, 'web');
    await rig.apply([gateway(ns, 'one'), gateway(ns, 'two'), httpRoute(ns, 'web', ['one', 'two'], ['web'])]);
    for (const name of ['one', 'two']) {
      await eventually(() => expect(answerTo(rig, `${ns}/${name}`, 'any.example.com/')).toBe(`${ns}/web:80=1`));
      await eventually(async () =>
        expect(said((await parentStatus(rig, ns, 'web', name))?.conditions)).toEqual(accepted),
      );
    }
    await rig.apply([httpRoute(ns, 'web', ['two'], ['web'])]);
    await eventually(() => expect(rulesOf(rig, `${ns}/one`)).toEqual([]));
    await eventually(async () =>
      expect((await readRoute(rig, ns, 'web'))?.status?.parents?.map(({ parentRef }) => parentRef.name)).toEqual([
        'two',
      ]),
    );
    expect(rulesOf(rig, `${ns}/two`)).toHaveLength(1);
    await eventually(async () => expect(await attachedRoutes(ns, 'one')).toEqual({ http: 0 }));

    // The Gateway is deleted. Nothing of it stays, in AWS or in the route.
    await removeAndWait(rig, gateway(ns, 'two'));
    expect(leftOf(rig, `${ns}/two`)).toEqual([]);
    await eventually(async () => expect((await readRoute(rig, ns, 'web'))?.status?.parents ?? []).toEqual([]));
  });

  test('what another controller says of a route stays as it is', async () => {
    const ns = await rig.freshNamespace('foreign');
    await rig.backend(ns, 'web');
    const foreign = {
      parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'theirs' },
      controllerName: 'example.com/other',
      conditions: [
        {
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          message: 'Theirs',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    };
    const route = httpRoute(ns, 'web', ['theirs'], ['web']);
    await rig.apply([gateway(ns, 'gw'), route]);
    await rig.cluster.admin.request('PATCH', `${routePath(ns, 'web')}/status`, {
      contentType: 'application/merge-patch+json',
      body: { status: { parents: [foreign] } },
    });
    await rig.apply([httpRoute(ns, 'web', ['theirs', 'gw'], ['web'])]);
    await eventually(async () =>
      expect(said((await parentStatus(rig, ns, 'web', 'gw'))?.conditions)).toEqual(accepted),
    );
    expect(await parentStatus(rig, ns, 'web', 'theirs')).toEqual(foreign);
    await rig.apply([route]);
    await eventually(async () => expect((await readRoute(rig, ns, 'web'))?.status?.parents).toEqual([foreign]));
  });
});

describe.concurrent('listeners', () => {
  test("a request belongs to the listener whose hostname fits it best, and no other listener's route answers it", async () => {
    const ns = await rig.freshNamespace('isolation');
    for (const name of ['any', 'wild', 'exact']) await rig.backend(ns, name);
    await rig.apply([
      gateway(ns, 'gw', [
        http({ name: 'any' }),
        http({ name: 'wild', hostname: '*.example.com' }),
        http({ name: 'exact', hostname: 'www.example.com' }),
      ]),
      httpRoute(ns, 'any', [{ name: 'gw', sectionName: 'any' }], ['any']),
      httpRoute(ns, 'wild', [{ name: 'gw', sectionName: 'wild' }], ['wild']),
      httpRoute(
        ns,
        'exact',
        [{ name: 'gw', sectionName: 'exact' }],
        [{ matches: [{ path: { type: 'PathPrefix', value: '/in' } }], backendRefs: [{ name: 'exact', port: 80 }] }],
      ),
    ]);
    const ask = (url: string) => answerTo(rig, `${ns}/gw`, url);
    await eventually(() =>
      expect(['www.example.com/in', 'www.example.com/out', 'shop.example.com/out', 'example.org/in'].map(ask)).toEqual([
        `${ns}/exact:80=1`,
        'answer 404',
        `${ns}/wild:80=1`,
        `${ns}/any:80=1`,
      ]),
    );
  });

  test('a route serves only the hostnames that it shares with the listener', async () => {
    const ns = await rig.freshNamespace('intersection');
    await rig.backend(ns, 'web');
    await rig.apply([
      gateway(ns, 'gw', [http({ hostname: '*.example.com' })]),
      httpRoute(ns, 'some', ['gw'], ['web'], { hostnames: ['a.example.com', 'a.example.org'] }),
      httpRoute(ns, 'none', ['gw'], ['web'], { hostnames: ['example.org'] }),
    ]);
    const ask = (host: string) => answerTo(rig, `${ns}/gw`, `${host}/`);
    await eventually(() => expect(ask('a.example.com')).toBe(`${ns}/web:80=1`));
    expect([ask('a.example.org'), ask('example.org'), ask('b.example.com')]).toEqual(Array(3).fill('answer 404'));
    await eventually(async () =>
      expect(said((await parentStatus(rig, ns, 'none', 'gw'))?.conditions)).toContain(
        'Accepted=False/NoMatchingListenerHostname',
      ),
    );
    await eventually(async () => expect(await attachedRoutes(ns, 'gw')).toEqual({ http: 1 }));
  });

  test('a listener says which kinds it supports, and which of the allowed ones it does not', async () => {
    const ns = await rig.freshNamespace('kinds');
    await rig.apply([
      gateway(ns, 'gw', [
        http({ allowedRoutes: { kinds: [{ kind: 'HTTPRoute' }, { kind: 'GRPCRoute' }] } }),
        http({ name: 'plain', port: 8080 }),
      ]),
    ]);
    await eventually(async () =>
      expect(said((await listenerStatus(ns, 'gw', 'http'))?.conditions)).toContain(
        'ResolvedRefs=False/InvalidRouteKinds',
      ),
    );
    const kinds = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }];
    expect((await listenerStatus(ns, 'gw', 'http'))?.supportedKinds).toEqual(kinds);
    expect((await listenerStatus(ns, 'gw', 'plain'))?.supportedKinds).toEqual(kinds);
  });

  test('a listener of a protocol that can not be served says so, and the others are served', async () => {
    const ns = await rig.freshNamespace('protocol');
    await rig.backend(ns, 'web');
    const object = gateway(ns, 'gw', [
      http(),
      http({ name: 'own', port: 5432, protocol: 'example.com/own' }),
      http({ name: 'a', port: 8080, hostname: 'a.example.com' }),
    ]);
    await rig.apply([object, httpRoute(ns, 'web', ['gw'], ['web'])]);
    await waitForCondition(rig, object, 'Accepted', 'True', 'ListenersNotValid');
    await waitForCondition(rig, object, 'Programmed', 'True', 'Programmed');
    await eventually(async () =>
      expect(said((await listenerStatus(ns, 'gw', 'own'))?.conditions)).toEqual([
        'Accepted=False/UnsupportedProtocol',
        'Conflicted=False/NoConflicts',
        'Programmed=False/Invalid',
        'ResolvedRefs=True/ResolvedRefs',
      ]),
    );
    expect((await listenerStatus(ns, 'gw', 'own'))?.supportedKinds).toEqual([]);
    expect(answerTo(rig, `${ns}/gw`, 'a.example.com/', { port: 8080 })).toBe(`${ns}/web:80=1`);
  });

  test('every condition is about the generation that the Gateway has now, also after its spec changed', async () => {
    const ns = await rig.freshNamespace('generation');
    await rig.apply([gateway(ns, 'gw')]);
    await programmed(rig, gateway(ns, 'gw'));
    await rig.apply([gateway(ns, 'gw', [http(), http({ name: 'more', port: 8080 })])]);
    await programmed(rig, gateway(ns, 'gw'));
    await eventually(async () => {
      const found = await readGateway(rig, ns, 'gw');
      const { conditions = [], listeners = [] } = found?.status ?? {};
      const all = [...conditions, ...listeners.flatMap((listener) => listener.conditions)];
      expect(listeners.map(({ name }) => name)).toEqual(['http', 'more']);
      expect(new Set(all.map(({ observedGeneration }) => observedGeneration))).toEqual(new Set([2]));
      expect(found?.metadata.generation).toBe(2);
    });
  });
});
