// A real Envoy, and backends that speak TLS, or something else.

import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, createServer as createRawTlsServer, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import type { BackendTls, SubjectName } from '../../src/gateway/backend-service.ts';
import { connectionRoute, httpTopology, portOf, route, service, topologyOf } from '../../src/gateway/testing/sample.ts';
import type { Topology } from '../../src/gateway/topology.ts';
import { objectKey } from '../../src/kube/object.ts';
import { authority, dns, uri } from './support/authority.ts';
import { type Backend, startModelledEnvoy } from './support/modelled-envoy.ts';

const configMap = (name: string) => objectKey({ namespace: 'shop', name });

const tls = (names: readonly SubjectName[], more: Partial<BackendTls> = {}): BackendTls => ({
  policy: objectKey({ namespace: 'shop', name: 'policy' }),
  serverName: 'app.example.com',
  names,
  authorities: { kind: 'config-maps', configMaps: [configMap('ca')] },
  ...more,
});
const name = (value: string): readonly SubjectName[] => [{ kind: 'dns', value }];

/** Each path has a backend of its own: `/NAME`. */
const topology = (
  backends: Readonly<Record<string, BackendTls>>,
  authorities: Readonly<Record<string, string>>,
  appProtocol?: string,
): Topology => ({
  ...httpTopology(
    [{ name: 'http' }],
    [
      route(
        'web',
        Object.entries(backends).map(([path, each]) => ({
          matches: [{ path: { type: 'PathPrefix', value: `/${path}` } }],
          action: {
            kind: 'forward',
            backends: [
              { service: service(path, { tls: each, ...(appProtocol && { appProtocol }) }), weight: 1, index: 0 },
            ],
          },
        })),
      ),
    ],
  ),
  authorities,
});

/** Says what the connection has, and counts requests. */
function tlsServer({ certificate, key }: { readonly certificate: string; readonly key: string }) {
  const options = { cert: certificate, key, ALPNProtocols: ['h2', 'http/1.1'] };
  const server = createTlsServer(options, ({ socket }, response) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server is one of TLS
    const { servername, alpnProtocol } = socket as TLSSocket & { readonly servername: string };
    const headers = { servername, alpnProtocol };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ headers }));
  });
  return { server };
}

test('Envoy speaks TLS to a backend that the policy names, and to no other', async () => {
  const ours = await authority('ours');
  const good = await ours.issue(dns('app.example.com'), uri('spiffe://shop/app'));
  const other = await (await authority('other')).issue(dns('app.example.com'));
  const wildcard = await ours.issue(dns('*.example.com'));
  let plain = 0;
  const { ask } = await startModelledEnvoy(
    topology(
      {
        good: tls(name('app.example.com')),
        wildcard: tls(name('app.example.com')),
        'wrong-name': tls(name('other.example.com')),
        'wrong-authority': tls(name('app.example.com')),
        uri: tls([{ kind: 'uri', value: 'spiffe://shop/app' }], { serverName: 'elsewhere.example.com' }),
        'wrong-uri': tls([{ kind: 'uri', value: 'spiffe://shop/other' }]),
        either: tls([{ kind: 'uri', value: 'spiffe://shop/other' }, ...name('app.example.com')]),
        system: tls(name('app.example.com'), { authorities: { kind: 'system' } }),
        plaintext: tls(name('app.example.com')),
      },
      { [configMap('ca')]: ours.certificate },
    ),
    {
      backends: {
        good: tlsServer(good),
        wildcard: tlsServer(wildcard),
        'wrong-name': tlsServer(good),
        'wrong-authority': tlsServer(other),
        uri: tlsServer(good),
        'wrong-uri': tlsServer(good),
        either: tlsServer(good),
        system: tlsServer(good),
        plaintext: (_, response) => response.end(String((plain += 1))),
      },
    },
  );
  const status = async (path: string) => (await ask(`/${path}`)).status;
  const called = { servername: 'app.example.com', alpnProtocol: 'http/1.1' };
  expect((await ask('/good')).got?.headers).toEqual(called);
  expect((await ask('/wildcard')).got?.headers).toEqual(called);
  expect((await ask('/uri')).got?.headers).toEqual({ ...called, servername: 'elsewhere.example.com' });
  expect(await status('either')).toBe(200);
  expect(await status('wrong-name')).toBe(503);
  expect(await status('wrong-authority')).toBe(503);
  expect(await status('wrong-uri')).toBe(503);
  expect(await status('system')).toBe(503);
  expect(await status('plaintext')).toBe(503);
  expect(plain).toBe(0);
});

