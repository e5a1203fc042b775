// TLS Secrets as certificates in ACM: imported, shared, rotated and removed.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ACMClient, ImportCertificateCommand } from '@aws-sdk/client-acm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueCertificate } from '../../localstack/aws/acm/issue.ts';
import { get, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { Listener } from '../../src/api/gateway-api.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, https, referenceGrant } from './support/objects.ts';
import { programmed, readGateway, removeAndWait, said } from './support/status.ts';
import { secretOf, tlsSecret } from './support/tls.ts';

let rig: Rig;
/** All private keys of Secrets in these tests. */
const keys: string[] = [];

beforeAll(async () => {
  rig = await startRig({ gatehouse: { flags: { 'log-level': 'debug' } } });
});
afterAll(() => rig.stop());

async function apply(...objects: readonly KubeObject[]): Promise<void> {
  for (const { stringData } of objects) {
    if (typeof stringData === 'object' && stringData !== null && 'tls.key' in stringData) {
      keys.push(String(stringData['tls.key']));
    }
  }
  await rig.apply(objects);
}

const byText = (a: string, b: string): number => a.localeCompare(b);

const rsa = (ns: string, name: string, ...hostnames: readonly string[]) => tlsSecret(ns, name, hostnames, 'RSA_2048');
const ecdsa = (ns: string, name: string, ...hostnames: readonly string[]) =>
  tlsSecret(ns, name, hostnames, 'EC_prime256v1');

/** A Secret's certificates in ACM. */
const imported = (ns: string, secret: string) =>
  [...rig.aws.world().acm.certificates.values()].filter(
    ({ tags }) => tags.get('gatehouse.dev/resource') === `certificate/${ns}/${secret}`,
  );

const listenerAt = (gw: string, port = 443) =>
  awsOf(rig, gw).listeners.find(({ listener }) => listener.port === port)?.listener;

const listenerConditions = async (ns: string, name = 'gw', listener = 'https') =>
  (await readGateway(rig, ns, name))?.status?.listeners?.find((status) => status.name === listener)?.conditions ?? [];

const unresolved = (ns: string, reason: string) =>
  eventually(async () => expect(said(await listenerConditions(ns))).toContain(`ResolvedRefs=False/${reason}`));

async function served(name: string, secrets: readonly KubeObject[], listeners: readonly Listener[]): Promise<string> {
  const ns = await rig.freshNamespace(name);
  await apply(...secrets.map((secret) => ({ ...secret, metadata: { ...secret.metadata, namespace: ns } })));
  await rig.apply([gateway(ns, 'gw', listeners)]);
  await programmed(rig, gateway(ns, 'gw'));
  return ns;
}

describe.concurrent('a certificate', () => {
  test('is imported once for all listeners and all Gateways that use its Secret, and goes with the last of them', async () => {
    const other = https(['site'], { name: 'other', port: 8443 });
    const ns = await served('shared', [await ecdsa('', 'site', 'example.com')], [https(['site']), other]);
    await rig.apply([gateway(ns, 'second', [https(['site'])])]);
    await programmed(rig, gateway(ns, 'second'));
    expect(imported(ns, 'site').map(({ domainName }) => domainName)).toEqual(['example.com']);
    const [certificate] = imported(ns, 'site');
    for (const listener of [listenerAt(`${ns}/gw`), listenerAt(`${ns}/gw`, 8443), listenerAt(`${ns}/second`)]) {
      expect(listener?.defaultCertificate).toBe(certificate?.arn);
    }
    await removeAndWait(rig, gateway(ns, 'gw'));
    expect(imported(ns, 'site')).toHaveLength(1);
    await removeAndWait(rig, gateway(ns, 'second'));
    expect(imported(ns, 'site')).toEqual([]);
  });

  test('beside the first one is chosen by the host that a client asks for', async () => {
    const secrets = [await ecdsa('', 'a', 'a.example.com'), await ecdsa('', 'b', 'b.example.com')];
    const c = await ecdsa('', 'c', 'c.example.com');
    const ns = await served(
      'sni',
      [...secrets, c],
      [https(['a', 'b'], { hostname: 'a.example.com' }), https(['c'], { name: 'c', hostname: 'c.example.com' })],
    );
    const arns = (...names: readonly string[]) =>
      names.map((name) => imported(ns, name)[0]?.arn ?? '').toSorted(byText);
    const held = () => {
      const listener = listenerAt(`${ns}/gw`);
      return [listener?.defaultCertificate ?? '', ...(listener?.certificates ?? [])].toSorted(byText);
    };
    await eventually(() => expect(held()).toEqual(arns('a', 'b', 'c')));
    await rig.apply([gateway(ns, 'gw', [https(['a'], { hostname: 'a.example.com' })])]);
    await eventually(() => expect(held()).toEqual(arns('a')));
    // Unused certificates are deleted from ACM.
    await eventually(() => expect([...imported(ns, 'b'), ...imported(ns, 'c')]).toEqual([]));
    expect(imported(ns, 'a')).toHaveLength(1);
  });

  test('that is in ACM already is used by its ARN, and stays there', async () => {
    const { leaf, key } = chain();
    const acm = new ACMClient({
      endpoint: rig.aws.url,
      region: rig.seed.region,
      credentials: { accessKeyId: 'user', secretAccessKey: 'user' },
    });
    const { CertificateArn: arn = '' } = await acm.send(
      new ImportCertificateCommand({
        Certificate: Buffer.from(leaf),
        PrivateKey: Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })),
      }),
    );
    acm.destroy();
    const options = { 'gatehouse.dev/certificate-arn': arn };
    const ns = await served('arn', [], [https([], { tls: { mode: 'Terminate', options } })]);
    expect(listenerAt(`${ns}/gw`)?.defaultCertificate).toBe(arn);
    await removeAndWait(rig, gateway(ns, 'gw'));
    expect(rig.aws.world().acm.certificates.has(arn)).toBe(true);
  });

  test('that was imported from another team’s Secret is for those who may refer to it, as long as they may', async () => {
    const owner = await served('owner', [await ecdsa('', 'site', 'example.com')], [https(['site'])]);
    const arn = imported(owner, 'site')[0]?.arn ?? '';
    const options = { 'gatehouse.dev/certificate-arn': arn };
    const ns = await rig.freshNamespace('borrower');
    await rig.apply([gateway(ns, 'gw', [https([], { tls: { mode: 'Terminate', options } })])]);
    await unresolved(ns, 'RefNotPermitted');
    expect(listenerAt(`${ns}/gw`)).toBeUndefined();
    const grant = referenceGrant(owner, ns, 'Gateway', { group: '', kind: 'Secret', name: 'site' });
    await rig.apply([grant]);
    await programmed(rig, gateway(ns, 'gw'));
    expect(listenerAt(`${ns}/gw`)?.defaultCertificate).toBe(arn);
    // Without the permission the certificate is removed, even the only one. The load balancer keeps its name.
    const name = awsOf(rig, `${ns}/gw`).loadBalancers[0]?.dnsName;
    await rig.remove([grant]);
    await unresolved(ns, 'RefNotPermitted');
    await eventually(() => expect(listenerAt(`${ns}/gw`)).toBeUndefined());
    expect(awsOf(rig, `${ns}/gw`).loadBalancers[0]?.dnsName).toBe(name);
    await rig.remove([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'site', namespace: owner } }]);
    expect(listenerAt(`${owner}/gw`)?.defaultCertificate).toBe(arn);
  });

  test('takes the chain of its issuers along, if it is in order', async () => {
    const { leaf, issuer, key } = chain();
    const good = secretOf('', 'good', leaf + issuer, key);
    const ns = await served('chain', [good], [https(['good'])]);
    expect(imported(ns, 'good')[0]?.material?.chainPem?.trim()).toBe(issuer.trim());
    await apply(secretOf(ns, 'bad', issuer + leaf, key));
    await rig.apply([gateway(ns, 'gw', [https(['bad'])])]);
    await unresolved(ns, 'InvalidCertificateRef');
    expect(imported(ns, 'bad')).toEqual([]);
  });

  test('that is expired, or not its key’s, is not imported, and its listener says why', async () => {
    const ns = await rig.freshNamespace('faulty');
    const day = 86_400_000;
    const { leaf, key } = chain(Date.now() - 3 * day, Date.now() - day);
    const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
    const other = chain();
    await apply(secretOf(ns, 'expired', leaf, key), secretOf(ns, 'mismatch', other.leaf, stranger));
    await rig.apply([gateway(ns, 'gw', [https(['expired'])])]);
    await unresolved(ns, 'InvalidCertificateRef');
    expect(JSON.stringify(await listenerConditions(ns))).toContain('expired on');
    await rig.apply([gateway(ns, 'gw', [https(['mismatch'])])]);
    await eventually(async () => expect(JSON.stringify(await listenerConditions(ns))).toContain('does not belong'));
    expect([...imported(ns, 'expired'), ...imported(ns, 'mismatch')]).toEqual([]);
  });
});

