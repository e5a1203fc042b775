// A real Envoy with listeners of TLS, TCP and UDP, and backends that say who they are.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { issueServerCertificate, makeAuthority } from '../../src/envoy/ads/issue.ts';
import { connectionRoute, forwardTo, portOf, route, topologyOf } from '../../src/gateway/testing/sample.ts';
import { type Backend, startModelledEnvoy } from './support/modelled-envoy.ts';

/** Says its name, and ends. */
const named = (name: string): Backend => ({ tcp: (socket) => void socket.end(name) });
const udpNamed = (name: string): Backend => ({ udp: (datagram) => `${name} ${datagram.toString()}` });

/** What a client reads until the connection ends. Empty if it is reset. */
const readAll = (socket: Socket): Promise<string> => text(socket).catch(() => '');

const viaTcp = (port: number): Promise<string> => readAll(connect(port, '127.0.0.1'));

interface Handshake {
  /** The subject of the server's certificate. */
  readonly certificate: string;
  readonly text: string;
}

/** Undefined if the connection ends before the handshake. */
async function viaTls(port: number, servername: string | undefined): Promise<Handshake | undefined> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...(servername && { servername }) });
  try {
    await once(socket, 'secureConnect');
  } catch {
    return undefined;
  }
  const certificate = socket.getPeerCertificate().subjectaltname ?? '';
  return { certificate, text: await readAll(socket) };
}

/** A backend that terminates TLS by itself. */
async function tlsBackend(name: string): Promise<Backend> {
  const validity = { from: Date.now() - 60_000, until: Date.now() + 600_000 };
  const { certificate: cert, key } = await issueServerCertificate(
    await makeAuthority('backend', validity),
    'backend.test',
    validity,
  );
  const server = createTlsServer({ cert, key }, (socket) => void socket.end(name).on('error', () => undefined));
  return {
    tcp: (socket) =>
      void server.emit(
        'connection',
        socket.on('error', () => undefined),
      ),
  };
}

/** The answer to each of so many clients. Undefined if none came. */
async function viaUdp(port: number, clients: number): Promise<readonly (string | undefined)[]> {
  const answers = Array.from({ length: clients }, async (_, index) => {
    const socket = createSocket('udp4');
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(1_000) });
    socket.send(String(index), port, '127.0.0.1');
    try {
      const [message] = await answer;
      return String(message);
    } catch {
      return undefined;
    } finally {
      socket.close();
    }
  });
  return Promise.all(answers);
}

/** The lines of an access log. */
const linesOf = (log: string): readonly unknown[] =>
  log.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)));

const counted = (answers: readonly string[], answer: string): number =>
  answers.filter((each) => each === answer).length;

async function repeated<T>(times: number, ask: () => Promise<T>): Promise<readonly T[]> {
  const answers: T[] = [];
  for (let index = 0; index < times; index += 1) answers.push(await ask());
  return answers;
}

const tls443 = { port: 443, serves: { kind: 'tls' } } as const;
const tcp = { port: 5432, serves: { kind: 'tcp' } } as const;
const udp = { port: 53, serves: { kind: 'udp' } } as const;

test('TLS is terminated or passed through by the most specific server name, and others are closed', async () => {
  const through = connectionRoute('TLSRoute', 'through', { passed: 1 }, { hostnames: ['a.shop.com', '*.b.shop.com'] });
  const ended = connectionRoute('TLSRoute', 'ended', { plain: 1 }, { hostnames: ['*.org'] });
  const routes = [through, ended];
  const { envoyPort } = await startModelledEnvoy(
    topologyOf(
      [
        portOf(
          tls443,
          [
            { name: 'passthrough', hostname: '*.shop.com', tlsMode: 'Passthrough' },
            { name: 'terminate', hostname: '*.org', tlsMode: 'Terminate' },
            { name: 'nobody', hostname: 'closed.org', tlsMode: 'Terminate', routes: [] },
          ],
          routes,
        ),
      ],
      routes,
    ),
    { backends: { passed: await tlsBackend('passed'), plain: named('plain') } },
  );
  const passed = { certificate: 'DNS:backend.test', text: 'passed' };
  const plain = { certificate: 'DNS:a.com', text: 'plain' };
  expect(await viaTls(envoyPort, 'a.shop.com')).toEqual(passed);
  expect(await viaTls(envoyPort, 'A.Shop.com')).toEqual(passed);
  expect(await viaTls(envoyPort, 'x.y.b.shop.com')).toEqual(passed);
  expect(await viaTls(envoyPort, 'any.org')).toEqual(plain);
  for (const name of ['c.shop.com', 'b.shop.com', 'closed.org', 'other.net', undefined])
    expect([name, await viaTls(envoyPort, name)]).toEqual([name, undefined]);
  // It is not TLS.
  const plaintext = connect(envoyPort, '127.0.0.1');
  plaintext.write('GET / HTTP/1.1\r\nHost: a.shop.com\r\n\r\n');
  expect(await readAll(plaintext)).toBe('');
});

