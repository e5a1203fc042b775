// A real Envoy, and backends that speak TLS, or something else.
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { httpTopology, route, service } from '../../src/gateway/testing/sample.ts';
import type { BackendTls, SubjectName, Topology } from '../../src/gateway/topology.ts';
import { objectKey } from '../../src/kube/object.ts';
import { authority, dns, uri } from './support/authority.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

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
