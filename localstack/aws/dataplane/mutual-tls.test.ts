// docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  AddTrustStoreRevocationsCommand,
  CreateTrustStoreCommand,
  ModifyListenerAttributesCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  type MutualAuthenticationAttributes,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { Authority, type Credentials, putObject } from '../testing/authority.ts';
import { type Embedded, forward, present } from '../testing/embedded.ts';
import { isTrusted, rfc2253 } from './client-certificate.ts';
import { ask, Backend, groupOf, importCertificate, portOffset, startForwarding } from './testing/forwarding.ts';

const trusted = new Authority('trusted-authority');
const stranger = new Authority('strange-authority');

/** An HTTPS listener with a backend that echoes the request's headers. */
async function serving(mode: (TrustStoreArn: string) => MutualAuthenticationAttributes) {
  const aws = await startForwarding();
  const backend = await Backend.start('10.0.48.9');
  await putObject(aws, 'ca.pem', trusted.pem);
  const bundle = { CaCertificatesBundleS3Bucket: 'certificates', CaCertificatesBundleS3Key: 'ca.pem' };
  const { TrustStores } = await aws.elb.send(new CreateTrustStoreCommand({ Name: 'clients', ...bundle }));
  const TrustStoreArn = present(TrustStores?.[0]?.TrustStoreArn);
  const LoadBalancerArn = await aws.loadBalancer();
  const ListenerArn = await aws.listener(LoadBalancerArn, {
    Protocol: 'HTTPS',
    Port: 443,
    Certificates: [{ CertificateArn: await importCertificate(aws, ['example.com']) }],
    DefaultActions: forward(await groupOf(aws, [backend])),
    MutualAuthentication: mode(TrustStoreArn),
  });
  const close = async () => {
    await backend[Symbol.asyncDispose]();
    await aws[Symbol.asyncDispose]();
  };
  return { aws, backend, TrustStoreArn, LoadBalancerArn, ListenerArn, [Symbol.asyncDispose]: close };
}

const asked = async (aws: Embedded, client: Partial<Credentials> = {}, headers = {}): Promise<number | string> =>
  await ask(aws, '/', { port: 443, servername: 'example.com', ...client, headers }).then(
    ({ status }) => status,
    () => 'cut off',
  );

const verify = (TrustStoreArn: string) => ({ Mode: 'verify', TrustStoreArn });

test('only clients with a certificate of the trust store get through, and targets get their identity', async () => {
  await using serves = await serving(verify);
  const { aws, backend } = serves;
  const client = trusted.client('client-1', { serial: '03a5b1' });
  const forged = { 'x-amzn-mtls-clientcert-subject': 'CN=admin', 'x-amzn-mtls-clientcert': 'forged' };
  expect(await asked(aws, client, forged)).toBe(200);
  expect(await asked(aws)).toBe('cut off');
  expect(await asked(aws, stranger.client('client-1'))).toBe('cut off');
  expect(await asked(aws, trusted.client('client-1', { lastsDays: -1 }))).toBe('cut off');
  const [received] = backend.received;
  expect(backend.received).toHaveLength(1);
  const { validFrom, validTo } = new X509Certificate(client.cert);
  const iso = (date: string) => new Date(date).toISOString().replace('.000', '');
  expect(received?.headers).toMatchObject({
    'x-amzn-mtls-clientcert-serial-number': '03A5B1',
    'x-amzn-mtls-clientcert-subject': 'CN=client-1',
    'x-amzn-mtls-clientcert-issuer': 'CN=trusted-authority',
    'x-amzn-mtls-clientcert-validity': `NotBefore=${iso(validFrom)};NotAfter=${iso(validTo)}`,
  });
  expect(decodeURIComponent(String(received?.headers['x-amzn-mtls-clientcert-leaf']))).toBe(client.cert);
  expect(received?.headers['x-amzn-mtls-clientcert']).toBeUndefined();
});

test('expired client certificates are taken where the listener says so, strange ones all the same not', async () => {
  await using serves = await serving((arn) => ({ ...verify(arn), IgnoreClientCertificateExpiry: true }));
  expect(await asked(serves.aws, trusted.client('old', { lastsDays: -1 }))).toBe(200);
  expect(await asked(serves.aws, stranger.client('old', { lastsDays: -1 }))).toBe('cut off');
});

test('a client whose certificate is revoked does not get through', async () => {
  await using serves = await serving(verify);
  const { aws, TrustStoreArn } = serves;
  const client = trusted.client('client-1', { serial: '7a' });
  expect(await asked(aws, client)).toBe(200);
  await putObject(aws, 'strange.pem', stranger.revoking('7a'));
  await putObject(aws, 'trusted.pem', trusted.revoking('7a'));
  const revoke = (S3Key: string) => {
    const RevocationContents = [{ S3Bucket: 'certificates', S3Key, RevocationType: 'CRL' as const }];
    return aws.elb.send(new AddTrustStoreRevocationsCommand({ TrustStoreArn, RevocationContents }));
  };
  await revoke('strange.pem');
  expect(await asked(aws, client)).toBe(200);
  await revoke('trusted.pem');
  expect(await asked(aws, client)).toBe('cut off');
  expect(await asked(aws, trusted.client('client-2', { serial: '7b' }))).toBe(200);
});