test('HTTPS and TLS share a port: each server name belongs to the most specific listener', async () => {
  const web = route('web', [{ action: forwardTo('app') }]);
  const through = connectionRoute('TLSRoute', 'through', { passed: 1 }, { hostnames: ['*.shop.com'] });
  const routes = [web, through];
  const { envoyPort } = await startModelledEnvoy(
    topologyOf(
      [
        portOf(
          { port: 443, serves: { kind: 'http', tls: true } },
          [
            { name: 'web', hostname: 'www.shop.com' },
            { name: 'any' },
            { name: 'bare', hostname: 'bare.shop.com', certificates: [] },
          ],
          [web],
        ),
        portOf(tls443, [{ name: 'through', hostname: '*.shop.com', tlsMode: 'Passthrough' }], [through]),
      ],
      routes,
    ),
    { backends: { passed: await tlsBackend('passed') } },
  );
  expect(await viaTls(envoyPort, 'db.shop.com')).toEqual({ certificate: 'DNS:backend.test', text: 'passed' });
  // An HTTPS listener without a certificate does not give its host to the TLS listener.
  expect(await viaTls(envoyPort, 'bare.shop.com')).toBeUndefined();
  const status = async (servername: string, host: string): Promise<string> => {
    const socket = connectTls({ host: '127.0.0.1', port: envoyPort, servername, rejectUnauthorized: false });
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return (await readAll(socket)).slice(9, 12);
  };
  expect(await status('www.shop.com', 'www.shop.com')).toBe('200');
  // A client may use its connection for another host of the certificate.
  expect(await status('www.shop.com', 'db.shop.com')).toBe('421');
  expect(await status('other.net', 'db.shop.com')).toBe('421');
  expect(await status('other.net', 'other.net')).toBe('200');
});

test('a TCP port forwards by weight, and the share of an invalid backend and of one without pods is closed', async () => {
  const one = connectionRoute('TCPRoute', 'db', { a: 50, b: 25, invalid: 15, empty: 10 });
  const { envoyPort, accessLog } = await startModelledEnvoy(
    topologyOf([portOf(tcp, [{ name: 'tcp' }], [one])], [one]),
    {
      backends: { a: named('a'), b: named('b'), empty: undefined },
    },
  );
  const answers = await repeated(400, () => viaTcp(envoyPort));
  expect(counted(answers, 'a') / 4).toBeCloseTo(50, -1);
  expect(counted(answers, 'b') / 4).toBeCloseTo(25, -1);
  expect(counted(answers, '') / 4).toBeCloseTo(25, -1);
  expect(counted(answers, 'a') + counted(answers, 'b') + counted(answers, '')).toBe(400);
  await expect
    .poll(() => linesOf(accessLog()), { timeout: 15_000 })
    .toContainEqual(expect.objectContaining({ listener: 'tcp/5432', route: 'TCPRoute/shop/db', sent: 1, flags: '-' }));
});

test('a TCP port without a route or without a valid backend closes each connection', async () => {
  const invalid = connectionRoute('TCPRoute', 'invalid', { invalid: 1 });
  const other = { port: 5433, serves: { kind: 'tcp' } } as const;
  const { envoyPorts } = await startModelledEnvoy(
    topologyOf([portOf(tcp, [{ name: 'none' }], []), portOf(other, [{ name: 'invalid' }], [invalid])], [invalid]),
  );
  for (const port of envoyPorts.slice(0, 2)) expect(await viaTcp(port)).toBe('');
});

