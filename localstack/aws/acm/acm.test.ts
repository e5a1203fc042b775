import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { Agent, createServer, get } from 'node:https';
import {
  ACMClient,
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  GetCertificateCommand,
  ImportCertificateCommand,
  type ImportCertificateCommandInput,
  ListCertificatesCommand,
  type ListCertificatesCommandInput,
  ListTagsForCertificateCommand,
  paginateListCertificates,
  RemoveTagsFromCertificateCommand,
  RequestCertificateCommand,
} from '@aws-sdk/client-acm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Aws, startAws } from '../server.ts';
import { clientOf, refusal, TestClock } from '../testing/client.ts';
import { issueCertificate } from './issue.ts';

const day = 86_400_000;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const largerRsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const authority = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

let clock: TestClock;
let aws: Aws;
let acm: ACMClient;

beforeEach(async () => {
  clock = new TestClock();
  aws = await startAws({ port: 0, clock, issuingSeconds: 5 });
  acm = new ACMClient(clientOf(aws));
});

afterEach(async () => {
  acm.destroy();
  await aws.close();
});

let serials = 10;
function certificateOf(
  keys: Pair,
  dnsNames: readonly string[],
  more: { issuer?: Pair; from?: number; to?: number } = {},
) {
  serials += 1;
  return issueCertificate({
    commonName: dnsNames[0] ?? '',
    dnsNames,
    publicKey: keys.publicKey,
    issuer:
      more.issuer === undefined
        ? { commonName: dnsNames[0] ?? '', privateKey: keys.privateKey }
        : { commonName: 'Test CA', privateKey: more.issuer.privateKey },
    notBefore: new Date(clock.now() + (more.from ?? -1) * day),
    notAfter: new Date(clock.now() + (more.to ?? 90) * day),
    serial: `11${serials}`,
  });
}

const authorityCertificate = () =>
  issueCertificate({
    commonName: 'Test CA',
    dnsNames: [],
    publicKey: authority.publicKey,
    issuer: { commonName: 'Test CA', privateKey: authority.privateKey },
    notBefore: new Date(clock.now() - day),
    notAfter: new Date(clock.now() + 900 * day),
    serial: '10',
  });

const keyOf = ({ privateKey }: Pair): string => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

type Import = Partial<Omit<ImportCertificateCommandInput, 'CertificateChain'>> & { readonly chain?: string };

async function importPem(certificate: string, key: string, { chain, ...more }: Import = {}): Promise<string> {
  const answer = await acm.send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(certificate),
      PrivateKey: Buffer.from(key),
      ...(chain === undefined ? {} : { CertificateChain: Buffer.from(chain) }),
      ...more,
    }),
  );
  return answer.CertificateArn ?? '';
}

const importFor = (keys: Pair, names: readonly string[], more: Import = {}) =>
  importPem(certificateOf(keys, names), keyOf(keys), more);

async function describe(arn: string) {
  return (await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }))).Certificate;
}

// docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
test('an imported certificate is described from what it says itself', async () => {
  const pem = certificateOf(ec, ['a.example.com', '*.a.example.com'], { issuer: authority });
  const arn = await importPem(pem, keyOf(ec), { chain: authorityCertificate() });
  expect(arn).toMatch(/^arn:aws:acm:us-east-1:\d{12}:certificate\/[0-9a-f-]{36}$/);
  expect(await describe(arn)).toMatchObject({
    DomainName: 'a.example.com',
    SubjectAlternativeNames: ['a.example.com', '*.a.example.com'],
    KeyAlgorithm: 'EC_prime256v1',
    SignatureAlgorithm: 'SHA256WITHECDSA',
    Status: 'ISSUED',
    Type: 'IMPORTED',
    Issuer: 'Test CA',
    Subject: 'CN=a.example.com',
    Serial: new X509Certificate(pem).serialNumber.toLowerCase().match(/../g)?.join(':'),
    NotAfter: new Date(clock.now() + 90 * day),
    ExtendedKeyUsages: [{ Name: 'TLS_WEB_SERVER_AUTHENTICATION', OID: '1.3.6.1.5.5.7.3.1' }],
    InUseBy: [],
  });
});

test('there is no token: the same certificate imported twice is two certificates', async () => {
  expect(await importFor(ec, ['a.example.com'])).not.toBe(await importFor(ec, ['a.example.com']));
});

// docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
test('a certificate that cannot be served is refused', async () => {
  const good = certificateOf(rsa, ['a.example.com']);
  const key = keyOf(rsa);
  const bad: Readonly<Record<string, () => Promise<string>>> = {
    'not PEM': () => importPem('nonsense', key),
    'two in the place of one': () => importPem(good + good, key),
    "another's key": () => importPem(good, keyOf(otherRsa)),
    'a key of another kind': () => importPem(good, keyOf(ec)),
    'no key': () => importPem(good, 'nonsense'),
    'an encrypted key': () =>
      importPem(
        good,
        rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      ),
    expired: () => importPem(certificateOf(rsa, ['a.example.com'], { from: -9, to: -1 }), key),
    'not valid yet': () => importPem(certificateOf(rsa, ['a.example.com'], { from: 1 }), key),
    'a chain that is not PEM': () => importPem(good, key, { chain: 'nonsense' }),
    "another authority's chain": () =>
      importPem(certificateOf(rsa, ['a.example.com'], { issuer: otherRsa }), key, { chain: authorityCertificate() }),
    'an unsupported curve': () => {
      const keys = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
      return importPem(certificateOf(keys, ['a.example.com']), keyOf(keys));
    },
  };
  for (const [what, attempt] of Object.entries(bad))
    expect([what, await refusal(attempt())]).toEqual([what, 'ValidationException']);
  expect((await acm.send(new ListCertificatesCommand({}))).CertificateSummaryList).toEqual([]);
});

// docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
test('a re-import keeps ARN and tags, takes no tags, and cannot change the kind of key', async () => {
  const CertificateArn = await importFor(rsa, ['a.example.com'], { Tags: [{ Key: 'owner', Value: 'me' }] });
  expect(await importFor(otherRsa, ['b.example.com'], { CertificateArn })).toBe(CertificateArn);
  expect((await describe(CertificateArn))?.DomainName).toBe('b.example.com');
  const { Tags } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
  expect(Tags).toEqual([{ Key: 'owner', Value: 'me' }]);
  const tagged = importFor(rsa, ['c.example.com'], { CertificateArn, Tags: [{ Key: 'a', Value: 'b' }] });
  expect(await refusal(tagged)).toBe('ValidationException');
  expect(await refusal(importFor(largerRsa, ['c.example.com'], { CertificateArn }))).toBe('ValidationException');
  expect(await refusal(importFor(ec, ['c.example.com'], { CertificateArn }))).toBe('ValidationException');
  const unknown = CertificateArn.replace(/[^/]+$/, '00000000-0000-4000-8000-000000000000');
  expect(await refusal(importFor(rsa, ['c.example.com'], { CertificateArn: unknown }))).toBe(
    'ResourceNotFoundException',
  );
  expect(await refusal(importFor(rsa, ['c.example.com'], { CertificateArn: 'arn:nonsense' }))).toBe(
    'InvalidArnException',
  );
});

// docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
test('imports stop at the quota, and deleting makes room only until the year has had twice as many', async () => {
  const small = await startAws({ port: 0, clock, quotas: { ...aws.options.quotas, 'imported-certificates': 1 } });
  const client = new ACMClient(clientOf(small));
  const attempt = () =>
    client.send(
      new ImportCertificateCommand({
        Certificate: Buffer.from(certificateOf(ec, ['a.example.com'])),
        PrivateKey: Buffer.from(keyOf(ec)),
      }),
    );
  const first = await attempt();
  expect(await refusal(attempt())).toBe('LimitExceededException');
  await client.send(new DeleteCertificateCommand({ CertificateArn: first.CertificateArn }));
  const second = await attempt();
  await client.send(new DeleteCertificateCommand({ CertificateArn: second.CertificateArn }));
  expect(await refusal(attempt())).toBe('LimitExceededException');
  clock.advance(366 * 86_400);
  await attempt();
  client.destroy();
  await small.close();
});

// docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
test('a listing leaves out all but small RSA keys unless it is asked for them, and goes on over pages', async () => {
  const arns = [await importFor(rsa, ['a.example.com'])];
  clock.advance(1);
  arns.push(await importFor(otherRsa, ['b.example.com']));
  clock.advance(1);
  const hidden = [await importFor(ec, ['c.example.com']), await importFor(largerRsa, ['d.example.com'])];
  const listed = await acm.send(new ListCertificatesCommand({}));
  expect(listed.CertificateSummaryList?.map((each) => each.CertificateArn)).toEqual(arns);
  expect(listed.CertificateSummaryList?.[0]).toMatchObject({
    SubjectAlternativeNameSummaries: ['a.example.com'],
    HasAdditionalSubjectAlternativeNames: false,
    KeyAlgorithm: 'RSA_2048',
    InUse: false,
  });
  const all: (string | undefined)[] = [];
  const asked: ListCertificatesCommandInput = { Includes: { keyTypes: ['RSA_2048', 'RSA_3072', 'EC_prime256v1'] } };
  for await (const page of paginateListCertificates({ client: acm, pageSize: 3 }, asked)) {
    all.push(...(page.CertificateSummaryList ?? []).map((each) => each.CertificateArn));
  }
  expect(all).toEqual([...arns, ...hidden.toSorted()]);
});

test('a certificate expires by itself', async () => {
  const arn = await importFor(rsa, ['a.example.com']);
  clock.advance(91 * 86_400);
  expect((await describe(arn))?.Status).toBe('EXPIRED');
  const valid = await acm.send(new ListCertificatesCommand({ CertificateStatuses: ['ISSUED'] }));
  expect(valid.CertificateSummaryList).toEqual([]);
});

