// docs.aws.amazon.com/elasticloadbalancing/latest/application/{create-https-listener,https-listener-certificates,
// load-balancer-target-groups}.html
import {
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import {
  type Action,
  AddListenerCertificatesCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward, present } from '../testing/embedded.ts';
import {
  ask,
  Backend,
  groupOf,
  healthOf,
  importCertificate,
  mapped,
  portOffset,
  startForwarding,
} from './testing/forwarding.ts';

const https = async (aws: Embedded, CertificateArn: string, DefaultActions: Action[]) =>
  await aws.listener(await aws.loadBalancer(), {
    Protocol: 'HTTPS',
    Port: 443,
    Certificates: [{ CertificateArn }],
    DefaultActions,
  });

/** The name in the presented certificate. */
async function shown(aws: Embedded, servername?: string): Promise<string | undefined> {
  const { address } = present(aws.aws.reachable()[0]);
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const name = servername === undefined ? {} : { servername };
  const socket = connectTls({ host: address, port: 443 + portOffset, rejectUnauthorized: false, ...name }, () => {
    resolve(socket.getPeerCertificate().subject.CN?.toString());
    socket.destroy();
  });
  socket.once('error', reject);
  return await promise;
}

/** The negotiated protocol of a client that prefers HTTP/2. */
async function agreed(aws: Embedded): Promise<string | false | null> {
  const { address } = present(aws.aws.reachable()[0]);
  const ALPNProtocols = ['h2', 'http/1.1'];
  const options = { host: address, port: 443 + portOffset, rejectUnauthorized: false, ALPNProtocols };
  const { promise, resolve, reject } = Promise.withResolvers<string | false | null>();
  const socket = connectTls(options, () => resolve(socket.alpnProtocol));
  socket.once('error', reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

interface Http2Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
}

async function askHttp2(aws: Embedded, headers: Record<string, string>, body = ''): Promise<Http2Answer> {
  const { address } = present(aws.aws.reachable()[0]);
  const session = connect(`https://${address}:${443 + portOffset}`, { rejectUnauthorized: false });
  const stream = session.request({ ':authority': 'example.com', ...headers }, { endStream: false });
  stream.end(body);
  let [answered, trailers]: IncomingHttpHeaders[] = [{}, {}];
  stream.once('response', (received) => (answered = received));
  stream.once('trailers', (received) => (trailers = received));
  try {
    return { body: await text(stream), headers: answered ?? {}, trailers: trailers ?? {} };
  } finally {
    session.close();
  }
}

/** An HTTP/2 server without TLS, on an address of the VPC. */
async function http2Backend(
  address: string,
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
) {
  const server = createHttp2Server();
  server.on('stream', answer);
  await new Promise<void>((resolve) => {
    server.listen(0, mapped(address), resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  return { target: { Id: address, Port: port }, [Symbol.dispose]: () => server.close() };
}

// docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html, connection idle timeout
test('an idle connection is kept for as long with TLS as without', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  const DefaultActions = forward(await groupOf(aws, [backend]));
  await https(aws, await importCertificate(aws, ['example.com']), DefaultActions);
  const { address } = present(aws.aws.reachable()[0]);
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const { promise, resolve, reject } = Promise.withResolvers<string | string[] | undefined>();
  const asked = request({ host: address, port: 443 + portOffset, agent }, ({ headers }) => {
    resolve(headers['keep-alive']);
  });
  asked.once('error', reject);
  asked.end();
  expect(await promise).toBe('timeout=60');
  agent.destroy();
});

test('the certificate is that of the name asked for, else the default one, and changes for the next client', async () => {
  await using aws = await startForwarding();
  const [fallback, wild, exact] = [
    await importCertificate(aws, ['default.test']),
    await importCertificate(aws, ['*.example.com']),
    await importCertificate(aws, ['shop.test']),
  ];
  await using backend = await Backend.start('10.0.48.9');
  const ListenerArn = await https(aws, fallback, forward(await groupOf(aws, [backend])));
  expect(await shown(aws, 'www.example.com')).toBe('default.test');
  const Certificates = [{ CertificateArn: wild }, { CertificateArn: exact }];
  await aws.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates }));
  expect(await shown(aws, 'www.example.com')).toBe('*.example.com');
  expect(await shown(aws, 'SHOP.test')).toBe('shop.test');
  expect(await shown(aws, 'a.b.example.com')).toBe('default.test');
  expect(await shown(aws)).toBe('default.test');
  const changed = { ListenerArn, Certificates: [{ CertificateArn: exact }] };
  await aws.elb.send(new ModifyListenerCommand(changed));
  expect(await shown(aws)).toBe('shop.test');
});

test('of the list the very name comes before a wildcard, and the default certificate counts only where it is in it', async () => {
  await using aws = await startForwarding();
  const exact = await importCertificate(aws, ['shop.example.com'], 'RSA_2048');
  const wild = await importCertificate(aws, ['*.example.com']);
  await using backend = await Backend.start('10.0.48.9');
  const ListenerArn = await https(aws, exact, forward(await groupOf(aws, [backend])));
  const add = (CertificateArn: string) =>
    aws.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates: [{ CertificateArn }] }));
  await add(wild);
  expect(await shown(aws, 'shop.example.com')).toBe('*.example.com');
  await add(exact);
  expect(await shown(aws, 'shop.example.com')).toBe('shop.example.com');
  expect(await shown(aws, 'other.example.com')).toBe('*.example.com');
});

