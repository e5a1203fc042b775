// The load balancer's own answers: docs.aws.amazon.com/elasticloadbalancing/latest/application/
// load-balancer-troubleshooting.html
import { connect, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Action,
  ModifyListenerAttributesCommand,
  ModifyLoadBalancerAttributesCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeAll, expect, test } from 'vitest';
import { TestClock } from '../testing/client.ts';
import { type Embedded, forward, notFound, path, present } from '../testing/embedded.ts';
import { ask, Backend, groupOf, importCertificate, mapped, portOffset, startForwarding } from './testing/forwarding.ts';

let aws: Embedded;
let backend: Backend;
let LoadBalancerArn: string;
let ListenerArn: string;

beforeAll(async () => {
  aws = await startForwarding();
  backend = await Backend.start('10.0.48.9');
  LoadBalancerArn = await aws.loadBalancer();
  ListenerArn = await aws.listener(LoadBalancerArn, { DefaultActions: forward(await groupOf(aws, [backend])) });
  return async () => {
    await backend[Symbol.asyncDispose]();
    await aws[Symbol.asyncDispose]();
  };
});

/** Sends only these bytes. @returns everything until the load balancer ends the connection. */
async function say(bytes: string, port = 80): Promise<string> {
  const { address } = present(aws.aws.reachable()[0]);
  const socket = connect(port + portOffset, address);
  socket.write(bytes);
  return await text(socket);
}

const get = (headers: string, target = '/', version = '1.1') =>
  `GET ${target} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n${headers}\r\n`;
const addresses = (count: number) =>
  `X-Forwarded-For: ${Array.from({ length: count }, () => '192.0.2.1').join(', ')}\r\n`;
const large = (count: number, size: number) =>
  Array.from({ length: count }, (_, index) => `X-${index}: ${'x'.repeat(size)}\r\n`).join('');

test.each([
  ['a request line above 16 K', get('', `/${'x'.repeat(17_000)}`), 414],
  ['a header above 16 K', get(large(1, 17_000)), 400],
  ['headers above 64 K', get(large(6, 12_000)), 400],
  ['headers of 60 K', get(large(5, 12_000)), 200],
  ['a header beyond all measure', get(large(1, 300_000)), 400],
  ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ['nonsense', 'what is this\r\n\r\n', 400],
  ['30 forwarded addresses', get(addresses(30)), 200],
  ['31 forwarded addresses', get(addresses(31)), 463],
  ['an unknown transfer coding', get('Transfer-Encoding: gzip\r\n'), 501],
  ['one before chunked', get('Transfer-Encoding: gzip, chunked\r\n').concat('0\r\n\r\n'), 501],
  ['a later HTTP', 'GET / HTTP/3.0\r\nHost: a\r\n\r\n', 505],
  ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 200],
])('%s is answered as documented', async (_, bytes, status) => {
  const before = backend.received.length;
  const said = await say(bytes);
  expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(backend.received.length - before).toBe(status === 200 ? 1 : 0);
  expect(/\r\nserver: awselb\/2\.0\r\n/i.test(said)).toBe(status !== 200);
});

test('an HTTP/1.0 client gets an answer without chunks, and its target an HTTP/1.1 request', async () => {
  await using streaming = await Backend.start('10.0.48.10', (_, response) => {
    response.write('in ');
    response.end('parts');
  });
  await aws.rule(ListenerArn, 1, {
    Conditions: path('/parts'),
    Actions: forward(await groupOf(aws, [streaming], { Name: 'parts' })),
  });
  const said = await say('GET /parts HTTP/1.0\r\nHost: example.com\r\n\r\n');
  expect(said).toMatch(/\r\n\r\nin parts$/);
  expect(said).not.toMatch(/transfer-encoding/i);
  expect(streaming.received[0]?.httpVersion).toBe('1.1');
});

const attributes = (...pairs: readonly (readonly [string, string])[]) => ({
  Attributes: pairs.map(([Key, Value]) => ({ Key, Value })),
});

test('a client that stops in the middle of a request is answered 408 after the idle timeout', async () => {
  const patience = (seconds: string) =>
    aws.elb.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn,
        ...attributes(['idle_timeout.timeout_seconds', seconds]),
      }),
    );
  await patience('1');
  await using echo = await Backend.start('10.0.48.14', (incoming, response) => {
    text(incoming).then(
      (all) => response.end(all),
      () => response.destroy(),
    );
  });
  const group = await groupOf(aws, [echo], { Name: 'echo' });
  await aws.rule(ListenerArn, 5, { Conditions: path('/echo'), Actions: forward(group) });
  const [head, body] = await Promise.all([
    say('GET / HTTP/1.1\r\nHost:'),
    say('POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhalf'),
  ]);
  await patience('60');
  expect(head).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
  expect(body).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
});

test('a target whose headers are above 32 K is answered 502, and one of 20 K is passed on', async () => {
  await using wordy = await Backend.start('10.0.48.11', (incoming, response) => {
    const size = Number(incoming.headers['x-size']);
    response.writeHead(200, { 'x-a': 'a'.repeat(size / 2), 'x-b': 'b'.repeat(size / 2) }).end();
  });
  await aws.rule(ListenerArn, 2, {
    Conditions: path('/wordy'),
    Actions: forward(await groupOf(aws, [wordy], { Name: 'wordy' })),
  });
  const status = async (size: string) => (await ask(aws, '/wordy', { headers: { 'x-size': size } })).status;
  expect([await status('20000'), await status('34000')]).toEqual([200, 502]);
});

