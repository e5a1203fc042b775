// HTTPRoutes and their rules in AWS, and how the rules answer requests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listener } from '../../src/api/gateway-api.ts';
import { awsOf, rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { backendRef, gateway, http, httpRoute, referenceGrant } from './support/objects.ts';
import { answerTo } from './support/requests.ts';
import { parentStatus, readRoute, said, waitForCondition } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type Fields = Readonly<Record<string, unknown>>;

/** A namespace with Services of these names, and a Gateway `gw`. */
async function shop(name: string, services: readonly string[], listeners: readonly Listener[] = [http()]) {
  const ns = await rig.freshNamespace(name);
  for (const service of services) await rig.backend(ns, service);
  await rig.apply([gateway(ns, 'gw', listeners)]);
  return { ns, gw: `${ns}/gw` };
}

const to = (service: string, ...matches: readonly Fields[]): Fields => ({
  matches,
  backendRefs: [backendRef(service)],
});
const exact = (value: string): Fields => ({ path: { type: 'Exact', value } });
const prefix = (value: string): Fields => ({ path: { type: 'PathPrefix', value } });
const regex = (value: string): Fields => ({ path: { type: 'RegularExpression', value } });

const redirect = (path: string, requestRedirect: Fields): Fields => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
});
const rewrite = (path: string, urlRewrite: Fields): Fields => ({
  matches: [prefix(path)],
  filters: [{ type: 'URLRewrite', urlRewrite }],
  backendRefs: [backendRef('web')],
});

describe.concurrent('matches', () => {
  test('paths match exactly, by prefix and by regular expression, the most specific one first', async () => {
    const { ns, gw } = await shop('paths', ['root', 'api', 'deep', 'one', 'odd']);
    const rules = [
      to('root', prefix('/')),
      to('api', prefix('/api')),
      to('deep', prefix('/api/v1/')),
      to('one', exact('/api/v1')),
      to('odd', regex('^/item/[0-9]+$')),
    ];
    await rig.apply([httpRoute(ns, 'web', ['gw'], rules)]);
    await eventually(() => expect(rulesOf(rig, gw).length).toBe(5));
    const ask = (path: string) => answerTo(rig, gw, `any.example.com${path}`);
    expect(ask('/')).toBe(`${ns}/root:80=1`);
    expect(ask('/apiary')).toBe(`${ns}/root:80=1`);
    expect(ask('/api')).toBe(`${ns}/api:80=1`);
    expect(ask('/api/')).toBe(`${ns}/api:80=1`);
    expect(ask('/api/v2')).toBe(`${ns}/api:80=1`);
    expect(ask('/api/v1')).toBe(`${ns}/one:80=1`);
    expect(ask('/api/v1/x')).toBe(`${ns}/deep:80=1`);
    expect(ask('/item/17')).toBe(`${ns}/odd:80=1`);
    expect(ask('/item/x')).toBe(`${ns}/root:80=1`);
    expect(ask('/API')).toBe(`${ns}/root:80=1`);
  });

  test('headers, query parameters and methods narrow a path down', async () => {
    const { ns, gw } = await shop('narrow', ['web', 'beta', 'debug', 'writes', 'mobile']);
    await rig.apply([
      httpRoute(
        ns,
        'web',
        ['gw'],
        [
          to('web', prefix('/')),
          to('beta', { ...prefix('/'), headers: [{ name: 'X-Beta', value: 'yes' }] }),
          to('mobile', {
            ...prefix('/'),
            headers: [{ type: 'RegularExpression', name: 'user-agent', value: '.*(Android|iPhone).*' }],
          }),
          to('debug', { ...prefix('/'), queryParams: [{ name: 'debug', value: '1' }] }),
          to('writes', { ...prefix('/'), method: 'POST' }),
        ],
      ),
    ]);
    await eventually(() => expect(rulesOf(rig, gw).length).toBe(5));
    const ask = (url: string, options = {}) => answerTo(rig, gw, `any.example.com${url}`, options);
    expect(ask('/')).toBe(`${ns}/web:80=1`);
    expect(ask('/', { headers: { 'x-beta': 'yes' } })).toBe(`${ns}/beta:80=1`);
    expect(ask('/', { headers: { 'x-beta': 'yes!' } })).toBe(`${ns}/web:80=1`);
    expect(ask('/', { headers: { 'User-Agent': 'an iPhone 20' } })).toBe(`${ns}/mobile:80=1`);
    expect(ask('/?debug=1')).toBe(`${ns}/debug:80=1`);
    expect(ask('/?debug=10')).toBe(`${ns}/web:80=1`);
    expect(ask('/', { method: 'POST' })).toBe(`${ns}/writes:80=1`);
    // The Gateway API's order: method before headers before query parameters.
    expect(ask('/?debug=1', { method: 'POST', headers: { 'x-beta': 'yes' } })).toBe(`${ns}/writes:80=1`);
    expect(ask('/?debug=1', { headers: { 'x-beta': 'yes' } })).toBe(`${ns}/beta:80=1`);
  });

  test('hostnames match whatever the port in the Host header and its case, exact ones before wildcards', async () => {
    const { ns, gw } = await shop('hosts', ['exact', 'wild', 'wilder', 'any']);
    await rig.apply([
      httpRoute(ns, 'any', ['gw'], ['any']),
      httpRoute(ns, 'wilder', ['gw'], ['wilder'], { hostnames: ['*.example.com'] }),
      httpRoute(ns, 'wild', ['gw'], ['wild'], { hostnames: ['*.eu.example.com'] }),
      httpRoute(ns, 'exact', ['gw'], ['exact'], { hostnames: ['www.eu.example.com'] }),
    ]);
    await eventually(() => expect(rulesOf(rig, gw).length).toBe(4));
    const ask = (host: string) => answerTo(rig, gw, `${host}/`);
    expect(ask('www.eu.example.com')).toBe(`${ns}/exact:80=1`);
    expect(ask('WWW.EU.example.com:8080')).toBe(`${ns}/exact:80=1`);
    expect(ask('shop.eu.example.com:80')).toBe(`${ns}/wild:80=1`);
    expect(ask('a.b.eu.example.com')).toBe(`${ns}/wild:80=1`);
    expect(ask('shop.example.com')).toBe(`${ns}/wilder:80=1`);
    expect(ask('example.com')).toBe(`${ns}/any:80=1`);
    expect(ask('10.0.0.1')).toBe(`${ns}/any:80=1`);
  });

  test('of two routes that say the same, the older one answers; where one is more specific, that one does', async () => {
    const { ns, gw } = await shop('two', ['older', 'newer', 'long']);
    // Kubernetes dates creations in whole seconds; with the same one, the name decides.
    await rig.apply([httpRoute(ns, 'a-older', ['gw'], [to('older', prefix('/shop'))])]);
    await rig.apply([
      httpRoute(ns, 'b-newer', ['gw'], [to('newer', prefix('/shop')), to('long', prefix('/shop/cart'))]),
    ]);
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/shop/cart')).toBe(`${ns}/long:80=1`));
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/shop')).toBe(`${ns}/older:80=1`));
  });
});

