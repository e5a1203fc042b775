// A real Envoy filters the requests of single backends.
import { expect, test } from 'vitest';
import type { Forward, TopologyBackend } from '../../src/gateway/route-action.ts';
import { httpTopology, route, service } from '../../src/gateway/testing/sample.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

const backend = (name: string, index: number, more: Partial<TopologyBackend>): TopologyBackend => ({
  service: service(name),
  weight: 1,
  index,
  ...more,
});

const header = (name: string, value: string) => ({ set: [{ name, value }], add: [], remove: [] });
const prefix = (value: string) => ({ path: { kind: 'prefix' as const, value } });
const cors = {
  origins: [{ kind: 'any' as const }],
  credentials: false,
  methods: [],
  headers: [],
  exposed: [],
  maxAge: 5,
};

const rule: Forward = {
  kind: 'forward',
  rewrite: { hostname: 'rule.internal' },
  responseHeaders: header('x-rule', 'r'),
  backends: [
    backend('half', 0, { weight: 50, rewrite: prefix('/b'), requestHeaders: header('x-backend', 'half') }),
    backend('copied', 1, { weight: 20, cors, mirrors: [{ service: service('audit'), numerator: 1, denominator: 1 }] }),
    backend('moved', 2, {
      weight: 20,
      redirect: { hostname: 'other.com', statusCode: 307 },
      responseHeaders: header('x-backend', 'moved'),
    }),
    { weight: 10, index: 3 },
  ],
};

test('each backend has its share of the requests, with its own filters and those of the rule', async () => {
  let copies = 0;
  const matches = [{ path: { type: 'PathPrefix' as const, value: '/a' } }];
  const { ask } = await startModelledEnvoy(
    httpTopology([{ name: 'http' }], [route('web', [{ matches, action: rule }])]),
    {
      backends: {
        audit: (_, response) => {
          copies += 1;
          response.end();
        },
      },
    },
  );
  const counts: Record<string, number> = {};
  for (let request = 0; request < 600; request += 1) {
    const { status, headers, got } = await ask('/a/x', { headers: { origin: 'https://foo.com' } });
    const answer = {
      status,
      service: got?.service,
      path: got?.path,
      host: got?.headers.host,
      backend: got?.headers['x-backend'],
      rule: headers['x-rule'],
      of: headers['x-backend'],
      location: headers.location,
      cors: headers['access-control-allow-origin'],
    };
    const key = JSON.stringify(answer);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  const half = { status: 200, service: 'half', path: '/b/x', host: 'rule.internal', backend: 'half', rule: 'r' };
  const copied = {
    status: 200,
    service: 'copied',
    path: '/a/x',
    host: 'rule.internal',
    rule: 'r',
    cors: 'https://foo.com',
  };
  const moved = { status: 307, rule: 'r', of: 'moved', location: 'http://other.com/a/x' };
  const keys = [half, copied, moved, { status: 500 }].map((each) => JSON.stringify(each));
  expect(Object.keys(counts).toSorted()).toEqual(keys.toSorted());
  const parts = keys.map((key) => (counts[key] ?? 0) / 600);
  for (const [index, part] of [0.5, 0.2, 0.2, 0.1].entries())
    expect(Math.abs((parts[index] ?? 0) - part)).toBeLessThan(0.1);
  expect(copies).toBe(counts[keys[1] ?? '']);
});

test("a backend's CORS filter takes the place of the rule's", async () => {
  const foo = { ...cors, origins: [{ kind: 'host' as const, scheme: 'https' as const, host: 'foo.com' }] };
  const bar = { ...cors, origins: [{ kind: 'host' as const, scheme: 'https' as const, host: 'bar.com' }] };
  const action: Forward = { kind: 'forward', cors: foo, backends: [backend('app', 0, { cors: bar })] };
  const { ask } = await startModelledEnvoy(httpTopology([{ name: 'http' }], [route('web', [{ action }])]));
  const allowed = async (origin: string) =>
    (await ask('/', { headers: { origin } })).headers['access-control-allow-origin'];
  expect([await allowed('https://foo.com'), await allowed('https://bar.com')]).toEqual([undefined, 'https://bar.com']);
});
