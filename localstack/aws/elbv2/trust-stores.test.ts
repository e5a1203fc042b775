// docs.aws.amazon.com/elasticloadbalancing/latest/application/{mutual-authentication,configuring-mtls-with-elb}.html
import {
  AddTagsCommand,
  AddTrustStoreRevocationsCommand,
  CreateTrustStoreCommand,
  DeleteListenerCommand,
  DeleteSharedTrustStoreAssociationCommand,
  DeleteTrustStoreCommand,
  DescribeListenersCommand,
  DescribeTagsCommand,
  DescribeTrustStoreAssociationsCommand,
  DescribeTrustStoreRevocationsCommand,
  DescribeTrustStoresCommand,
  GetTrustStoreCaCertificatesBundleCommand,
  GetTrustStoreRevocationContentCommand,
  ModifyTrustStoreCommand,
  type MutualAuthenticationAttributes,
  RemoveTrustStoreRevocationsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { Authority, putObject } from '../testing/authority.ts';
import { refusal } from '../testing/client.ts';
import { absent, Embedded, present } from '../testing/embedded.ts';

const one = new Authority('one');
const two = new Authority('two');

const bundle = (key: string) => ({
  CaCertificatesBundleS3Bucket: 'certificates',
  CaCertificatesBundleS3Key: key,
});

async function withTrustStore() {
  const aws = await Embedded.start();
  await putObject(aws, 'ca/one.pem', `# the first\n${one.pem}`);
  const created = await aws.elb.send(new CreateTrustStoreCommand({ Name: 'clients', ...bundle('ca/one.pem') }));
  return { aws, TrustStoreArn: present(created.TrustStores?.[0]?.TrustStoreArn) };
}

test('a trust store is made from a bundle in S3 and replaced, and its location is shown', async () => {
  const { aws, TrustStoreArn } = await withTrustStore();
  await using _ = aws;
  expect(TrustStoreArn).toMatch(
    /^arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore\/clients\/[0-9a-f]{16}$/,
  );
  const described = async () =>
    (await aws.elb.send(new DescribeTrustStoresCommand({ Names: ['clients'] }))).TrustStores;
  const trustStore = { Name: 'clients', TrustStoreArn, Status: 'ACTIVE', TotalRevokedEntries: 0 };
  expect(await described()).toEqual([{ ...trustStore, NumberOfCaCertificates: 1 }]);
  await putObject(aws, 'ca/both.pem', `${one.pem}${two.pem}`);
  await aws.elb.send(new ModifyTrustStoreCommand({ TrustStoreArn, ...bundle('ca/both.pem') }));
  expect(await described()).toEqual([{ ...trustStore, NumberOfCaCertificates: 2 }]);
  const { Location } = await aws.elb.send(new GetTrustStoreCaCertificatesBundleCommand({ TrustStoreArn }));
  expect(await (await fetch(present(Location))).text()).toBe(`${one.pem}${two.pem}`);
  await aws.elb.send(new AddTagsCommand({ ResourceArns: [TrustStoreArn], Tags: [{ Key: 'a', Value: 'b' }] }));
  const { TagDescriptions } = await aws.elb.send(new DescribeTagsCommand({ ResourceArns: [TrustStoreArn] }));
  expect(TagDescriptions?.[0]?.Tags).toEqual([{ Key: 'a', Value: 'b' }]);
  await aws.elb.send(new DeleteTrustStoreCommand({ TrustStoreArn }));
  expect((await aws.elb.send(new DescribeTrustStoresCommand({}))).TrustStores).toEqual([]);
});

test('what cannot be a trust store is refused', async () => {
  const { aws, TrustStoreArn } = await withTrustStore();
  await using _ = aws;
  const create = (Name: string, key: string) =>
    refusal(aws.elb.send(new CreateTrustStoreCommand({ Name, ...bundle(key) })));
  expect(await create('clients', 'ca/one.pem')).toBe('DuplicateTrustStoreNameException');
  expect(await create('-bad', 'ca/one.pem')).toBe('ValidationError');
  expect(await create('other', 'ca/none.pem')).toBe('CaCertificatesBundleNotFoundException');
  const invalid = ['', 'nonsense', `\n${one.pem}`, `Certificate:\n${one.pem}`, one.pem.replace(/[A-Z]{4}/, 'AAAA')];
  for (const [index, body] of invalid.entries()) {
    await putObject(aws, `${index}.pem`, body);
    expect([body, await create('other', `${index}.pem`)]).toEqual([body, 'InvalidCaCertificatesBundleException']);
  }
  const missing = { TrustStoreArn: absent(TrustStoreArn) };
  expect(await refusal(aws.elb.send(new DeleteTrustStoreCommand(missing)))).toBe('TrustStoreNotFoundException');
  const shared = { TrustStoreArn, ResourceArn: TrustStoreArn };
  expect(await refusal(aws.elb.send(new DeleteSharedTrustStoreAssociationCommand(shared)))).toBe(
    'TrustStoreAssociationNotFoundException',
  );
});

test('revocation lists get ids that are never given again', async () => {
  const { aws, TrustStoreArn } = await withTrustStore();
  await using _ = aws;
  await putObject(aws, 'crl/one.pem', one.revoking('1f', '20'));
  const content = { S3Bucket: 'certificates', S3Key: 'crl/one.pem', RevocationType: 'CRL' } as const;
  const add = async (S3Key: string = content.S3Key) => {
    const RevocationContents = [{ ...content, S3Key }];
    const added = await aws.elb.send(new AddTrustStoreRevocationsCommand({ TrustStoreArn, RevocationContents }));
    return added.TrustStoreRevocations;
  };
  expect(await add()).toEqual([{ TrustStoreArn, RevocationId: 1, RevocationType: 'CRL', NumberOfRevokedEntries: 2 }]);
  const { Location } = await aws.elb.send(
    new GetTrustStoreRevocationContentCommand({ TrustStoreArn, RevocationId: 1 }),
  );
  expect(await (await fetch(present(Location))).text()).toContain('BEGIN X509 CRL');
  await aws.elb.send(new RemoveTrustStoreRevocationsCommand({ TrustStoreArn, RevocationIds: [1] }));
  expect((await add())?.[0]?.RevocationId).toBe(2);
  const { TrustStores } = await aws.elb.send(new DescribeTrustStoresCommand({ TrustStoreArns: [TrustStoreArn] }));
  expect(TrustStores?.[0]?.TotalRevokedEntries).toBe(2);
  const described = await aws.elb.send(new DescribeTrustStoreRevocationsCommand({ TrustStoreArn }));
  expect(described.TrustStoreRevocations?.map(({ RevocationId }) => RevocationId)).toEqual([2]);
  expect(await refusal(add('crl/none.pem'))).toBe('RevocationContentNotFoundException');
  expect(await refusal(add('ca/one.pem'))).toBe('InvalidRevocationContentException');
  const gone = new DescribeTrustStoreRevocationsCommand({ TrustStoreArn, RevocationIds: [1] });
  expect(await refusal(aws.elb.send(gone))).toBe('RevocationIdNotFoundException');
});

test('a listener verifies by a trust store, which it then holds, and a load balancer has two such listeners', async () => {
  const { aws, TrustStoreArn } = await withTrustStore();
  await using _ = aws;
  const Certificates = [{ CertificateArn: await aws.certificate('example.com') }];
  const loadBalancer = await aws.loadBalancer();
  const listen = (Port: number, MutualAuthentication: MutualAuthenticationAttributes) =>
    aws.listener(loadBalancer, { Protocol: 'HTTPS', Port, Certificates, MutualAuthentication });
  const verify = { Mode: 'verify', TrustStoreArn };
  expect(await refusal(listen(443, { Mode: 'verify' }))).toBe('ValidationError');
  expect(await refusal(listen(443, { Mode: 'passthrough', TrustStoreArn }))).toBe('ValidationError');
  expect(await refusal(listen(443, { Mode: 'off', IgnoreClientCertificateExpiry: true }))).toBe('ValidationError');
  expect(await refusal(listen(443, { ...verify, TrustStoreArn: absent(TrustStoreArn) }))).toBe(
    'TrustStoreNotFoundException',
  );
  const ListenerArn = await listen(443, { ...verify, AdvertiseTrustStoreCaNames: 'on' });
  const { Listeners } = await aws.elb.send(new DescribeListenersCommand({ ListenerArns: [ListenerArn] }));
  expect(Listeners?.[0]?.MutualAuthentication).toEqual({
    ...verify,
    IgnoreClientCertificateExpiry: false,
    AdvertiseTrustStoreCaNames: 'on',
    TrustStoreAssociationStatus: 'active',
  });
  const second = await listen(444, verify);
  expect(await refusal(listen(445, verify))).toBe('InvalidConfigurationRequestException');
  const associations = await aws.elb.send(new DescribeTrustStoreAssociationsCommand({ TrustStoreArn }));
  expect(associations.TrustStoreAssociations?.map(({ ResourceArn }) => ResourceArn).toSorted()).toEqual(
    [ListenerArn, second].toSorted(),
  );
  expect(await refusal(aws.elb.send(new DeleteTrustStoreCommand({ TrustStoreArn })))).toBe('TrustStoreInUseException');
  for (const arn of [ListenerArn, second]) await aws.elb.send(new DeleteListenerCommand({ ListenerArn: arn }));
  await aws.elb.send(new DeleteTrustStoreCommand({ TrustStoreArn }));
});