describe.concurrent('backends', () => {
  test('weights share the traffic, and a weight of 0 gets none', async () => {
    const { ns, gw } = await shop('weights', ['stable', 'canary', 'off']);
    const backendRefs = [
      backendRef('stable', { weight: 90 }),
      backendRef('canary', { weight: 10 }),
      backendRef('off', { weight: 0 }),
    ];
    await rig.apply([httpRoute(ns, 'web', ['gw'], [{ backendRefs }])]);
    await eventually(() =>
      expect(answerTo(rig, gw, 'any.example.com/')).toBe(`${ns}/stable:80=90 ${ns}/canary:80=10 ${ns}/off:80=0`),
    );
  });

  test('a rule whose backends are all invalid, absent or without weight answers 500, and the others serve', async () => {
    const { ns, gw } = await shop('invalid', ['web']);
    const route = httpRoute(
      ns,
      'web',
      ['gw'],
      [
        to('web', prefix('/ok')),
        to('missing', prefix('/missing')),
        { matches: [prefix('/none')] },
        { matches: [prefix('/zero')], backendRefs: [backendRef('web', { weight: 0 })] },
        { matches: [prefix('/port')], backendRefs: [backendRef('web', { port: 81 })] },
        { matches: [prefix('/kind')], backendRefs: [{ group: 'example.com', kind: 'Bucket', name: 'web' }] },
      ],
    );
    await rig.apply([route]);
    const ask = (path: string) => answerTo(rig, gw, `any.example.com${path}`);
    await eventually(() => expect(ask('/ok')).toBe(`${ns}/web:80=1`));
    for (const path of ['/missing', '/none', '/zero', '/port', '/kind']) expect(ask(path)).toBe('answer 500');
    await waitForCondition(rig, route, 'ResolvedRefs', 'False');
    await waitForCondition(rig, route, 'Accepted', 'True', 'Accepted');
  });

  test('a missing Service that is made later gets its traffic then', async () => {
    const { ns, gw } = await shop('later', []);
    const route = httpRoute(ns, 'web', ['gw'], ['web']);
    await rig.apply([route]);
    await waitForCondition(rig, route, 'ResolvedRefs', 'False', 'BackendNotFound');
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe('answer 500'));
    await rig.backend(ns, 'web');
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe(`${ns}/web:80=1`));
    await waitForCondition(rig, route, 'ResolvedRefs', 'True', 'ResolvedRefs');
  });

  test('a Service of another namespace is used only while a ReferenceGrant there allows it', async () => {
    const { ns, gw } = await shop('grant', []);
    const other = await rig.freshNamespace('grant-other');
    await rig.backend(other, 'web');
    const route = httpRoute(ns, 'web', ['gw'], [{ backendRefs: [backendRef('web', { namespace: other })] }]);
    await rig.apply([route]);
    await waitForCondition(rig, route, 'ResolvedRefs', 'False', 'RefNotPermitted');
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe('answer 500'));
    const grant = referenceGrant(other, ns);
    await rig.apply([grant]);
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe(`${other}/web:80=1`));
    await waitForCondition(rig, route, 'ResolvedRefs', 'True');
    await rig.remove([grant]);
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/')).toBe('answer 500'));
    await waitForCondition(rig, route, 'ResolvedRefs', 'False', 'RefNotPermitted');
  });

  test('routes that point to the same Service port share one target group', async () => {
    const { ns, gw } = await shop('shared', ['web']);
    await rig.apply([
      httpRoute(ns, 'a', ['gw'], ['web'], { hostnames: ['a.example.com'] }),
      httpRoute(ns, 'b', ['gw'], [to('web', prefix('/b'))], { hostnames: ['b.example.com'] }),
    ]);
    await eventually(() => expect(rulesOf(rig, gw).length).toBe(2));
    expect(awsOf(rig, gw).targetGroups.map(({ name }) => name)).toEqual([`${ns}/web:80`]);
  });
});