test('HTTP/2 to a backend works inside TLS', async () => {
  const ours = await authority('ours');
  const { certificate, key } = await ours.issue(dns('app.example.com'));
  const server = createSecureServer({ cert: certificate, key }, (request, response) => {
    const headers = { version: request.httpVersion };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ headers }));
  });
  const { ask } = await startModelledEnvoy(
    topology({ app: tls(name('app.example.com')) }, { [configMap('ca')]: ours.certificate }, 'kubernetes.io/h2c'),
    { backends: { app: { server } } },
  );
  expect((await ask('/app')).got?.headers).toEqual({ version: '2.0' });
});

test('Envoy follows when CA certificates change, and when a policy comes or goes', async () => {
  const [old, next] = [await authority('old'), await authority('next')];
  const policies = { old: tls(name('app.example.com')), next: tls(name('app.example.com')) };
  const trusting = (certificate: string) => topology(policies, { [configMap('ca')]: certificate });
  const { ask, publish } = await startModelledEnvoy(trusting(old.certificate), {
    backends: {
      old: tlsServer(await old.issue(dns('app.example.com'))),
      next: tlsServer(await next.issue(dns('app.example.com'))),
    },
  });
  const statuses = async () => [(await ask('/old')).status, (await ask('/next')).status];
  expect(await statuses()).toEqual([200, 503]);
  await publish(trusting(`${old.certificate}\n${next.certificate}`));
  await expect.poll(statuses).toEqual([200, 200]);
  const plain = httpTopology(
    [{ name: 'http' }],
    [route('web', [{ action: { kind: 'forward', backends: [{ service: service('old'), weight: 1, index: 0 }] } }])],
  );
  await publish(plain);
  // The backend speaks only TLS.
  expect((await ask('/old')).status).toBe(503);
  await publish(trusting(next.certificate));
  expect((await ask('/next')).status).toBe(200);
});

/** Says its own name and the name that it was called by. A client that greets with `wait` keeps its connection. */
function speaker(own: string, { certificate, key }: { readonly certificate: string; readonly key: string }): Backend {
  const server = createRawTlsServer({ cert: certificate, key }, (socket) =>
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        const words = `${own} as ${String(socket.servername)}`;
        if (bytes.toString() === 'wait') socket.write(words);
        else socket.end(words);
      }),
  );
  return { server };
}

/** What the server says until the end, on a connection whose TLS ends at the first server that it meets. */
async function greet(port: number, servername = 'a.com'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
  socket.on('error', () => undefined).write('hello');
  return text(socket).catch(() => '');
}

async function repeated(times: number, say: () => Promise<string>): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let index = 0; index < times; index += 1) answers.push(await say());
  return answers;
}

const terminate = { port: 8883, serves: { kind: 'tls' } } as const;
const passthrough = { port: 8884, serves: { kind: 'tls' } } as const;

/** Both listeners have the route. */
const connections = (
  authorities: Readonly<Record<string, string>>,
  weights: Readonly<Record<string, number>>,
  policies: Readonly<Record<string, BackendTls>>,
): Topology => {
  const mail = connectionRoute('TLSRoute', 'mail', weights, {}, policies);
  return {
    ...topologyOf(
      [
        portOf(terminate, [{ name: 'terminate', tlsMode: 'Terminate' }], [mail]),
        portOf(passthrough, [{ name: 'pass', tlsMode: 'Passthrough' }], [mail]),
      ],
      [mail],
    ),
    authorities,
  };
};

