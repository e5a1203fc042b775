import { ImportCertificateCommand } from '@aws-sdk/client-acm';
import { expect, test } from 'vitest';
import { type RequestableKey, selfSigned } from '../../../localstack/aws/acm/self-signed.ts';
import { readFaultPlan } from '../../../localstack/aws/faults/plan.ts';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from '../model/naming.ts';
import { gatewayOwner } from '../model/owner.ts';
import type { CertificateUse, Model } from '../model/resources.ts';
import { eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { executePlan } from './execute.ts';

const rig = eachTestOnAws();

const secret = objectKey({ namespace: 'shop', name: 'tls' });
const other = objectKey({ namespace: 'shop', name: 'other' });
let serial = 1;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Changes the Secret like a rotation. */
async function rotate(algorithm: RequestableKey): Promise<void> {
  serial += 1;
  const { certificatePem, privateKey } = await selfSigned(
    ['shop.example.com'],
    algorithm,
    Date.now() - 1000,
    serial.toString(16).padStart(16, '1'),
  );
  rig.kept.secrets.set(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'tls' },
    data: {
      'tls.crt': base64(certificatePem),
      'tls.key': base64(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    },
  });
}

const certificates = () => [...rig.aws.world().acm.certificates.values()];
const inUse = () => [...rig.aws.world().elbv2.listeners.values()].map(({ defaultCertificate }) => defaultCertificate);

test('a renewed certificate of the same kind keeps its ARN, and no listener notices', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  await controller.apply(rig.model({ secret }));
  const [first] = certificates();
  expect(inUse()).toEqual([first?.arn]);
  const before = first?.x509?.serial;
  await rotate('EC_prime256v1');
  rig.aws.calls.zero();
  const renewed = rig.model({ secret });
  expect((await controller.apply(renewed)).problems).toEqual([]);
  expect(certificates().map(({ arn }) => arn)).toEqual([first?.arn]);
  expect(first?.x509?.serial).not.toBe(before);
  expect(rig.aws.calls.counts().byAction).toEqual({ 'acm:AddTagsToCertificate': 1, 'acm:ImportCertificate': 1 });
  expect((await rig.start()).plan(renewed)).toMatchObject({ steps: [] });
});

test('a Secret full of beginnings of certificates is imported as it was checked, and holds nobody up', async () => {
  await rotate('EC_prime256v1');
  const good = rig.kept.secrets.get(secret);
  if (good === undefined) throw new Error('Expected a Secret');
  const text = (name: string) => Buffer.from(good.data?.[name] ?? '', 'base64').toString();
  const noise = '-----BEGIN CERTIFICATE-----\n'.repeat(30_000);
  rig.kept.secrets.set(secret, { ...good, data: { ...good.data, 'tls.crt': base64(noise + text('tls.crt') + noise) } });
  const controller = await rig.start();
  const started = performance.now();
  expect((await controller.apply(rig.model({ secret }))).problems).toEqual([]);
  // When the Secret was read once for each of its beginnings, this took most of a minute.
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(certificates()).toHaveLength(1);
});

test('a certificate of another kind is imported anew, switched to, and the old one can go', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  await controller.apply(rig.model({ secret }));
  const [old] = certificates();
  await rotate('RSA_2048');
  const renewed = rig.model({ secret, keyAlgorithm: 'RSA_2048' });
  const outcome = await controller.apply(renewed);
  expect(outcome).toMatchObject({ problems: [], again: true });
  expect((await controller.apply(renewed)).problems).toEqual([]);
  expect(controller.plan(renewed)).toMatchObject({ steps: [] });
  const anew = certificates().find(({ arn }) => arn !== old?.arn);
  expect(inUse()).toEqual([anew?.arn]);
  const [outdated] = controller.inventory.outdatedCertificates();
  expect(outdated?.arn).toBe(old?.arn);
});

test('a controller that dies before it has switched to the new certificate switches after its restart', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  await controller.apply(rig.model({ secret }));
  await rotate('RSA_2048');
  const renewed = rig.model({ secret, keyAlgorithm: 'RSA_2048' });
  await controller.apply(renewed);
  const [, anew] = certificates();
  const next = await rig.start();
  await next.apply(renewed);
  expect(inUse()).toEqual([anew?.arn]);
  expect(next.plan(renewed)).toMatchObject({ steps: [] });
});

test('two Gateways with one Secret import it once', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  const key = objectKey({ namespace: 'shop', name: 'second' });
  const models = [rig.model({ secret }), rig.model({ secret, key })];
  const plans = models.map((model) => controller.plan(model));
  await Promise.all(
    plans.map((plan, index) =>
      executePlan(plan, { ...controller.context, owner: gatewayOwner(index === 0 ? gateway : key) }),
    ),
  );
  expect(certificates()).toHaveLength(1);
  expect(inUse()).toEqual([certificates()[0]?.arn, certificates()[0]?.arn]);
});

test('an import whose answer was lost is not repeated', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  const { acmOnce } = controller.clients;
  acmOnce.middlewareStack.add(
    (next) => async (args) => {
      await next(args);
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    },
    { step: 'build', name: 'lost' },
  );
  const model = rig.model({ secret });
  const { problems } = await controller.apply(model);
  expect(problems).toMatchObject([{ kind: 'cloud-unanswered', action: 'acm:ImportCertificate' }]);
  acmOnce.middlewareStack.remove('lost');
  expect((await controller.apply(model)).problems).toEqual([]);
  expect(certificates()).toHaveLength(1);
});