test('a listener refuses TLS versions that its policy does not have', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  const ListenerArn = await https(
    aws,
    await importCertificate(aws, ['a.test']),
    forward(await groupOf(aws, [backend])),
  );
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, SslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06' }));
  const { address } = present(aws.aws.reachable()[0]);
  const attempt = new Promise((resolve, reject) => {
    const options = {
      host: address,
      port: 443 + portOffset,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
    } as const;
    connectTls(options, () => resolve('connected')).once('error', reject);
  });
  await expect(attempt).rejects.toThrow('protocol version');
});

test('HTTP/1.1 and HTTP/2 clients of an HTTPS listener reach an HTTP/1 target', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9', (incoming, response) => {
    void text(incoming).then((body) => response.end(`${incoming.headers.host} ${incoming.headers.cookie} ${body}`));
  });
  await https(aws, await importCertificate(aws, ['example.com']), forward(await groupOf(aws, [backend])));
  const plain = await ask(aws, '/', { port: 443, servername: 'example.com', headers: { cookie: 'a=1' } });
  expect(plain.status).toBe(200);
  const answer = await askHttp2(aws, { ':method': 'POST', ':path': '/x', cookie: 'a=1; b=2' }, 'hello');
  expect([answer.headers[':status'], answer.body]).toEqual([200, 'example.com a=1; b=2 hello']);
  expect(backend.received[1]?.headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' });
});

test('a gRPC target group carries trailers, is checked with gRPC, and refuses HTTP/1.1 with 464', async () => {
  await using aws = await startForwarding();
  using backend = await http2Backend('10.0.48.9', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/AWS.ALB/healthcheck') {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end([headers.te, headers[':authority']].join(' '));
  });
  const TargetGroupArn = await aws.targetGroup({ ProtocolVersion: 'GRPC' });
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [backend.target] }));
  await https(aws, await importCertificate(aws, ['example.com']), forward(TargetGroupArn));
  await vi.waitFor(async () => expect(await healthOf(aws, TargetGroupArn)).toEqual(['healthy']));
  const answer = await askHttp2(aws, { ':method': 'POST', ':path': '/svc/Method', te: 'trailers' }, 'message');
  expect([answer.body, answer.trailers['grpc-status']]).toEqual(['trailers example.com', '0']);
  expect((await ask(aws, '/', { port: 443, servername: 'example.com' })).status).toBe(464);
});

test('an HTTP2 target that refuses the connection is answered with 502', async () => {
  await using aws = await startForwarding();
  const gone = await Backend.start('10.0.48.9');
  await gone[Symbol.asyncDispose]();
  const group = await groupOf(aws, [gone], { ProtocolVersion: 'HTTP2' });
  await https(aws, await importCertificate(aws, ['example.com']), forward(group));
  const answer = await askHttp2(aws, { ':path': '/' });
  expect([answer.headers[':status'], answer.headers.server]).toEqual([502, 'awselb/2.0']);
});

test('HTTP/2 is not agreed upon where the load balancer has it turned off', async () => {
  await using aws = await startForwarding();
  const LoadBalancerArn = await aws.loadBalancer();
  const Certificates = [{ CertificateArn: await importCertificate(aws, ['example.com']) }];
  await aws.listener(LoadBalancerArn, { Protocol: 'HTTPS', Port: 443, Certificates });
  expect(await agreed(aws)).toBe('h2');
  const Attributes = [{ Key: 'routing.http2.enabled', Value: 'false' }];
  await aws.elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
  expect(await agreed(aws)).toBe('http/1.1');
});

test('a connection of HTTP/2 ends with its 10,000th request, and every request is answered', async () => {
  await using aws = await startForwarding();
  const Certificates = [{ CertificateArn: await importCertificate(aws, ['example.com']) }];
  await aws.listener(await aws.loadBalancer(), { Protocol: 'HTTPS', Port: 443, Certificates });
  const { address } = present(aws.aws.reachable()[0]);
  const session = connect(`https://${address}:${443 + portOffset}`, { rejectUnauthorized: false });
  const left = Promise.withResolvers<void>();
  session.once('goaway', () => left.resolve());
  const once = async () => {
    const stream = session.request({ ':authority': 'example.com' });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    stream.once('response', (headers) => resolve(headers[':status']));
    stream.once('error', reject);
    stream.resume();
    return await promise;
  };
  const statuses = new Map<unknown, number>();
  for (let batch = 0; batch < 100; batch += 1) {
    for (const status of await Promise.all(Array.from({ length: 100 }, once))) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  expect([...statuses]).toEqual([[404, 10_000]]);
  await left.promise;
}, 120_000);
