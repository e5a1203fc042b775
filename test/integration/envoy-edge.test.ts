// A real Envoy with the model, and clients that mean no good.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, type Duration, durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { type Resource, resource, type Snapshot } from '../../src/envoy/snapshot.ts';
import { ListenerSchema } from '../../src/envoy/xds/envoy/config/listener/v3/listener_pb.ts';
import { HttpConnectionManagerSchema } from '../../src/envoy/xds/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { RouteAction } from '../../src/gateway/route-action.ts';
import { forwardTo, httpTopology, type RuleSketch, route, service } from '../../src/gateway/testing/sample.ts';
import type { RequestMatch } from '../../src/gateway/topology.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

const match = (value: string): readonly Partial<RequestMatch>[] => [{ path: { type: 'PathPrefix', value } }];
const rules: readonly RuleSketch[] = [
  { matches: match('/'), action: forwardTo('public') },
  { matches: match('/admin'), action: forwardTo('admin') },
];
const http = (more: readonly RuleSketch[] = []) =>
  httpTopology([{ name: 'http' }], [route('web', [...rules, ...more])]);

/** The status of a raw answer. */
const statusOf = (answer: string): string => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? answer;
const raw = (line: string, headers: readonly string[] = [], body = ''): string =>
  [line, 'Host: shop.com', 'Connection: close', ...headers, '', body].join('\r\n');

/** What happens to a path: the backend and the path that it gets, or the status and the Location. */
const paths: Readonly<Record<string, string>> = {
  '/public': 'public /public',
  '/admin': 'admin /admin',
  '/public/../admin': 'admin /admin',
  '/public/%2e%2e/admin': 'admin /admin',
  '/public/.%2E/admin': 'admin /admin',
  '/public\\..\\admin': 'admin /admin',
  '/./admin': 'admin /admin',
  '//admin': 'admin /admin',
  '///x/..//admin': 'admin /admin',
  '/%61dmin': 'admin /admin',
  'http://shop.com/public/../admin': 'admin /admin',
  '/%2fadmin': '307 /admin',
  '/public/..%2fadmin': '307 /admin',
  '/public%2F..%2Fadmin': '307 /admin',
  '/public/..%5cadmin': '307 /admin',
  '/admin%00': '400',
  '/admin#x': '400',
  '/public#/../admin': '400',
  '\\admin': '400',
};

test('no form of a path gets past a match, and the backend sees the path that was matched', async () => {
  const { send } = await startModelledEnvoy(http());
  const answers: Record<string, string> = {};
  for (const path of Object.keys(paths)) {
    const answer = await send(raw(`GET ${path} HTTP/1.1`));
    const [, by = '', got = ''] = /"service":"(\w+)".*"path":"([^"]*)"/.exec(answer) ?? [];
    const [, location = ''] = /^location: (.*)\r$/m.exec(answer) ?? [];
    answers[path] = by === '' ? `${statusOf(answer)} ${location}`.trim() : `${by} ${got}`;
  }
  expect(answers).toEqual(paths);
});

test('a header with an underscore is refused', async () => {
  const { ask } = await startModelledEnvoy(http());
  expect((await ask('/', { headers: { x_user: 'root' } })).status).toBe(400);
  expect((await ask('/', { headers: { 'x-user': 'root' } })).status).toBe(200);
});

