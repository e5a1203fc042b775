import { ImportCertificateCommand } from '@aws-sdk/client-acm';
import { beforeEach, expect, test } from 'vitest';
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts';
import { noFaults, readFaultPlan } from '../../../localstack/aws/faults/plan.ts';
import { systemClock } from '../../kube/clock.ts';
import { objectKey } from '../../kube/object.ts';
import { TAG } from '../observed.ts';
import { type Controller, cluster, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { CertificateOwners } from './certificate-owners.ts';

const secret = objectKey({ namespace: 'shop', name: 'tls' });

const rig = eachTestOnAws();

let controller: Controller;
let owners: CertificateOwners;
beforeEach(async () => {
  controller = await rig.start();
  const { clients, inventory } = controller;
  owners = new CertificateOwners({ clients, cluster, inventory, clock: systemClock });
});

async function keyPair() {
  const { certificatePem, privateKey } = await selfSigned(['shop.test'], 'EC_prime256v1', Date.now(), '01');
  return { cert: certificatePem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

async function importCertificate(tags: Readonly<Record<string, string>>): Promise<string> {
  const { cert, key } = await keyPair();
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { CertificateArn = '' } = await controller.clients.acm.send(
    new ImportCertificateCommand({ Certificate: Buffer.from(cert), PrivateKey: Buffer.from(key), Tags }),
  );
  return CertificateArn;
}

async function applyWithSecret(): Promise<void> {
  const { cert, key } = await keyPair();
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  rig.kept.secrets.set(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'tls' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(cert), 'tls.key': base64(key) },
  });
  await controller.apply(rig.model({ secret }));
}

/** The only listener's certificates among which SNI chooses. */
function listed(): Set<string> {
  const [listener] = rig.aws.world().elbv2.listeners.values();
  if (listener === undefined) throw new Error('no listener');
  return listener.certificates;
}

async function ownerOf(arn: string) {
  await owners.learn(gateway, [arn]);
  return owners.of(arn, gateway);
}

test('a certificate without our tags is for anyone, and AWS is asked once', async () => {
  const arn = await importCertificate({ team: 'shop' });
  expect(await ownerOf(arn)).toEqual({ kind: 'anyone' });
  rig.aws.calls.zero();
  expect(await ownerOf(arn)).toEqual({ kind: 'anyone' });
  expect(rig.aws.calls.counts().total).toBe(0);
});

test('what the Gatehouse of another cluster imported is for nobody here', async () => {
  const tags = { [TAG.cluster]: 'another', [TAG.clusterUid]: 'uid', [TAG.resource]: 'certificate/shop/tls' };
  expect(await ownerOf(await importCertificate(tags))).toEqual({ kind: 'another-cluster' });
  expect(await ownerOf(await importCertificate({ ...tags, [TAG.cluster]: cluster.clusterName }))).toEqual({
    kind: 'another-cluster',
  });
});

test('what we imported is its Secret’s, also where the inventory has not heard of it', async () => {
  const { clusterName, clusterUid } = cluster;
  const tags = { [TAG.cluster]: clusterName, [TAG.clusterUid]: clusterUid, [TAG.resource]: 'certificate/shop/tls' };
  const arn = await importCertificate(tags);
  expect(await ownerOf(arn)).toEqual({ kind: 'secret', secret });
});

test('what ACM has not is absent', async () => {
  const arn = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-4000-8000-000000000000';
  expect(await ownerOf(arn)).toEqual({ kind: 'absent' });
});

test('after a restart AWS is asked once which certificates are served by SNI', async () => {
  await applyWithSecret();
  const arn = await importCertificate({});
  listed().add(arn);
  const { inventory } = await rig.start();
  expect(inventory.servedBy(gateway).has(arn)).toBe(false);
  await inventory.learnServed(gateway);
  expect(inventory.servedBy(gateway).has(arn)).toBe(true);
  rig.aws.calls.zero();
  await inventory.learnServed(gateway);
  expect(rig.aws.calls.counts().total).toBe(0);
});

test('while AWS does not answer it is unknown whose a certificate is, but not whether it is served', async () => {
  await applyWithSecret();
  const arn = await importCertificate({});
  listed().add(arn);
  // After a restart.
  controller = await rig.start();
  const { clients, inventory } = controller;
  owners = new CertificateOwners({ clients, cluster, inventory, clock: systemClock });
  rig.aws.faults.set(readFaultPlan({ rules: [{ kind: 'error', code: 'AccessDeniedException', service: 'acm' }] }));
  expect(await ownerOf(arn)).toMatchObject({ kind: 'unknown', isServed: true });
  expect(await ownerOf(arn.replace(/.{4}$/, '0000'))).toMatchObject({ kind: 'unknown', isServed: false });
  rig.aws.faults.set(noFaults);
  expect(await ownerOf(arn)).toEqual({ kind: 'anyone' });
});