test('connections whose TLS ends at the Gateway go to each backend by its own policy, or in plaintext', async () => {
  const ours = await authority('ours');
  const other = await authority('other');
  const good = await ours.issue(dns('app.example.com'));
  const plain: Backend = {
    tcp: (socket) => void socket.once('data', (bytes) => socket.end(`plain ${bytes.toString()}`)),
  };
  const { envoyPorts } = await startModelledEnvoy(
    connections(
      { [configMap('ca')]: ours.certificate, [configMap('other')]: other.certificate },
      { one: 1, two: 1, plain: 1, unsure: 1, wrong: 1, broken: 1 },
      {
        one: tls(name('app.example.com')),
        two: tls(name('two.example.com'), {
          policy: configMap('two'),
          serverName: 'two.example.com',
          authorities: { kind: 'config-maps', configMaps: [configMap('other')] },
        }),
        // It speaks no TLS.
        unsure: tls(name('app.example.com')),
        wrong: tls(name('else.example.com'), { policy: configMap('wrong') }),
        broken: tls(name('app.example.com'), {
          policy: configMap('broken'),
          authorities: { kind: 'none', why: 'invalid' },
        }),
      },
    ),
    {
      backends: {
        one: speaker('one', good),
        two: speaker('two', await other.issue(dns('two.example.com'))),
        plain,
        unsure: plain,
        wrong: speaker('wrong', good),
        broken: speaker('broken', good),
      },
    },
  );
  const [ended = 0, passed = 0] = envoyPorts;
  const atGateway = await repeated(60, () => greet(ended));
  expect(new Set(atGateway)).toEqual(new Set(['one as app.example.com', 'two as two.example.com', 'plain hello', '']));
  // Two backends reject the certificate or TLS, and one has no valid policy.
  const closed = atGateway.filter((each) => each === '').length;
  expect(closed).toBeGreaterThan(20);
  expect(closed).toBeLessThan(40);
  // Where TLS passes, backends are called by the client, whatever their policies say.
  const through = await repeated(60, () => greet(passed));
  expect(new Set(through)).toEqual(new Set(['one as a.com', 'two as a.com', 'wrong as a.com', 'broken as a.com', '']));
});

test('connections follow when a backend gets a policy, another one, or none', async () => {
  const ours = await authority('ours');
  const trusted = { [configMap('ca')]: ours.certificate };
  const certificate = await ours.issue(dns('app.example.com'), dns('next.example.com'));
  const one = tls(name('app.example.com'));
  const next = tls(name('next.example.com'), { policy: configMap('next'), serverName: 'next.example.com' });
  const weights = { a: 1, b: 1, c: 1 };
  const { envoyPort, publish } = await startModelledEnvoy(connections(trusted, weights, { a: one, b: next, c: next }), {
    backends: {
      a: speaker('a', certificate),
      b: speaker('b', certificate),
      c: speaker('c', certificate),
    },
  });
  const said = async () => [...new Set(await repeated(12, () => greet(envoyPort)))].toSorted();
  expect(await said()).toEqual(['a as app.example.com', 'b as next.example.com', 'c as next.example.com']);
  const open = connect({ host: '127.0.0.1', port: envoyPort, servername: 'a.com', rejectUnauthorized: false });
  onTestFinished(() => void open.destroy());
  const answer = async (): Promise<string> => {
    open.write('wait');
    return String(await once(open, 'data'));
  };
  const before = await answer();
  // The cluster stays as it is: only an endpoint changes.
  await publish(connections(trusted, weights, { a: one, b: next, c: one }));
  await expect.poll(said).toEqual(['a as app.example.com', 'b as next.example.com', 'c as app.example.com']);
  await publish(connections(trusted, weights, { a: one, b: one }));
  await expect.poll(said).toEqual(['', 'a as app.example.com', 'b as app.example.com']);
  expect(await answer()).toBe(before);
  await publish(connections(trusted, weights, {}));
  await expect.poll(said).toEqual(['']);
});