test('a change of weights or backends ends no connection', async () => {
  const greet: Backend = {
    tcp: (socket) => void socket.on('data', (bytes) => socket.write(`got ${bytes.toString()}`)),
  };
  const topology = (weights: Readonly<Record<string, number>>) => {
    const db = connectionRoute('TCPRoute', 'db', weights);
    return topologyOf([portOf(tcp, [{ name: 'tcp' }], [db])], [db]);
  };
  const { envoyPort, publish } = await startModelledEnvoy(topology({ greet: 1 }), {
    backends: { greet, b: named('b') },
  });
  const socket = connect(envoyPort, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const said = async (words: string): Promise<string> => {
    socket.write(words);
    const [bytes] = await once(socket, 'data');
    return String(bytes);
  };
  expect(await said('one')).toBe('got one');
  await publish(topology({ b: 1 }));
  // `greet` ends no connection.
  await expect.poll(() => Promise.race([viaTcp(envoyPort), sleep(50, 'greet')])).toBe('b');
  expect(await said('two')).toBe('got two');
});

test('UDP clients get answers, by weight; the share of an invalid backend is dropped', async () => {
  const dns = connectionRoute('UDPRoute', 'dns', { a: 60, b: 20, invalid: 20 });
  const { envoyPort, publish, accessLog } = await startModelledEnvoy(
    topologyOf([portOf(udp, [{ name: 'udp' }], [dns])], [dns]),
    { backends: { a: udpNamed('a'), b: udpNamed('b') } },
  );
  const answers = await viaUdp(envoyPort, 300);
  const from = (name: string): number => answers.filter((each, index) => each === `${name} ${index}`).length / 3;
  expect(from('a')).toBeCloseTo(60, -1);
  expect(from('b')).toBeCloseTo(20, -1);
  expect(answers.filter((each) => each === undefined).length / 3).toBeCloseTo(20, -1);
  const only = connectionRoute('UDPRoute', 'dns', { b: 1 });
  await publish(topologyOf([portOf(udp, [{ name: 'udp' }], [only])], [only]));
  const names = async () => new Set((await viaUdp(envoyPort, 10)).map((each) => each?.slice(0, 1)));
  await expect.poll(names, { timeout: 10_000 }).toEqual(new Set(['b']));
  await publish(topologyOf([portOf(udp, [{ name: 'udp' }], [])], []));
  expect(await viaUdp(envoyPort, 5)).toEqual(Array.from({ length: 5 }));
  // A session ends with its listener.
  await expect
    .poll(() => linesOf(accessLog()), { timeout: 15_000 })
    .toContainEqual(expect.objectContaining({ route: 'UDPRoute/shop/dns', received: 1, sent: 3 }));
});

test('TCP and UDP of one number are two ports, and the datagrams of one client go to one backend', async () => {
  const dns = connectionRoute('UDPRoute', 'dns', { a: 1, b: 1 });
  const transfer = connectionRoute('TCPRoute', 'transfer', { c: 1 });
  const both = { port: 53, serves: { kind: 'tcp' } } as const;
  const { envoyPort } = await startModelledEnvoy(
    topologyOf([portOf(both, [{ name: 'tcp' }], [transfer]), portOf(udp, [{ name: 'udp' }], [dns])], [dns, transfer]),
    { backends: { a: udpNamed('a'), b: udpNamed('b'), c: named('c') } },
  );
  expect(await viaTcp(envoyPort)).toBe('c');
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  const answers = await repeated(10, async () => {
    socket.send('x', envoyPort, '127.0.0.1');
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(2_000) });
    return String(message);
  });
  expect(new Set(answers).size).toBe(1);
  socket.send('x'.repeat(60_000), envoyPort, '127.0.0.1');
  const [large] = await once(socket, 'message', { signal: AbortSignal.timeout(2_000) });
  expect(String(large)).toHaveLength(60_002);
});