test('passing through, any certificate or none will do, and targets get all that was shown', async () => {
  await using serves = await serving(() => ({ Mode: 'passthrough' }));
  const { aws, backend, ListenerArn } = serves;
  const client = stranger.client('client-1', { lastsDays: -1 });
  expect(await asked(aws, { ...client, cert: `${client.cert}${stranger.pem}` })).toBe(200);
  expect(await asked(aws, {}, { 'x-amzn-mtls-clientcert': 'forged' })).toBe(200);
  const received = () => backend.received.map(({ headers }) => headers['x-amzn-mtls-clientcert']);
  expect(received().map((each) => each && decodeURIComponent(String(each)))).toEqual([
    `${client.cert}${stranger.pem}`,
    undefined,
  ]);
  const Attributes = [{ Key: 'routing.http.request.x_amzn_mtls_clientcert.header_name', Value: 'X-Client' }];
  await aws.elb.send(new ModifyListenerAttributesCommand({ ListenerArn, Attributes }));
  expect(await asked(aws, client)).toBe(200);
  expect(decodeURIComponent(String(backend.received.at(-1)?.headers['x-client']))).toBe(client.cert);
});

test('a listener begins and ends to ask for certificates while it serves', async () => {
  await using serves = await serving(() => ({ Mode: 'off' }));
  const { aws, ListenerArn, TrustStoreArn } = serves;
  expect(await asked(aws)).toBe(200);
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, MutualAuthentication: verify(TrustStoreArn) }));
  expect(await asked(aws)).toBe('cut off');
  expect(await asked(aws, trusted.client('client-1'))).toBe(200);
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, MutualAuthentication: { Mode: 'off' } }));
  expect(await asked(aws)).toBe(200);
});

/** The server's unencrypted bytes in TLS 1.2, with its request for a certificate. */
async function handshake(aws: Embedded): Promise<string> {
  const { address } = present(aws.aws.reachable()[0]);
  const said: Buffer[] = [];
  const listening = createServer((client) => {
    const server = connectTcp(443 + portOffset, address);
    server.on('data', (chunk: Buffer) => said.push(chunk));
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => {
    listening.listen(0, '127.0.0.1', resolve);
  });
  const port = Number(Reflect.get(Object(listening.address()), 'port'));
  const client = { ...trusted.client('client-1'), maxVersion: 'TLSv1.2' as const, rejectUnauthorized: false };
  const tls = connectTls({ host: '127.0.0.1', port, servername: 'example.com', ...client });
  await new Promise<void>((resolve, reject) => {
    tls.once('secureConnect', resolve);
    tls.once('error', reject);
  });
  tls.destroy();
  listening.close();
  return Buffer.concat(said).toString('latin1');
}

test('clients get the names of the trust store if the listener says so', async () => {
  await using serves = await serving(verify);
  const { aws, ListenerArn, TrustStoreArn } = serves;
  expect(await handshake(aws)).not.toContain('trusted-authority');
  const MutualAuthentication = { ...verify(TrustStoreArn), AdvertiseTrustStoreCaNames: 'on' as const };
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, MutualAuthentication }));
  expect(await handshake(aws)).toContain('trusted-authority');
});

test('targets get the version and the cipher suite of TLS if the load balancer says so', async () => {
  await using serves = await serving(() => ({ Mode: 'off' }));
  const { aws, backend, LoadBalancerArn } = serves;
  await asked(aws);
  const Attributes = [{ Key: 'routing.http.x_amzn_tls_version_and_cipher_suite.enabled', Value: 'true' }];
  await aws.elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
  await asked(aws);
  const received = backend.received.map(({ headers }) => [
    headers['x-amzn-tls-version'],
    headers['x-amzn-tls-cipher-suite'],
  ]);
  expect(received).toEqual([
    [undefined, undefined],
    ['TLSv1.2', expect.stringMatching(/^ECDHE-ECDSA-/)],
  ]);
});

test('a certificate that an intermediate authority issued leads to the trust store by what the client shows', () => {
  const store = { bundle: trusted.pem, revocations: new Map() };
  const isTaken = (...pems: readonly string[]) =>
    isTrusted(
      pems.map((pem) => new X509Certificate(pem)),
      store,
      { ignoreExpiry: false, at: Date.now() },
    );
  const below = new Authority('below', trusted);
  const { cert } = below.client('a');
  expect([isTaken(cert), isTaken(cert, below.pem), isTaken(cert, stranger.pem)]).toEqual([false, true, false]);
  const impostor = new Authority('below', stranger);
  expect(isTaken(impostor.client('a').cert, impostor.pem, stranger.pem)).toBe(false);
});

test('names are written as RFC 2253 has them', () => {
  expect(rfc2253('C=US\nO=Acme\\, Inc\nCN=client')).toBe('CN=client,O=Acme\\, Inc,C=US');
});
