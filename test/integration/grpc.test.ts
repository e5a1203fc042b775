// gRPC, HTTP/2 and TLS from real clients through a load balancer to real servers. The Gateway API's own tests send gRPC to HTTP
// listeners, which an ALB does not serve: these send the same requests over TLS.

import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import { ownBlocks } from '../../localstack/aws/dataplane/own-blocks.ts';
import { mapped } from '../../localstack/aws/dataplane/testing/forwarding.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import { callGrpc, createHttp2Server, getHttp2, type ServerOptions } from '../../localstack/grpc.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { backendRef, gateway, grpcRoute, http, httpRoute, https, service } from './support/objects.ts';
import { programmed, readRoute, said, waitForCondition } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

const blocks = ownBlocks(process.pid);
const portOffset = 10_000;

let rig: Rig;
const servers = new AsyncDisposableStack();
beforeAll(async () => {
  rig = await startRig({
    aws: { dataPlane: { addresses: blocks.addresses, portOffset, mapTargets: [`10.0.0.0/16=${blocks.targets}`] } },
  });
});
afterAll(async () => {
  await servers.disposeAsync();
  await rig.stop();
});

let pods = 0;
const host = 'api.example.com';

/** A namespace with a Gateway for HTTP and HTTPS. */
async function open(name: string) {
  const ns = await rig.freshNamespace(name);
  const gw = gateway(ns, 'gw', [http(), https(['tls'])]);
  await rig.apply([await tlsSecret(ns, 'tls', [host]), gw]);
  await programmed(rig, gw);
  const [loadBalancer] = awsOf(rig, `${ns}/gw`).loadBalancers;
  const found = rig.aws.reachable().find(({ arn }) => arn === loadBalancer?.arn);
  if (found === undefined) throw new Error('Expected the load balancer to have an address');
  const origin = `https://${found.address}:${443 + portOffset}`;
  const placed = (addresses: readonly string[], port: number, appProtocol: string | undefined, svc: string) =>
    rig.apply([
      service(ns, svc, { ports: [{ name: 'main', port: 80, targetPort: port, ...(appProtocol && { appProtocol }) }] }),
      endpointSlice(ns, svc, addresses, port, { portName: 'main' }),
    ]);
  const address = () => `10.0.48.${(pods += 1) + 20}`;
  return {
    ns,
    address: found.address,
    /** A Service whose pods speak HTTP/2, and answer with its name unless they have their own. */
    serve: async (svc: string, appProtocol?: string, ownPods: readonly Partial<ServerOptions>[] = [{}]) => {
      const all = ownPods.map((pod) => ({ at: address(), pod }));
      for (const { at, pod } of all) {
        await started(createHttp2Server({ name: svc, ...pod }), at, 9000);
      }
      await placed(
        all.map(({ at }) => at),
        9000,
        appProtocol,
        svc,
      );
    },
    /** A Service with one pod that speaks HTTP/1.1 over TLS. */
    serveTls: async (svc: string) => {
      const at = address();
      await started(
        createServer(await certificate(), (_, response) => response.end(svc)),
        at,
        9443,
      );
      await placed([at], 9443, 'https', svc);
    },
    call: (path: string, headers = {}) => callGrpc({ origin, host, path, headers }),
    get: (path: string, headers = {}) => getHttp2({ origin, host, path, headers }),
  };
}

/** @param address in the VPC */
async function started(server: Server, address: string, port: number): Promise<void> {
  servers.defer(() => void server.close());
  await once(server.listen(port, mapped(address)), 'listening');
}