describe.concurrent('filters', () => {
  test('redirects answer with the scheme, host, port, path and status of the filter', async () => {
    const { ns, gw } = await shop('redirects', []);
    await rig.apply([
      httpRoute(
        ns,
        'web',
        ['gw'],
        [
          redirect('/https', { scheme: 'https', statusCode: 301 }),
          redirect('/host', { hostname: 'new.example.com' }),
          redirect('/port', { port: 8443 }),
          redirect('/full', { path: { type: 'ReplaceFullPath', replaceFullPath: '/there' } }),
        ],
      ),
    ]);
    await eventually(() => expect(rulesOf(rig, gw).length).toBe(4));
    const ask = (path: string) => answerTo(rig, gw, `any.example.com${path}`);
    expect(ask('/https')).toBe('redirect 301 HTTPS://#{host}:443/#{path}?#{query}');
    expect(ask('/host')).toBe('redirect 302 #{protocol}://new.example.com:#{port}/#{path}?#{query}');
    expect(ask('/port')).toBe('redirect 302 #{protocol}://#{host}:8443/#{path}?#{query}');
    expect(ask('/full')).toBe('redirect 302 #{protocol}://#{host}:#{port}/there?#{query}');
  });

  test('rewrites change the host and the path before the Service sees them', async () => {
    const { ns, gw } = await shop('rewrites', ['web']);
    await rig.apply([
      httpRoute(
        ns,
        'web',
        ['gw'],
        [
          rewrite('/host', { hostname: 'inner.example.com' }),
          rewrite('/full', { path: { type: 'ReplaceFullPath', replaceFullPath: '/one' } }),
          rewrite('/prefix', { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/other' } }),
          rewrite('/strip', { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } }),
        ],
      ),
    ]);
    await eventually(() => expect(rulesOf(rig, gw).length).toBe(4));
    const ask = (path: string) => answerTo(rig, gw, `any.example.com${path}`);
    expect(ask('/host')).toBe(`rewrite host ^.*$ to inner.example.com; ${ns}/web:80=1`);
    expect(ask('/full')).toBe(`rewrite url ^[^?]* to /one; ${ns}/web:80=1`);
    expect(ask('/prefix')).toBe(`rewrite url ^/prefix to /other; ${ns}/web:80=1`);
    expect(ask('/strip')).toBe(`rewrite url ^/strip/? to /; ${ns}/web:80=1`);
  });

  test('a rule whose filter no load balancer has is answered 500, and the rest of the route serves', async () => {
    const { ns, gw } = await shop('partly', ['web']);
    const mirror = { type: 'RequestMirror', requestMirror: { backendRef: backendRef('web') } };
    await rig.apply([
      httpRoute(
        ns,
        'web',
        ['gw'],
        [
          to('web', prefix('/ok')),
          { matches: [prefix('/mirror')], filters: [mirror], backendRefs: [backendRef('web')] },
        ],
      ),
      httpRoute(ns, 'none', ['gw'], [{ filters: [mirror], backendRefs: [backendRef('web')] }]),
    ]);
    await eventually(() => expect(answerTo(rig, gw, 'any.example.com/ok')).toBe(`${ns}/web:80=1`));
    await eventually(async () =>
      expect(said((await parentStatus(rig, ns, 'web', 'gw'))?.conditions)).toEqual([
        'Accepted=True/Accepted',
        'PartiallyInvalid=True/UnsupportedValue',
        'ResolvedRefs=True/ResolvedRefs',
      ]),
    );
    await eventually(async () =>
      expect(said((await parentStatus(rig, ns, 'none', 'gw'))?.conditions)).toEqual([
        'Accepted=False/UnsupportedValue',
        'ResolvedRefs=True/ResolvedRefs',
      ]),
    );
    expect(answerTo(rig, gw, 'any.example.com/mirror')).toBe('answer 500');
    expect(answerTo(rig, gw, 'any.example.com/')).toBe('answer 500');
    const conditions = (await readRoute(rig, ns, 'web'))?.status?.parents?.[0]?.conditions ?? [];
    expect(conditions.find(({ type }) => type === 'PartiallyInvalid')?.message).toContain('spec.rules[1]');
  });
});