test.each([
  ['two lengths', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ['two content lengths', ['Content-Length: 5', 'Content-Length: 6'], 'hello!'],
  ['an unknown encoding', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
  ['a signed length', ['Content-Length: +5'], 'hello'],
  ['a space before the colon', ['Content-Length : 5'], 'hello'],
])('a request with %s is refused, and no backend sees it', async (_, headers, body) => {
  let seen = 0;
  const { send } = await startModelledEnvoy(http(), {
    backends: {
      public: (__, response) => {
        seen += 1;
        response.end();
      },
    },
  });
  const answer = await send(raw('POST / HTTP/1.1', headers, body));
  expect(['400', '501']).toContain(statusOf(answer));
  expect(seen).toBe(0);
});

test.each(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'te'])(
  'a route cannot change %s, which would mix up the requests of a kept connection',
  async (name) => {
    let seen = 0;
    const action: RouteAction = {
      kind: 'forward',
      backends: [{ service: service('framed'), weight: 1, index: 0 }],
      requestHeaders: { set: [{ name, value: '0' }], add: [], remove: [] },
    };
    const { send } = await startModelledEnvoy(http([{ matches: match('/framed'), action }]), {
      backends: {
        framed: (_, response) => {
          seen += 1;
          response.end();
        },
      },
    });
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: shop.com\r\n\r\n';
    const answer = await send(raw('POST /framed HTTP/1.1', [`Content-Length: ${hidden.length}`], hidden));
    expect([statusOf(answer), seen]).toEqual(['500', 0]);
  },
);

test('too large or too many headers are refused', async () => {
  const { ask } = await startModelledEnvoy(http());
  const many = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`x-${index}`, '1']));
  expect((await ask('/', { headers: { x: 'a'.repeat(50_000) } })).status).toBe(200);
  expect((await ask('/', { headers: { x: 'a'.repeat(70_000) } })).status).toBe(431);
  expect((await ask('/', { headers: many })).status).toBe(431);
});

test("backends get the client's address and protocol, whatever the client says", async () => {
  const { ask } = await startModelledEnvoy(http(), {
    backends: { admin: (_, response) => void setTimeout(() => response.end('late'), 300) },
  });
  const spoofed = {
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '1',
    'x-envoy-external-address': '1.2.3.4',
    'x-envoy-internal': 'true',
    'x-envoy-original-path': '/x',
  };
  const { got } = await ask('/', { headers: spoofed });
  // For a client on loopback, Envoy takes an address of the machine.
  expect(got?.headers['x-forwarded-for']).toMatch(/^1\.2\.3\.4,\d+\.\d+\.\d+\.\d+$/);
  expect(got?.headers['x-forwarded-proto']).toBe('http');
  expect(got?.headers['x-forwarded-port']).toBe('80');
  const ofEnvoy = Object.entries(got?.headers ?? {}).filter(([name]) => name.startsWith('x-envoy'));
  expect(ofEnvoy).toEqual([['x-envoy-external-address', '127.0.0.1']]);
  const commands = { 'x-envoy-upstream-rq-timeout-ms': '20', 'x-envoy-upstream-alt-stat-name': 'x' };
  expect((await ask('/admin', { headers: commands })).body).toBe('late');
});

/** All time limits are a hundredth, so that a test can wait for them. */
const hastened = (snapshot: Omit<Snapshot, 'endpoints'>): Omit<Snapshot, 'endpoints'> => ({
  ...snapshot,
  listeners: new Map([...snapshot.listeners].map(([name, each]) => [name, hastenedListener(each)])),
});

function hastenedListener({ name, bytes }: Resource): Resource {
  const listener = fromBinary(ListenerSchema, bytes);
  for (const chain of listener.filterChains) {
    chain.transportSocketConnectTimeout = shorter(chain.transportSocketConnectTimeout);
    for (const { configType } of chain.filters) {
      if (configType.case !== 'typedConfig') continue;
      const manager = anyUnpack(configType.value, HttpConnectionManagerSchema);
      if (manager === undefined) continue;
      for (const field of ['streamIdleTimeout', 'requestTimeout', 'requestHeadersTimeout'] as const)
        manager[field] = shorter(manager[field]);
      configType.value = anyPack(HttpConnectionManagerSchema, manager);
    }
  }
  return resource(ListenerSchema, name, fromBinary(ListenerSchema, toBinary(ListenerSchema, listener)));
}

const shorter = (limit: Duration | undefined): Duration | undefined =>
  limit && durationFromMs(Math.ceil(durationMs(limit) / 100));