/** What no client trusts. */
async function certificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const { certificatePem, privateKey } = await selfSigned(['pod'], 'EC_prime256v1', Date.now(), '02');
  return { cert: certificatePem, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

/** `STATUS BODY` from the HTTP listener. */
async function plain(address: string, path: string): Promise<string> {
  const asked = request({ host: address, port: 80 + portOffset, path, headers: { host }, agent: false }).end();
  const [response] = await once(asked, 'response');
  return `${response.statusCode} ${await text(response)}`.trim();
}

test('gRPC calls go where their service, method and headers say, and the most specific match comes first', async () => {
  const { ns, serve, call } = await open('matching');
  for (const name of ['any', 'orders', 'create', 'canary', 'health', 'regex']) await serve(name);
  const method = (fields: object, headers?: object) => ({ method: fields, ...(headers && { headers: [headers] }) });
  const rule = (match: object, name: string) => ({ matches: [match], backendRefs: [backendRef(name)] });
  const create = { service: 'shop.v1.Orders', method: 'Create' };
  await rig.apply([
    grpcRoute(
      ns,
      'api',
      ['gw'],
      [
        'any',
        rule(method({ method: 'Health' }), 'health'),
        rule(method({ type: 'RegularExpression', service: 'shop\\.v[0-9]+\\.[A-Z].*', method: 'Get|List' }), 'regex'),
        rule(method({ service: 'shop.v1.Orders' }), 'orders'),
        rule(method(create), 'create'),
        rule(method(create, { name: 'Version', value: 'canary' }), 'canary'),
      ],
    ),
  ]);
  await eventually(async () => expect(await call('/shop.v1.Orders/Create')).toBe('create'));
  expect(await call('/shop.v1.Orders/Create', { version: 'canary' })).toBe('canary');
  expect(await call('/shop.v1.Orders/Create', { version: 'Canary' })).toBe('create');
  expect(await call('/shop.v1.Orders/Delete')).toBe('orders');
  expect(await call('/shop.v1.orders/create')).toBe('any');
  expect(await call('/shop.v2.Users/List')).toBe('regex');
  expect(await call('/shop.v2.Users/Lists')).toBe('any');
  expect(await call('/grpc.Some/Health')).toBe('health');
  expect(await call('/shop.v1.OrdersToo/Create')).toBe('any');
});

test('gRPC calls are shared by weight, and the share of an invalid backend is UNAVAILABLE', async () => {
  const { ns, serve, call } = await open('weights');
  for (const name of ['most', 'some', 'none']) await serve(name);
  const weighted = (name: string, weight: number) => backendRef(name, { weight });
  const matches = (name: string) => [{ method: { service: name } }];
  await rig.apply([
    grpcRoute(
      ns,
      'api',
      ['gw'],
      [
        { matches: matches('shared'), backendRefs: [weighted('most', 3), weighted('some', 1), weighted('none', 0)] },
        { matches: matches('half'), backendRefs: [weighted('most', 1), weighted('gone', 1)] },
        { matches: matches('gone'), backendRefs: [backendRef('gone')] },
      ],
    ),
  ]);
  const count = async (path: string) => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => call(path)));
    return (name: string) => answers.filter((each) => each === name).length;
  };
  await eventually(async () => expect(await call('/shared/Do')).toMatch(/most|some/));
  const shared = await count('/shared/Do');
  expect(shared('most') + shared('some')).toBe(200);
  expect(shared('some')).toBeGreaterThan(20);
  expect(shared('some')).toBeLessThan(90);
  await eventually(async () => expect(await call('/half/Do')).toBe('most'));
  const half = await count('/half/Do');
  expect(half('most') + half('UNAVAILABLE')).toBe(200);
  expect(half('UNAVAILABLE')).toBeGreaterThan(60);
  expect(await call('/gone/Do')).toBe('UNAVAILABLE');
  expect(await call('/other/Do')).toBe('UNIMPLEMENTED');
  await waitForCondition(rig, grpcRoute(ns, 'api', [], []), 'ResolvedRefs', 'False', 'BackendNotFound');
});

test('a gRPC server whose health check says UNAVAILABLE gets no calls', async () => {
  const { ns, serve, call } = await open('health');
  await serve('api', undefined, [{ name: 'ill', health: 14 }, { name: 'well' }]);
  await rig.apply([grpcRoute(ns, 'api', ['gw'], ['api'])]);
  const answers = () => Promise.all(Array.from({ length: 20 }, () => call('/a.B/C')));
  await eventually(async () => expect(new Set(await answers())).toEqual(new Set(['well'])));
  const groups = awsOf(rig, `${ns}/gw`).targetGroups.map(({ group }) => group);
  expect(groups.map(({ protocol, protocolVersion }) => [protocol, protocolVersion])).toEqual([['HTTP', 'GRPC']]);
});

test('an HTTPRoute and a GRPCRoute share a host: each answers its own requests', async () => {
  const { ns, serve, call, get } = await open('both');
  await serve('api', 'kubernetes.io/h2c');
  await serve('site', 'kubernetes.io/h2c');
  await rig.apply([
    httpRoute(ns, 'site', ['gw'], ['site'], { hostnames: [host] }),
    grpcRoute(ns, 'api', ['gw'], ['api'], { hostnames: [host] }),
  ]);
  await eventually(async () => expect(await call('/shop.Orders/Create')).toBe('api'));
  await eventually(async () => expect(await get('/')).toBe('200 site'));
  expect(await get('/shop.Orders/Create')).toBe('200 site');
  expect(await call('/shop.Orders/Create', { 'content-type': 'application/grpc+proto' })).toBe('api');
});

test('an h2c backend serves behind the HTTPS listener, and the Route says what the HTTP listener lacks', async () => {
  const { ns, serve, get, address } = await open('h2c');
  await serve('api', 'kubernetes.io/h2c');
  const route = httpRoute(ns, 'api', ['gw'], ['api']);
  await rig.apply([route]);
  await eventually(async () => expect(await get('/')).toBe('200 api'));
  expect(await plain(address, '/')).toBe('500');
  const { message } = await waitForCondition(rig, route, 'Accepted', 'True');
  expect(message).toContain('on port 80');
  expect(said((await readRoute(rig, ns, 'api'))?.status?.parents?.[0]?.conditions)).toContain(
    'ResolvedRefs=True/ResolvedRefs',
  );
});

test('a backend with appProtocol https is spoken to over TLS, whatever its certificate is, and so is a gRPC server', async () => {
  const { ns, serve, serveTls, get, call, address } = await open('tls');
  await serveTls('site');
  await serve('api', 'https', [{ tls: await certificate() }]);
  await rig.apply([httpRoute(ns, 'site', ['gw'], ['site']), grpcRoute(ns, 'api', ['gw'], ['api'])]);
  await eventually(async () => expect(await get('/')).toBe('200 site'));
  await eventually(async () => expect(await plain(address, '/')).toBe('200 site'));
  await eventually(async () => expect(await call('/a.B/C')).toBe('api'));
});