describe('a Secret', () => {
  test('with a new certificate of the same key type keeps its ARN and its tags, and no listener is touched', async () => {
    const ns = await served('renewed', [await rsa('', 'site', 'example.com')], [https(['site'])]);
    const [before] = imported(ns, 'site');
    const { arn, tags } = before ?? {};
    const tagsBefore = Object.fromEntries([...(tags ?? [])].filter(([key]) => key !== 'gatehouse.dev/spec'));
    rig.aws.calls.zero();
    await apply(await rsa(ns, 'site', 'example.com', 'www.example.com'));
    await eventually(() =>
      expect(imported(ns, 'site').map(({ subjectAlternativeNames }) => subjectAlternativeNames)).toEqual([
        ['example.com', 'www.example.com'],
      ]),
    );
    const [after] = imported(ns, 'site');
    expect(after?.arn).toBe(arn);
    expect(Object.fromEntries(after?.tags ?? [])).toMatchObject(tagsBefore);
    expect(listenerAt(`${ns}/gw`)?.defaultCertificate).toBe(arn);
    expect(Object.keys(rig.aws.calls.counts().byAction).filter((name) => name.includes('Listener'))).toEqual([]);
  });

  test('with a key of another type becomes a new certificate, which takes the place of the old one everywhere', async () => {
    const ns = await served(
      'retyped',
      [await rsa('', 'site', 'example.com'), await ecdsa('', 'first', 'first.example.com')],
      [https(['site']), https(['first', 'site'], { name: 'more', port: 8443 })],
    );
    const [before] = imported(ns, 'site');
    await apply(await ecdsa(ns, 'site', 'example.com'));
    await eventually(() => {
      expect(imported(ns, 'site').map(({ keyAlgorithm }) => keyAlgorithm)).toEqual(['EC_prime256v1']);
    });
    const [after] = imported(ns, 'site');
    expect(after?.arn).not.toBe(before?.arn);
    expect(listenerAt(`${ns}/gw`)?.defaultCertificate).toBe(after?.arn);
    expect([...(listenerAt(`${ns}/gw`, 8443)?.certificates ?? [])]).toEqual([after?.arn]);
    expect(said((await readGateway(rig, ns, 'gw'))?.status?.conditions)).toContain('Programmed=True/Programmed');
  });

  test('that is deleted and comes back is served again', async () => {
    const secret = await ecdsa('', 'site', 'example.com');
    const ns = await served('restored', [secret], [https(['site'])]);
    const restored = { ...secret, metadata: { ...secret.metadata, namespace: ns } };
    await rig.remove([restored]);
    await unresolved(ns, 'InvalidCertificateRef');
    await apply(restored);
    await eventually(async () =>
      expect(said(await listenerConditions(ns))).toEqual([
        'Accepted=True/Accepted',
        'Conflicted=False/NoConflicts',
        'Programmed=True/Programmed',
        'ResolvedRefs=True/ResolvedRefs',
      ]),
    );
    expect(listenerAt(`${ns}/gw`)?.defaultCertificate).toBe(imported(ns, 'site')[0]?.arn);
    expect(imported(ns, 'site')).toHaveLength(1);
  });
});