test('a key that is none reaches ACM, and neither the status nor a log', async () => {
  await rotate('EC_prime256v1');
  const kept = rig.kept.secrets.get(secret);
  const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n';
  if (kept === undefined) throw new Error('no Secret');
  rig.kept.secrets.set(secret, { ...kept, data: { ...kept.data, 'tls.key': base64(key) } });
  const { problems } = await (await rig.start()).apply(rig.model({ secret }));
  expect(problems).toMatchObject([{ kind: 'cloud-refused', action: 'acm:ImportCertificate' }]);
  expect(JSON.stringify(problems)).not.toContain('c2VjcmV0');
});

test('a Secret that is renewed after the plan was made is imported by the next pass, under its own fingerprint', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  const planned = rig.model({ secret });
  await rotate('EC_prime256v1');
  const { problems, done } = await controller.apply(planned);
  expect(problems).toEqual([]);
  expect(done).not.toContain('create certificate/shop/tls');
  expect(certificates()).toEqual([]);
  const next = rig.model({ secret });
  await controller.apply(next);
  await rotate('EC_prime256v1');
  const before = certificates()[0]?.x509?.serial;
  const renewed = rig.model({ secret });
  await rotate('EC_prime256v1');
  await controller.apply(renewed);
  expect(certificates()[0]?.x509?.serial).toBe(before);
  expect(controller.plan(next)).toMatchObject({ steps: [] });
});

test('a Secret that is gone meanwhile stops only its listener', async () => {
  const controller = await rig.start();
  const { problems, done } = await controller.apply(rig.model({ secret: other }));
  expect(problems).toEqual([]);
  expect(done.some((step) => step.startsWith('create load-balancer'))).toBe(true);
  expect(rig.aws.world().elbv2.listeners.size).toBe(0);
});

/** The model, with these certificates beside the default one on the Gateway's listener. */
function beside(model: Model, ...extraCertificates: readonly CertificateUse[]): Model {
  const resources = model.resources.map((each) => (each.kind === 'listener' ? { ...each, extraCertificates } : each));
  return { ...model, resources };
}

async function imported(name: string): Promise<string> {
  const { certificatePem, privateKey } = await selfSigned([name], 'EC_prime256v1', Date.now() - 1000, '42');
  const { clients } = await rig.start();
  const { CertificateArn = '' } = await clients.acm.send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(certificatePem),
      PrivateKey: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    }),
  );
  return CertificateArn;
}

const listed = () => [...rig.aws.world().elbv2.listeners.values()].flatMap((listener) => [...listener.certificates]);

test('a certificate that AWS has not is left out alone, and comes when AWS has it', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  const [good, gone] = [await imported('good.test'), await imported('gone.test')];
  const certificate = rig.aws.world().acm.certificates.get(gone);
  if (certificate === undefined) throw new Error('no certificate');
  rig.aws.world().acm.certificates.delete(gone);
  const model = beside(rig.model({ secret }), { arn: gone }, { arn: good });
  const { problems } = await controller.apply(model);
  expect(problems).toMatchObject([{ kind: 'cloud-refused', code: 'CertificateNotFound' }]);
  expect(listed()).toEqual([good]);
  rig.aws.world().acm.certificates.set(gone, certificate);
  expect((await controller.apply(model)).problems).toEqual([]);
  expect(listed().toSorted()).toEqual([good, gone].toSorted());
  expect(controller.plan(model)).toMatchObject({ steps: [] });
});

test('where there is no room for one more, the certificate that goes makes room for the one that comes', async () => {
  await rig.reopen({ quotas: { 'certificates-per-application-load-balancer': 1 } });
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  const [old, fresh] = [await imported('old.test'), await imported('new.test')];
  await controller.apply(beside(rig.model({ secret }), { arn: old }));
  expect((await controller.apply(beside(rig.model({ secret }), { arn: fresh }))).problems).toEqual([]);
  expect(listed()).toEqual([fresh]);
});

test('a Secret that ACM does not take keeps no other host of its port from being served', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  const good = await imported('good.test');
  rig.aws.faults.set(
    readFaultPlan({
      rules: [{ kind: 'error', code: 'LimitExceededException', status: 400, action: 'ImportCertificate' }],
    }),
  );
  const model = beside(rig.model({ secret }), { arn: good });
  const { problems } = await controller.apply(model);
  expect(problems).toMatchObject([{ kind: 'quota-reached', resource: 'certificate/shop/tls' }]);
  expect(inUse()).toEqual([good]);
  rig.aws.faults.set(readFaultPlan({}));
  expect((await controller.apply(model)).problems).toEqual([]);
  expect(inUse()).toEqual([certificates().find(({ arn }) => arn !== good)?.arn]);
  expect(controller.plan(model)).toMatchObject({ steps: [] });
});

test('while ACM does not answer, a certificate that is to be replaced goes on serving', async () => {
  await rotate('EC_prime256v1');
  const controller = await rig.start();
  const old = await imported('old.test');
  const model = rig.model({ secret });
  await controller.apply(beside(model, { arn: old }));
  const id = resourceId('certificate', other);
  const [kept] = [rig.kept.secrets.get(secret)];
  if (kept === undefined) throw new Error('no Secret');
  rig.kept.secrets.set(other, kept);
  const more = rig.model({ secret: other }).resources.filter((each) => each.id === id);
  const replaced = beside({ ...model, resources: [...more, ...model.resources] }, { certificate: id });
  rig.aws.faults.set(readFaultPlan({ rules: [{ kind: 'error', status: 500, action: 'ImportCertificate' }] }));
  await controller.apply(replaced);
  expect(listed()).toEqual([old]);
  rig.aws.faults.set(readFaultPlan({}));
  expect((await controller.apply(replaced)).problems).toEqual([]);
  expect(listed()).toHaveLength(1);
  expect(listed()).not.toContain(old);
});