test('a target that accepts a connection but no TLS handshake is answered 504 after ten seconds', async () => {
  const silent = createTcpServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => {
    silent.listen(8443, mapped('10.0.48.12'), resolve);
  });
  const group = await groupOf(aws, [], { Name: 'silent', Protocol: 'HTTPS' });
  await aws.elb.send(
    new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: '10.0.48.12', Port: 8443 }] }),
  );
  await aws.rule(ListenerArn, 3, { Conditions: path('/silent'), Actions: forward(group) });
  const began = performance.now();
  expect((await ask(aws, '/silent')).status).toBe(504);
  expect(performance.now() - began).toBeLessThan(30_000);
  silent.close();
}, 40_000);

test('gRPC to a target group of HTTP/1.1 is answered 464', async () => {
  const answer = await ask(aws, '/', { method: 'POST', headers: { 'content-type': 'application/grpc' } });
  expect([answer.status, answer.body]).toEqual([464, expect.stringContaining('464 Incompatible Protocol Versions')]);
});

test('who is not authenticated is denied or let pass as the action says', async () => {
  const endpoint = 'https://idp.example.com';
  const AuthenticateOidcConfig = {
    Issuer: endpoint,
    AuthorizationEndpoint: `${endpoint}/authorize`,
    TokenEndpoint: `${endpoint}/token`,
    UserInfoEndpoint: `${endpoint}/user`,
    ClientId: 'client',
    ClientSecret: 'secret',
  };
  const CertificateArn = await importCertificate(aws, ['example.com']);
  const listener = await aws.listener(LoadBalancerArn, {
    Protocol: 'HTTPS',
    Port: 443,
    Certificates: [{ CertificateArn }],
    DefaultActions: notFound,
  });
  const oidc = (OnUnauthenticatedRequest: 'deny' | 'allow' | 'authenticate'): Action => ({
    Type: 'authenticate-oidc',
    Order: 1,
    AuthenticateOidcConfig: { ...AuthenticateOidcConfig, OnUnauthenticatedRequest },
  });
  const JwtValidationConfig = { JwksEndpoint: `${endpoint}/keys`, Issuer: endpoint };
  const cases = [
    ['deny', oidc('deny'), {}, 401],
    ['allow', oidc('allow'), {}, 200],
    ['ask', oidc('authenticate'), {}, 561],
    ['jwt', { Type: 'jwt-validation', Order: 1, JwtValidationConfig }, {}, 401],
    ['token', { Type: 'jwt-validation', Order: 1, JwtValidationConfig }, { authorization: 'Bearer x' }, 500],
  ] as const;
  const fixed: Action = { Type: 'fixed-response', Order: 2, FixedResponseConfig: { StatusCode: '200' } };
  for (const [index, [name, action, headers, status]] of cases.entries()) {
    await aws.rule(listener, index + 1, { Conditions: path(`/${name}`), Actions: [{ ...action }, fixed] });
    const answer = await ask(aws, `/${name}`, { port: 443, servername: 'example.com', headers });
    expect([name, answer.status]).toEqual([name, status]);
  }
});

test('answers have the headers that the listener inserts, and no Server header when it is turned off', async () => {
  await using chatty = await Backend.start('10.0.48.13', (_, response) => {
    response.writeHead(200, { server: 'chatty', 'x-frame-options': 'ALLOW', 'x-kept': '1' }).end();
  });
  await aws.rule(ListenerArn, 4, {
    Conditions: path('/chatty'),
    Actions: forward(await groupOf(aws, [chatty], { Name: 'chatty' })),
  });
  expect((await ask(aws, '/chatty')).headers).toMatchObject({ server: 'chatty', 'x-frame-options': 'ALLOW' });
  const response = 'routing.http.response';
  const set = attributes(
    [`${response}.server.enabled`, 'false'],
    [`${response}.x_frame_options.header_value`, 'DENY'],
    [`${response}.strict_transport_security.header_value`, 'max-age=60'],
  );
  await aws.elb.send(new ModifyListenerAttributesCommand({ ListenerArn, ...set }));
  const { headers } = await ask(aws, '/chatty');
  expect(headers).toMatchObject({
    'x-frame-options': 'DENY',
    'strict-transport-security': 'max-age=60',
    'x-kept': '1',
  });
  expect(headers.server).toBeUndefined();
  const unset = attributes([`${response}.server.enabled`, 'true']);
  await aws.elb.send(new ModifyListenerAttributesCommand({ ListenerArn, ...unset }));
});

test('header names that are not valid are dropped where the load balancer says so', async () => {
  const headers = { 'x-good': '1', x_bad: '1' };
  const drop = (value: string) =>
    aws.elb.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn,
        ...attributes(['routing.http.drop_invalid_header_fields.enabled', value]),
      }),
    );
  const seen = async () => {
    await ask(aws, '/', { headers });
    const received = backend.received.at(-1)?.headers ?? {};
    return [received['x-good'], received['x_bad']];
  };
  expect(await seen()).toEqual(['1', '1']);
  await drop('true');
  expect(await seen()).toEqual(['1', undefined]);
  await drop('false');
});

test('a connection ends with the first request after the client keep-alive duration', async () => {
  const clock = new TestClock();
  await using own = await startForwarding({ clock });
  // The other load balancer has the same address, but another port.
  await own.listener(await own.loadBalancer(), { Port: 81, DefaultActions: notFound });
  const { address } = present(own.aws.reachable()[0]);
  const socket = connect(81 + portOffset, address);
  const ended = text(socket);
  const once = async () => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await sleep(200);
  };
  await once();
  clock.advance(3599);
  await once();
  expect(socket.readableEnded).toBe(false);
  clock.advance(1);
  await once();
  expect((await ended).match(/connection: (\S+)/gi)?.map((line) => line.toLowerCase())).toEqual([
    'connection: keep-alive',
    'connection: keep-alive',
    'connection: close',
  ]);
});