/** What comes until the connection ends, and after how many milliseconds it ended. */
async function slowly(port: number, pieces: (socket: Socket) => AsyncGenerator<string>) {
  const socket = connect(port, '127.0.0.1');
  const started = performance.now();
  const ended = Promise.withResolvers<void>();
  let answer = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (answer += piece));
  socket.on('error', () => undefined).on('close', () => ended.resolve());
  void (async () => {
    for await (const piece of pieces(socket)) if (!socket.destroyed) socket.write(piece);
  })();
  await ended.promise;
  return { status: statusOf(answer), after: performance.now() - started };
}

test('a client that never ends its headers or its body is answered 408, and others are served', async () => {
  const { ask, envoyPort } = await startModelledEnvoy(http(), {
    change: hastened,
    backends: { admin: (incoming, response) => void incoming.resume().on('end', () => response.end()) },
  });
  const headers = slowly(envoyPort, async function* () {
    yield 'GET / HTTP/1.1\r\nHost: shop.com\r\n';
    for (let header = 0; header < 1_000; header += 1) {
      await sleep(10);
      yield `X-${header}: 1\r\n`;
    }
  });
  const body = slowly(envoyPort, async function* () {
    yield 'POST /admin HTTP/1.1\r\nHost: shop.com\r\nContent-Length: 1000000\r\n\r\n';
    for (let byte = 0; byte < 1_000; byte += 1) {
      await sleep(10);
      yield 'x';
    }
  });
  expect((await ask('/')).status).toBe(200);
  const [ofHeaders, ofBody] = await Promise.all([headers, body]);
  expect(ofHeaders.status).toBe('408');
  expect(ofHeaders.after).toBeLessThan(2_000);
  expect(ofBody.status).toBe('408');
  expect(ofBody.after).toBeGreaterThan(2_500);
});

test('a response that stands still ends, and one that goes on does not', { timeout: 30_000 }, async () => {
  const { ask } = await startModelledEnvoy(http(), {
    change: hastened,
    backends: {
      public: (_, response) => void response.write('begun'),
      admin: (_, response) => {
        void (async () => {
          for (let piece = 0; piece < 8; piece += 1) {
            response.write('x');
            await sleep(1_000);
          }
          response.end();
        })();
      },
    },
  });
  const still = ask('/').then(
    () => 'whole',
    () => 'ended',
  );
  const moving = ask('/admin');
  expect(await still).toBe('ended');
  expect((await moving).body).toBe('xxxxxxxx');
});

test('a client that does not read makes the backend wait, and fills no memory', async () => {
  let written = 0;
  const piece = Buffer.alloc(64 * 1024, 'x');
  const { envoyPort } = await startModelledEnvoy(http(), {
    backends: {
      public: (_, response) => {
        const more = (): void => {
          while (written < 200 * 1024 * 1024) {
            written += piece.length;
            if (!response.write(piece)) return void response.once('drain', more);
          }
          response.end();
        };
        more();
      },
    },
  });
  const socket = connect(envoyPort, '127.0.0.1');
  socket.pause();
  socket.write(raw('GET / HTTP/1.1'));
  await sleep(1_500);
  const before = written;
  await sleep(500);
  expect(written).toBe(before);
  // The buffers of the kernel's four sockets, and 32 KiB of Envoy.
  expect(written).toBeLessThan(32 * 1024 * 1024);
  socket.destroy();
});

test('a backend without endpoints is answered 503, and the log says which', async () => {
  const none = [{ matches: match('/none'), action: forwardTo('none') }];
  const { ask, accessLog } = await startModelledEnvoy(http(none), { backends: { none: undefined } });
  expect((await ask('/none/x?y=1', { headers: { 'x-request-id': 'mine' } })).status).toBe(503);
  expect((await ask('/public')).status).toBe(200);
  const lines = () =>
    accessLog()
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line));
  await expect.poll(() => lines().length, { timeout: 15_000 }).toBe(2);
  expect(lines()).toMatchObject([
    { path: '/none/x?y=1', status: 503, flags: 'UH', route: 'shop/web/2/0', backend: 'shop/none/80', host: 'shop.com' },
    { path: '/public', status: 200, flags: '-', route: 'shop/web/0/0', backend: 'shop/public/80', method: 'GET' },
  ]);
});
