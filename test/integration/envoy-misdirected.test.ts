// A real Envoy with HTTPS listeners that share a port, and clients whose connections are for another one of them.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { routeId } from '../../src/gateway/route-id.ts';
import { forwardTo, httpTopology, route } from '../../src/gateway/testing/sample.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

test('a request for a host of another HTTPS listener is misdirected, also on an open connection of HTTP/2', async () => {
  const listeners = ['a.com', '*.b.com'].map((hostname) => ({ name: hostname, hostname }));
  const { envoyPort } = await startModelledEnvoy(
    httpTopology(listeners, [route('web', [{ action: forwardTo('app') }])], { port: 443, tls: true }),
  );
  const session = connectHttp2(`https://127.0.0.1:${envoyPort}`, { servername: 'a.com', rejectUnauthorized: false });
  const statusFor = (authority: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':authority': authority, ':path': '/' });
      stream.on('error', reject).on('response', (headers) => resolve(headers[':status']));
      stream.resume();
    });
  expect(await statusFor('a.com')).toBe(200);
  expect(await statusFor('x.b.com')).toBe(421);
  expect(await statusFor('A.COM:443')).toBe(200);
  expect(await statusFor('c.org')).toBe(404);
  session.close();
  const plain = connect(envoyPort, '127.0.0.1');
  const closed = new Promise((resolve) => plain.on('error', () => undefined).on('close', resolve));
  plain.write('GET / HTTP/1.1\r\nHost: a.com\r\n\r\n');
  await closed;
  expect(plain.bytesRead).toBe(0);
});

test('hosts of HTTPS listeners that share a port are told apart as in the conformance suite', async () => {
  const listeners = [undefined, 'second.org', '*.wildcard.org', 'fourth.wildcard.org'].map((hostname, index) => ({
    name: `l${index}`,
    ...(hostname !== undefined && { hostname }),
  }));
  const own = route('first', [{ action: forwardTo('app') }], { hostnames: ['first.org'] });
  const any = route('any', [{ action: forwardTo('app') }]);
  const topology = httpTopology(
    listeners.map((listener, index) => ({ ...listener, routes: [routeId((index === 0 ? own : any).route)] })),
    [any, own],
    { port: 443, tls: true },
  );
  const { envoyPort } = await startModelledEnvoy(topology);
  const status = async (servername: string, authority: string): Promise<unknown> => {
    const session = connectHttp2(`https://127.0.0.1:${envoyPort}`, { servername, rejectUnauthorized: false });
    const stream = session.request({ ':authority': authority, ':path': '/' });
    const [headers] = await once(stream.resume(), 'response');
    session.close();
    return headers[':status'];
  };
  const cases: readonly (readonly [string, string, number])[] = [
    ['first.org', 'first.org', 200],
    ['first.org', 'second.org', 421],
    ['first.org', 'unknown.org', 404],
    ['second.org', 'second.org', 200],
    ['second.org', 'first.org', 421],
    ['second.org', 'unknown.org', 421],
    ['third.wildcard.org', 'fifth.wildcard.org', 200],
    ['third.wildcard.org', 'fourth.wildcard.org', 421],
    ['third.wildcard.org', 'unknown.org', 421],
    ['fourth.wildcard.org', 'fifth.wildcard.org', 421],
    ['unknown.org', 'first.org', 200],
    ['unknown.org', 'unknown.org', 404],
  ];
  for (const [serverName, host, expected] of cases)
    expect([serverName, host, await status(serverName, host)]).toEqual([serverName, host, expected]);
});
