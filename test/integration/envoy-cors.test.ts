// A real Envoy answers pages of other origins as a CORS filter says it.
import { expect, test } from 'vitest';
import type { Cors, CorsOrigin } from '../../src/gateway/route-action.ts';
import { httpTopology, route, service } from '../../src/gateway/testing/sample.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

const host = (value: string, port?: number): CorsOrigin => ({
  kind: 'host',
  scheme: 'https',
  host: value,
  ...(port !== undefined && { port }),
});

const ofRule = (name: string, cors: Partial<Cors>, method?: string) => ({
  matches: [{ path: { type: 'PathPrefix' as const, value: `/${name}` }, ...(method !== undefined && { method }) }],
  action: {
    kind: 'forward' as const,
    backends: [{ service: service('app'), weight: 1, index: 0 }],
    cors: { origins: [], credentials: false, methods: [], headers: [], exposed: [], maxAge: 5, ...cors },
  },
});

const start = async () => {
  let preflights = 0;
  const { ask } = await startModelledEnvoy(
    httpTopology(
      [{ name: 'http' }],
      [
        route('web', [
          ofRule('listed', {
            origins: [host('www.foo.com'), host('*.bar.com'), host('*', 8443)],
            credentials: true,
            methods: ['GET', 'PUT'],
            headers: ['x-one', 'x-two'],
            exposed: ['*', 'x-three'],
            maxAge: 3600,
          }),
          ofRule('any', { origins: [{ kind: 'any' }], methods: ['*'], headers: ['*'], exposed: ['*'] }),
          ofRule('nobody', {}),
          ofRule('put', { origins: [host('www.foo.com')], methods: ['PUT'] }, 'PUT'),
        ]),
      ],
    ),
    {
      backends: {
        app: ({ method }, response) => {
          if (method === 'OPTIONS') preflights += 1;
          response.setHeader('access-control-allow-origin', 'https://everyone.com');
          response.setHeader('access-control-allow-credentials', 'true');
          response.setHeader('x-three', '3').end();
        },
      },
    },
  );
  const asked = async (method: string, path: string, headers: Readonly<Record<string, string>>) => {
    const { status, headers: got } = await ask(path, { method, headers });
    const ofCors = Object.entries(got).filter(([name]) => name.startsWith('access-control-'));
    return [status, Object.fromEntries(ofCors.map(([name, value]) => [name.slice('access-control-'.length), value]))];
  };
  const preflight = (path: string, origin: string, more: Readonly<Record<string, string>> = {}) =>
    asked('OPTIONS', path, { origin, 'access-control-request-method': 'PUT', ...more });
  return { asked, preflight, preflights: () => preflights };
};

test('a preflight request is answered without the backend', async () => {
  const { preflight, preflights } = await start();
  expect(await preflight('/listed', 'https://www.foo.com')).toEqual([
    200,
    {
      'allow-origin': 'https://www.foo.com',
      'allow-credentials': 'true',
      'allow-methods': 'GET, PUT',
      'allow-headers': 'x-one, x-two',
      'expose-headers': 'x-three',
      'max-age': '3600',
    },
  ]);
  expect(await preflight('/any', 'http://evil.com:81', { 'access-control-request-headers': 'x-a, x-b' })).toEqual([
    200,
    {
      'allow-origin': 'http://evil.com:81',
      'allow-methods': 'PUT',
      'allow-headers': 'x-a, x-b',
      'expose-headers': '*',
      'max-age': '5',
    },
  ]);
  expect(await preflight('/any', 'http://evil.com')).toMatchObject([200, { 'allow-headers': '' }]);
  expect(preflights()).toBe(0);
});

/** Whether a page of the origin may read responses of `/listed`. */
const pages: Readonly<Record<string, boolean>> = {
  'https://www.foo.com': true,
  'http://www.foo.com': false,
  'https://www.foo.com:8080': false,
  'https://www.foo.com.evil.com': false,
  'https://wwwxfoo.com': false,
  'https://a.bar.com': true,
  'https://a.b.bar.com': true,
  'https://bar.com': false,
  'https://evilbar.com': false,
  'https://evil.com/.bar.com': false,
  'https://evil.com#.bar.com': false,
  'https://evil.com:443@a.bar.com': false,
  'https://a.bar.com:8080': false,
  'https://x.com:8443': true,
  'https://[::1]:8443': true,
  'https://x.com': false,
  'https://a:b@x.com:8443': false,
  null: false,
  '*': false,
};

test('only pages of the listed origins may read responses, whatever the backend says', async () => {
  const { asked, preflight, preflights } = await start();
  const allowed: Record<string, boolean> = {};
  for (const origin of Object.keys(pages)) {
    const [, headers] = await asked('GET', '/listed', { origin });
    const [status, before] = await preflight('/listed', origin);
    const may = Object.hasOwn(Object(headers), 'allow-origin');
    const mine = { 'allow-origin': origin, 'allow-credentials': 'true', 'expose-headers': 'x-three' };
    expect(headers).toEqual(may ? mine : {});
    expect([status, Object(before)['allow-origin']]).toEqual([200, may ? origin : undefined]);
    allowed[origin] = may;
  }
  expect(allowed).toEqual(pages);
  expect(preflights()).toBe(0);
});

test('without origins, no page of another origin may read responses', async () => {
  const { asked } = await start();
  expect(await asked('GET', '/nobody', { origin: 'https://www.foo.com' })).toEqual([200, {}]);
  expect(await asked('GET', '/nobody', {})).toEqual([200, {}]);
});

test('OPTIONS that is no preflight request goes to the backend', async () => {
  const { asked, preflights } = await start();
  expect(await asked('OPTIONS', '/any', {})).toEqual([200, {}]);
  expect(preflights()).toBe(1);
});

test('a rule that matches a method answers the preflight requests of this method', async () => {
  const { asked, preflight, preflights } = await start();
  const allowed = { 'allow-origin': 'https://www.foo.com', 'allow-methods': 'PUT' };
  expect(await preflight('/put', 'https://www.foo.com')).toMatchObject([200, allowed]);
  expect(await preflight('/put', 'https://evil.com')).toEqual([200, { 'allow-methods': 'PUT', 'max-age': '5' }]);
  const shared = { 'allow-origin': 'https://www.foo.com' };
  expect(await asked('PUT', '/put', { origin: 'https://www.foo.com' })).toEqual([200, shared]);
  for (const headers of [
    { 'access-control-request-method': 'PUT' },
    { 'access-control-request-method': 'PUT', origin: '' },
    { 'access-control-request-method': 'DELETE', origin: 'https://www.foo.com' },
    { origin: 'https://www.foo.com' },
  ])
    expect(await asked('OPTIONS', '/put', headers)).toEqual([404, {}]);
  expect(preflights()).toBe(0);
});
