// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html, create-listener.html
import { connect as connectTcp } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls';
import { AddListenerCertificatesCommand, ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { selfSigned } from '../../acm/self-signed.ts';
import { type Embedded, forward } from '../../testing/embedded.ts';
import { importCertificate, portOffset, startForwarding } from '../testing/forwarding.ts';
import { Echo, groupOf, nodeOf } from './testing/echo.ts';

async function tlsCall(aws: Embedded, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const to = { host: nodeOf(aws), port: 443 + portOffset, rejectUnauthorized: false, allowHalfOpen: true };
  const socket = connect({ ...to, ...options });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

async function shown(aws: Embedded, servername?: string): Promise<string | undefined> {
  const socket = await tlsCall(aws, servername === undefined ? {} : { servername });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

async function listen(aws: Embedded, certificate: string, TargetGroupArn: string, input: object = {}) {
  return await aws.listener(await aws.loadBalancer({ Type: 'network' }), {
    Protocol: 'TLS',
    Port: 443,
    Certificates: [{ CertificateArn: certificate }],
    DefaultActions: forward(TargetGroupArn),
    ...input,
  });
}

test('TLS ends at the load balancer: a TCP target gets what the client says', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  await listen(aws, await importCertificate(aws, ['a.test']), await groupOf(aws, [echo]));
  const socket = await tlsCall(aws);
  const text = 'x'.repeat(200_000);
  socket.end(text);
  expect((await buffer(socket)).toString()).toBe(`10.0.48.9 ${nodeOf(aws)} ${text}`);
});

test('the certificate is that of the name asked for, else the default one, and changes for the next client', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  const [fallback, wild] = [await importCertificate(aws, ['a.test']), await importCertificate(aws, ['*.b.test'])];
  const ListenerArn = await listen(aws, fallback, await groupOf(aws, [echo]));
  await aws.elb.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates: [{ CertificateArn: wild }] }));
  expect([await shown(aws), await shown(aws, 'www.b.test')]).toEqual(['a.test', '*.b.test']);
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, Certificates: [{ CertificateArn: wild }] }));
  expect(await shown(aws)).toBe('*.b.test');
});

test('the security policy and the ALPN policy decide the protocols', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  const certificate = await importCertificate(aws, ['a.test']);
  const ListenerArn = await listen(aws, certificate, await groupOf(aws, [echo]));
  const agreed = async (...ALPNProtocols: string[]) => {
    const socket = await tlsCall(aws, { ALPNProtocols });
    socket.destroy();
    return socket.alpnProtocol;
  };
  expect(await agreed('h2', 'http/1.1')).toBe(false);
  const modify = (input: object) => aws.elb.send(new ModifyListenerCommand({ ListenerArn, ...input }));
  await modify({ AlpnPolicy: ['HTTP2Optional'] });
  expect(await agreed('h2', 'http/1.1')).toBe('http/1.1');
  await modify({ AlpnPolicy: ['HTTP2Preferred'] });
  expect(await agreed('http/1.1', 'h2')).toBe('h2');
  await modify({ AlpnPolicy: ['None'] });
  expect(await agreed('h2')).toBe(false);
  await modify({ SslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06' });
  await expect(tlsCall(aws, { maxVersion: 'TLSv1.2' })).rejects.toThrow('protocol version');
});

test('the connection to a TLS target uses TLS, with any certificate, and the negotiated protocol', async () => {
  await using aws = await startForwarding();
  const { certificatePem, privateKey } = await selfSigned(['wrong.test'], 'EC_prime256v1', 0, '01');
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const server = createServer({ cert: certificatePem, key, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (chunk) => socket.end(`${socket.alpnProtocol} ${chunk.toString()}`));
  });
  await using echo = await Echo.start('10.0.48.9', server);
  const certificate = await importCertificate(aws, ['a.test']);
  await listen(aws, certificate, await groupOf(aws, [echo], { Protocol: 'TLS' }), { AlpnPolicy: ['HTTP2Preferred'] });
  const socket = await tlsCall(aws, { ALPNProtocols: ['h2'] });
  socket.write('hello');
  expect((await buffer(socket)).toString()).toBe('h2 hello');
});

test('a client without TLS harms nobody', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  await listen(aws, await importCertificate(aws, ['a.test']), await groupOf(aws, [echo]));
  const socket = connectTcp(443 + portOffset, nodeOf(aws));
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await buffer(socket).catch(() => {});
  expect(await shown(aws)).toBe('a.test');
});