// docs.aws.amazon.com/acm/latest/APIReference/API_GetCertificate.html
test('what was imported comes back, without the key', async () => {
  const pem = certificateOf(ec, ['a.example.com'], { issuer: authority });
  const chain = authorityCertificate();
  const arn = await importPem(pem, keyOf(ec), { chain });
  const answer = await acm.send(new GetCertificateCommand({ CertificateArn: arn }));
  expect(answer.Certificate).toBe(pem);
  expect(answer.CertificateChain).toBe(chain);
  expect(JSON.stringify([answer, await describe(arn)])).not.toContain('PRIVATE KEY');
});

test('a refusal never repeats the private key', async () => {
  const secret = Buffer.from('-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n');
  const attempt = acm.send(
    new ImportCertificateCommand({ Certificate: Buffer.from(certificateOf(rsa, ['a.b.c'])), PrivateKey: secret }),
  );
  const message = await attempt.catch((error: unknown) => String(error));
  expect(message).toMatch(/private key is not supported/);
  expect(message).not.toContain('secret');
});

// docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
test('a requested certificate is pending with its DNS records, then issued, and can be served', async () => {
  const { CertificateArn = '' } = await acm.send(
    new RequestCertificateCommand({
      DomainName: 'a.example.com',
      SubjectAlternativeNames: ['*.a.example.com'],
      ValidationMethod: 'DNS',
    }),
  );
  const pending = await describe(CertificateArn);
  expect(pending?.Status).toBe('PENDING_VALIDATION');
  const records = pending?.DomainValidationOptions?.map((option) => option.ResourceRecord);
  expect(records).toHaveLength(2);
  expect(records?.[0]).toEqual(records?.[1]);
  expect(records?.[0]?.Name).toMatch(/^_[0-9a-f]{32}\.a\.example\.com\.$/);
  expect(records?.[0]?.Value).toMatch(/\.acm-validations\.aws\.$/);
  expect(await refusal(acm.send(new GetCertificateCommand({ CertificateArn })))).toBe('RequestInProgressException');

  clock.advance(5);
  expect(await describe(CertificateArn)).toMatchObject({ Status: 'ISSUED', Type: 'AMAZON_ISSUED', Issuer: 'Amazon' });
  const material = aws.world().acm.certificates.get(CertificateArn)?.material;
  const key = material?.privateKey.export({ format: 'pem', type: 'pkcs8' });
  expect(await served(material?.certificatePem ?? '', key?.toString() ?? '', 'x.a.example.com')).toBe('hello');
});

/** The answer of a server with the certificate to a client that trusts it. */
async function served(cert: string, key: string, servername: string): Promise<string> {
  const server = createServer({ cert, key }, (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const agent = new Agent({ ca: cert, servername });
  try {
    return await new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, agent }, (response) => {
        response.setEncoding('utf8').once('data', resolve);
      }).once('error', reject);
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const requestOnce = () =>
  acm.send(
    new RequestCertificateCommand({ DomainName: 'a.example.com', ValidationMethod: 'DNS', IdempotencyToken: 't' }),
  );

test('a request with the same token is the same request for an hour', async () => {
  const [first, second] = await Promise.all([requestOnce(), requestOnce()]);
  expect(second.CertificateArn).toBe(first.CertificateArn);
  clock.advance(3601);
  expect((await requestOnce()).CertificateArn).not.toBe(first.CertificateArn);
});

const requestNames = (DomainName: string, SubjectAlternativeNames?: string[]) =>
  refusal(acm.send(new RequestCertificateCommand({ DomainName, SubjectAlternativeNames, ValidationMethod: 'DNS' })));

test('names that are none, and more names than the quota, are refused', async () => {
  expect(await requestNames('localhost')).toBe('ValidationException');
  expect(await requestNames('a_b.example.com')).toBe('ValidationException');
  expect(await requestNames('a.*.example.com')).toBe('ValidationException');
  const many = Array.from({ length: 10 }, (_, index) => `n${index}.example.com`);
  expect(await requestNames('a.example.com', many)).toBe('LimitExceededException');
});

// docs.aws.amazon.com/acm/latest/APIReference/API_RemoveTagsFromCertificate.html
test('tags are added, counted and removed', async () => {
  const CertificateArn = await importFor(ec, ['a.example.com']);
  const add = (...Tags: { Key: string; Value?: string }[]) =>
    acm.send(new AddTagsToCertificateCommand({ CertificateArn, Tags }));
  const remove = (Key: string, Value?: string) =>
    acm.send(new RemoveTagsFromCertificateCommand({ CertificateArn, Tags: [{ Key, Value }] }));
  await add({ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' });
  await remove('a', 'other');
  await remove('b');
  const { Tags } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }));
  expect(Tags).toEqual([{ Key: 'a', Value: '1' }]);
  expect(await refusal(add({ Key: 'aws:x', Value: '' }))).toBe('InvalidTagException');
  expect(await refusal(add({ Key: 'cost#centre', Value: '' }))).toBe('ValidationException');
  expect(await refusal(add(...Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}` }))))).toBe(
    'TooManyTagsException',
  );
});