test('no private key is in the log, in a status or in an Event', async () => {
  const [gateways, events] = await Promise.all([
    get(rig.cluster.admin, '/apis/gateway.networking.k8s.io/v1/gateways'),
    get(rig.cluster.admin, '/apis/events.k8s.io/v1/events'),
  ]);
  const log = await readFile(rig.gatehouse.logFile, 'utf8');
  const text = [log, JSON.stringify(gateways), JSON.stringify(events)].join('\n');
  expect(log.length).toBeGreaterThan(1000);
  expect(text).not.toContain('PRIVATE KEY');
  expect(keys.length).toBeGreaterThan(10);
  for (const key of keys) {
    const body = key.split('\n').slice(1, -2);
    const forms = [...body, Buffer.from(key).toString('base64').slice(40, 100)];
    expect(forms.filter((form) => text.includes(form))).toEqual([]);
  }
});

/** A certificate and its issuer's certificate. */
function chain(notBefore = Date.now() - 60_000, notAfter = Date.now() + 86_400_000) {
  const authority = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const { publicKey, privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const issue = (commonName: string, dnsNames: readonly string[], of: KeyObject, serial: string) =>
    issueCertificate({
      commonName,
      dnsNames,
      publicKey: of,
      issuer: { commonName: 'Test CA', privateKey: authority.privateKey },
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      serial,
    });
  return {
    leaf: issue('example.com', ['example.com'], publicKey, '02'),
    issuer: issue('Test CA', [], authority.publicKey, '03'),
    key,
  };
}
