// A real Envoy that checks the certificates of clients, and clients that have none, a good one, or another.
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import type { KeyPair } from '../../src/envoy/ads/issue.ts';
import { routeId } from '../../src/gateway/route-id.ts';
import { connectionRoute, forwardTo, portOf, route, topologyOf } from '../../src/gateway/testing/sample.ts';
import type { ClientValidation, Topology } from '../../src/gateway/topology.ts';
import { objectKey } from '../../src/kube/object.ts';
import { authority, dns } from './support/authority.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

const configMap = objectKey({ namespace: 'shop', name: 'ca' });
const web = route('web', [{ action: forwardTo('app') }], { hostnames: ['a.com', 'b.com'] });
const open = route('open', [{ action: forwardTo('app') }], { hostnames: ['open.com'] });

const validated = (mode: ClientValidation['mode']): { readonly clients: ClientValidation } => ({
  clients: { mode, configMaps: [configMap] },
});

/** 443 requires certificates, 8443 accepts any, and 9443 asks for none. */
const topology = (authorities: string): Topology => {
  const https = { kind: 'http', tls: true } as const;
  const routes = { routes: [routeId(web.route)] };
  const listeners = [
    { name: 'a', hostname: 'a.com', ...routes, ...validated('required') },
    { name: 'b', hostname: 'b.com', ...routes, ...validated('required') },
  ];
  const ports = [
    portOf({ port: 443, serves: https }, listeners, []),
    portOf({ port: 8443, serves: https }, [{ name: 'any', ...routes, ...validated('optional') }], []),
    portOf({ port: 9443, serves: https }, [{ name: 'open', routes: [routeId(open.route)] }], []),
  ];
  return { ...topologyOf(ports, [open, web]), authorities: { [configMap]: authorities } };
};

interface Client {
  readonly certificate?: KeyPair;
  readonly host?: string;
  /** Of an earlier connection. */
  readonly session?: Buffer;
}

/** The status of the answer, or `refused` if there is none. */
const ask = (port: number, { certificate, host = 'a.com', session }: Client = {}): Promise<number | 'refused'> =>
  new Promise((resolve) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      servername: host,
      headers: { host },
      agent: false,
      rejectUnauthorized: false,
      ...(certificate && { cert: certificate.certificate, key: certificate.key }),
      ...(session && { session }),
    });
    outgoing.on('response', (response) => resolve(response.resume().statusCode ?? 0));
    outgoing.on('error', () => resolve('refused'));
    outgoing.end();
  });

/** A session with which a client could continue, on another connection, without a new handshake. */
const sessionOf = (port: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, servername: 'a.com', rejectUnauthorized: false });
    socket.on('error', reject).on('session', (session) => {
      resolve(session);
      socket.destroy();
    });
    socket.write('GET / HTTP/1.1\r\nHost: a.com\r\n\r\n');
  });

test('Envoy serves clients with a certificate of the CA only, and all where the fallback is allowed', async () => {
  const ours = await authority('ours');
  const others = await authority('others');
  const good = await ours.issue(dns('client'));
  const other = await others.issue(dns('client'));
  const { envoyPorts, publish } = await startModelledEnvoy(topology(ours.certificate));
  const [required = 0, any = 0, none = 0] = envoyPorts;

  for (const host of ['a.com', 'b.com']) {
    expect(await ask(required, { host, certificate: good })).toBe(200);
    expect(await ask(required, { host })).toBe('refused');
    expect(await ask(required, { host, certificate: other })).toBe('refused');
  }
  for (const certificate of [good, other]) expect(await ask(any, { certificate })).toBe(200);
  expect(await ask(any)).toBe(200);
  expect(await ask(none, { host: 'open.com' })).toBe(200);

  // No way round by a port that asks for less: neither by the host of a request, nor by a session of TLS.
  expect(await ask(none, { host: 'a.com' })).toBe(404);
  expect(await ask(none, { host: 'open.com', session: await sessionOf(none) })).toBe(200);
  for (const port of [any, none]) expect(await ask(required, { session: await sessionOf(port) })).toBe('refused');

  await publish(topology(others.certificate));
  expect(await ask(required, { certificate: good })).toBe('refused');
  expect(await ask(required, { certificate: other })).toBe(200);

  await publish(topology(`${ours.certificate}\n${others.certificate}`));
  for (const certificate of [good, other]) expect(await ask(required, { certificate })).toBe(200);
  expect(await ask(required)).toBe('refused');
});

test('a TLS listener asks for certificates of clients, too', async () => {
  const ours = await authority('ours');
  const backend = connectionRoute('TLSRoute', 'app', { app: 1 }, { hostnames: ['a.com'] });
  const listener = { name: 'tls', tlsMode: 'Terminate', ...validated('required') } as const;
  const { envoyPort } = await startModelledEnvoy({
    ...topologyOf([portOf({ port: 443, serves: { kind: 'tls' } }, [listener], [backend])], [backend]),
    authorities: { [configMap]: ours.certificate },
  });
  expect(await ask(envoyPort, { certificate: await ours.issue(dns('client')) })).toBe(200);
  expect(await ask(envoyPort)).toBe('refused');
  expect(await ask(envoyPort, { certificate: await (await authority('others')).issue(dns('client')) })).toBe('refused');
});
