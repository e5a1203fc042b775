// A certificate that Envoy refuses, though Node reads it, against a real Envoy: only its own listeners go without.
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { freePorts } from '../../localstack/cluster/ports.ts';
import { issueServerCertificate, makeAuthority } from '../../src/envoy/ads/issue.ts';
import { startAds, web } from '../../src/envoy/ads/testing/ads-under-test.ts';
import { buildEnvoy } from '../../src/envoy/model/build.ts';
import { finish } from '../../src/gateway/steps.ts';
import { certificate, portOf, topologyOf } from '../../src/gateway/testing/sample.ts';
import { objectKey } from '../../src/kube/object.ts';
import { startEnvoy } from './support/envoy.ts';

const within = { timeout: 10_000, interval: 50 };
const bad = objectKey({ namespace: 'evil', name: 'bad' });
const summary = { fingerprint: '', key: { type: 'RSA', bits: 2048 }, domainNames: [], notAfter: '' } as const;

/** With extensions, though of version 2. Translate refuses such a certificate, so the test goes around it. */
function asVersion2(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----[^-]*-----/g, ''), 'base64');
  der[der.indexOf(Buffer.from('a003020102', 'hex')) + 4] = 1;
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

const handshake = (port: number, servername: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

test("a tenant's certificate that Envoy refuses holds up no other listener of the port", {
  timeout: 60_000,
}, async () => {
  const ads = await startAds();
  const [port = 0] = await freePorts(1);
  const validity = { from: Date.now() - 60_000, until: Date.now() + 600_000 };
  const issued = await issueServerCertificate(await makeAuthority('test', validity), 'a.com', validity);
  const keyPairs = new Map([
    [certificate, { chain: issued.certificate, key: issued.key }],
    [bad, { chain: asVersion2(issued.certificate), key: issued.key }],
  ]);
  const publish = (good: readonly string[], evil: readonly string[]): void => {
    const listeners = [
      ...good.map((hostname) => ({ name: hostname, hostname })),
      ...evil.map((hostname) => ({
        name: hostname,
        hostname,
        certificates: [{ kind: 'secret' as const, secret: bad, certificate: summary }],
      })),
    ];
    const topology = topologyOf([portOf({ port: 443, serves: { kind: 'http', tls: true } }, listeners, [])], []);
    const model = finish(buildEnvoy(topology, { families: ['IPv4'], keyPairs, standingPorts: [[443, port]] }));
    ads.server.publish(web, { ...model.snapshot, endpoints: new Map() });
  };
  const rejected = (): readonly string[] =>
    ads.server.states(web).flatMap((state) => state.rejected.map(({ kind, name }) => `${kind} ${name}`));

  await startEnvoy({ pod: 'one', adsPort: ads.port, authorities: ads.authorities });
  publish(['a.com'], []);
  await expect.poll(() => handshake(port, 'a.com'), within).toBe(true);
  // One after another: Envoy knows the bad certificate when the second listener with it comes.
  publish(['a.com'], ['evil.com']);
  await expect.poll(rejected, within).toEqual(['secrets evil/bad evil.com']);
  publish(['a.com', 'b.com'], ['evil.com', 'evil2.com']);
  await expect.poll(() => handshake(port, 'b.com'), within).toBe(true);
  await expect.poll(rejected, within).toEqual(['secrets evil/bad evil.com', 'secrets evil/bad evil2.com']);
  publish(['a.com', 'b.com', 'c.com'], ['evil.com', 'evil2.com']);
  await expect.poll(() => handshake(port, 'c.com'), within).toBe(true);
  expect(await handshake(port, 'evil.com')).toBe(false);
});
