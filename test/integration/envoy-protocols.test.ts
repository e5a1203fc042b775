// A real Envoy speaks to each backend as its Service says: HTTP/2, gRPC, WebSocket.
import { createServer as createHttpServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2';
import { connect, type Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Forward } from '../../src/gateway/route-action.ts';
import { httpTopology, route, service } from '../../src/gateway/testing/sample.ts';
import type { RouteTopology } from '../../src/gateway/topology.ts';
import { objectKey } from '../../src/kube/object.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Speaks only HTTP/2, without TLS. It sends each body back, and the headers that it got in `x-got`. */
const http2Echo = (name: string, seen: string[] = []): Promise<number> => {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    void (async () => {
      const body = await buffer(stream);
      seen.push(`${name} ${headers[':path']}`);
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const type = headers['content-type'] ?? 'text/plain';
      const got = JSON.stringify({ host: headers[':authority'], team: headers['x-team'], te: headers['te'] });
      stream.respond({ ':status': 200, 'content-type': type, 'x-got': got }, { waitForTrailers: true });
      stream.end(body);
    })();
  });
  return listening(server);
};

const forward = (name: string, appProtocol?: string, more: Partial<Forward> = {}): Forward => ({
  kind: 'forward',
  backends: [{ service: service(name, appProtocol === undefined ? {} : { appProtocol }), weight: 1, index: 0 }],
  ...more,
});

test('Envoy speaks HTTP/2 to a backend of kubernetes.io/h2c, whatever the client speaks', async () => {
  const backends = { app: { port: await http2Echo('app') } };
  const { ask, envoyPort } = await startModelledEnvoy(
    httpTopology([{ name: 'http' }], [route('web', [{ action: forward('app', 'kubernetes.io/h2c') }])]),
    { backends },
  );
  const { status, headers } = await ask('/x');
  expect([status, headers['x-got']]).toEqual([200, '{"host":"shop.com"}']);
  expect(await overHttp2(envoyPort, '/x', { 'content-type': 'text/plain' }, 'hello')).toMatchObject({
    headers: { ':status': 200 },
    body: 'hello',
  });
});

/** A request over HTTP/2 without TLS. */
async function overHttp2(port: number, path: string, headers: Readonly<Record<string, string>>, body: string) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': path, ':authority': 'shop.com', ...headers });
  const response = Promise.withResolvers<IncomingHttpHeaders>();
  let trailers: IncomingHttpHeaders = {};
  stream.on('response', response.resolve).on('error', response.reject);
  stream.on('trailers', (got) => {
    trailers = got;
  });
  stream.end(body);
  const got = { headers: await response.promise, body: (await buffer(stream)).toString('utf8') };
  return { ...got, trailers };
}

const call = { 'content-type': 'application/grpc', te: 'trailers' };

const grpcRoute = (actions: Readonly<Record<string, RouteTopology['rules'][number]['action']>>): RouteTopology => ({
  ...route(
    'calls',
    Object.entries(actions).map(([name, action]) => ({
      matches: [{ path: { type: 'PathPrefix', value: `/${name}` }, grpc: { type: 'Exact', service: name } }],
      action,
    })),
  ),
  route: { kind: 'GRPCRoute', key: objectKey({ namespace: 'shop', name: 'calls' }) },
});

test('gRPC arrives whole with its trailers, changed and copied as the GRPCRoute says', async () => {
  const seen: string[] = [];
  const backends = { app: { port: await http2Echo('app', seen) }, audit: { port: await http2Echo('audit', seen) } };
  const app = service('app', { grpc: true });
  const changed: Forward = {
    kind: 'forward',
    backends: [{ service: app, weight: 1, index: 0 }],
    requestHeaders: { set: [{ name: 'x-team', value: 'shop' }], add: [], remove: [] },
    responseHeaders: { set: [{ name: 'x-served', value: 'envoy' }], add: [], remove: [] },
    mirrors: [{ service: service('audit', { grpc: true }), numerator: 1, denominator: 1 }],
  };
  const half: Forward = {
    kind: 'forward',
    backends: [
      { weight: 1, index: 0 },
      { service: app, weight: 0, index: 1 },
    ],
  };
  const { envoyPort } = await startModelledEnvoy(
    httpTopology(
      [{ name: 'http' }],
      [grpcRoute({ 'a.Plain': forward('app', 'grpc'), 'a.Changed': changed, 'a.Half': half })],
    ),
    { backends },
  );
  const message = '\0\0\0\0\u0005hello';
  const plain = await overHttp2(envoyPort, '/a.Plain/Say', call, message);
  expect(plain).toMatchObject({
    headers: { ':status': 200, 'x-got': '{"host":"shop.com","te":"trailers"}' },
    body: message,
    trailers: { 'grpc-status': '0' },
  });
  const other = await overHttp2(envoyPort, '/a.Changed/Say', call, message);
  expect(other).toMatchObject({
    headers: { ':status': 200, 'x-served': 'envoy' },
    body: message,
    trailers: { 'grpc-status': '0' },
  });
  expect(JSON.parse(String(other.headers['x-got']))).toMatchObject({ team: 'shop' });
  await expect.poll(() => seen.toSorted()).toEqual(['app /a.Changed/Say', 'app /a.Plain/Say', 'audit /a.Changed/Say']);
  // 14 is UNAVAILABLE, and 12 is UNIMPLEMENTED.
  expect(await overHttp2(envoyPort, '/a.Half/Say', call, '')).toMatchObject({ headers: { 'grpc-status': '14' } });
  expect(await overHttp2(envoyPort, '/a.None/Say', call, '')).toMatchObject({ headers: { 'grpc-status': '12' } });
  const noCall = await overHttp2(envoyPort, '/a.Plain/Say', { 'content-type': 'application/json' }, '');
  expect(noCall.headers[':status']).toBe(404);
});

test.each([['kubernetes.io/ws'], [undefined]])('a WebSocket to a backend of %s lasts', async (appProtocol) => {
  const server = createHttpServer();
  server.on('upgrade', (request, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${request.url}`);
    socket.pipe(socket);
  });
  const backends = { app: { port: await listening(server) } };
  // A time limit of the rule ends no WebSocket that is established.
  const rules = [{ action: forward('app', appProtocol, { timeouts: { backendRequest: 300 } }) }];
  const { envoyPort } = await startModelledEnvoy(httpTopology([{ name: 'http' }], [route('web', rules)]), { backends });
  const socket = connect(envoyPort, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let got = '';
  socket.setEncoding('utf8').on('data', (text: string) => (got += text));
  const headers = ['Host: shop.com', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: eA=='];
  socket.write(['GET /chat HTTP/1.1', ...headers, 'Sec-WebSocket-Version: 13', '', ''].join('\r\n'));
  await expect.poll(() => got).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\n\/chat$/);
  socket.write('one');
  await expect.poll(() => got).toMatch(/\/chatone$/);
  await sleep(600);
  socket.write('two');
  await expect.poll(() => got).toMatch(/\/chatonetwo$/);
});
