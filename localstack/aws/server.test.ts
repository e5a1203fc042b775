// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html and the protocols' own pages at
// smithy.io/2.0/aws/protocols/.
import { ACMClient, ListCertificatesCommand } from '@aws-sdk/client-acm';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateTargetGroupCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { clientOf, refusal } from './testing/client.ts';
import { Embedded } from './testing/embedded.ts';

const passed = (outcomes: readonly string[]) => outcomes.filter((outcome) => outcome === 'not refused').length;

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } });

test('another region is an empty account', async () => {
  await using aws = await Embedded.start();
  await aws.targetGroup();
  const elsewhere = new ElasticLoadBalancingV2Client({ ...clientOf(aws.aws), region: 'eu-west-1' });
  expect((await elsewhere.send(new DescribeTargetGroupsCommand({}))).TargetGroups).toEqual([]);
  elsewhere.destroy();
});

test('with a list of credentials, an unknown key id is refused as each service does', async () => {
  await using aws = await Embedded.start({ credentials: ['AKIAKNOWN'] });
  const config = clientOf(aws.aws);
  const calls = (accessKeyId: string) => {
    const credentials = { accessKeyId, secretAccessKey: 'secret' };
    return [
      new ElasticLoadBalancingV2Client({ ...config, credentials }).send(new DescribeLoadBalancersCommand({})),
      new EC2Client({ ...config, credentials }).send(new DescribeVpcsCommand({})),
      new ACMClient({ ...config, credentials }).send(new ListCertificatesCommand({})),
    ];
  };
  expect(await Promise.all(calls('AKIAOTHER').map(refusal))).toEqual([
    'InvalidClientTokenId',
    'AuthFailure',
    'UnrecognizedClientException',
  ]);
  await Promise.all(calls('AKIAKNOWN'));
  const unsigned = await post(aws.aws.url, 'Action=DescribeLoadBalancers&Version=2015-12-01');
  expect([unsigned.status, await unsigned.text()]).toEqual([
    403,
    expect.stringContaining('MissingAuthenticationToken'),
  ]);
});

// docs.aws.amazon.com/waf/latest/DDOSAPIReference/API_GetSubscriptionState.html
test('the account has no subscription to Shield', async () => {
  await using aws = await Embedded.start();
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AWSShield_20160616.GetSubscriptionState',
  };
  const answer = await fetch(aws.aws.url, { method: 'POST', body: '{}', headers });
  expect([answer.status, await answer.json()]).toEqual([200, { SubscriptionState: 'INACTIVE' }]);
});

test('unknown actions and services are refused in the protocol’s own words, never with HTML', async () => {
  await using aws = await Embedded.start();
  const query = await post(aws.aws.url, 'Action=Nope&Version=2015-12-01');
  expect([query.status, await query.text()]).toEqual([400, expect.stringContaining('<Code>InvalidAction</Code>')]);
  const classic = await post(aws.aws.url, 'Action=DescribeLoadBalancers&Version=2012-06-01');
  expect(await classic.text()).not.toContain('DescribeLoadBalancersResponse');
  const proto = await post(aws.aws.url, 'Action=__proto__&Version=2015-12-01');
  expect(proto.status).toBe(400);
  const json = await post(aws.aws.url, '{}', { 'x-amz-target': 'CertificateManager.Nope' });
  expect([json.status, await json.json()]).toEqual([
    400,
    expect.objectContaining({ __type: 'UnknownOperationException' }),
  ]);
  const garbage = await post(aws.aws.url, '{', { 'x-amz-target': 'CertificateManager.ListCertificates' });
  expect(await garbage.json()).toMatchObject({ __type: 'SerializationException' });
  const nowhere = await post(aws.aws.url, 'x');
  expect([nowhere.status, nowhere.headers.get('content-type')]).toEqual([404, 'text/xml;charset=utf-8']);
});

test('parameters of the wrong shape are a ValidationError', async () => {
  await using aws = await Embedded.start();
  const bodies = ['Names=x', 'Names.member.1.Deep=x', 'PageSize=many', 'PageSize.member.1=1', 'Marker=!!'];
  for (const body of bodies) {
    const response = await post(aws.aws.url, `Action=DescribeLoadBalancers&Version=2015-12-01&${body}`);
    expect([body, response.status, await response.text()]).toEqual([
      body,
      400,
      expect.stringContaining('ValidationError'),
    ]);
  }
});

test('a body that is too large is refused', async () => {
  await using aws = await Embedded.start();
  const response = await post(aws.aws.url, `Action=${'x'.repeat(5 << 20)}`).catch(() => undefined);
  expect(response?.status ?? 413).toBe(413);
  await aws.elb.send(new DescribeLoadBalancersCommand({}));
});

test('calls are counted by action until they are zeroed', async () => {
  await using aws = await Embedded.start();
  await aws.targetGroup();
  await aws.elb.send(new DescribeTargetGroupsCommand({}));
  const counts = async (method: string) => (await fetch(`${aws.aws.url}/_aws/calls`, { method })).json();
  expect(await counts('GET')).toMatchObject({
    total: 2,
    reads: 1,
    writes: 1,
    byAction: { 'elasticloadbalancing:CreateTargetGroup': 1, 'elasticloadbalancing:DescribeTargetGroups': 1 },
  });
  expect(await counts('DELETE')).toMatchObject({ total: 0, byAction: {} });
});

test('a reset leaves the seed alone, made anew', async () => {
  await using aws = await Embedded.start();
  await aws.targetGroup();
  await fetch(`${aws.aws.url}/_aws/reset`, { method: 'POST' });
  expect((await aws.elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups).toEqual([]);
  const seeded: unknown = await (await fetch(`${aws.aws.url}/_aws/seed`)).json();
  expect(seeded).toEqual(aws.aws.seeded());
  const { Vpcs } = await aws.ec2.send(new DescribeVpcsCommand({}));
  expect(Vpcs?.map((vpc) => vpc.VpcId)).toEqual([aws.aws.seeded()?.vpcId]);
});

test('with throttling, the 41st read at once is refused, and ten more pass a second later', async () => {
  await using aws = await Embedded.start({ throttling: true });
  const reads = (count: number) =>
    Promise.all(Array.from({ length: count }, () => refusal(aws.elb.send(new DescribeLoadBalancersCommand({})))));
  const first = await reads(45);
  expect([passed(first), new Set(first)]).toEqual([40, new Set(['not refused', 'Throttling'])]);
  aws.clock.advance(1);
  expect(passed(await reads(12))).toBe(10);
});

test('calls are counts beside the token buckets that AWS would have taken them from', async () => {
  await using aws = await Embedded.start();
  await Promise.all(Array.from({ length: 43 }, () => aws.elb.send(new DescribeLoadBalancersCommand({}))));
  const counts = async (method: string) => (await fetch(`${aws.aws.url}/_aws/calls`, { method })).json();
  const buckets = [
    { bucket: 'account', calls: 43, beyond: 3, peakPerSecond: 43 },
    { bucket: 'non-mutating', calls: 43, beyond: 3, leastSeconds: 0.3 },
  ];
  expect(await counts('GET')).toMatchObject({ total: 43, buckets });
  expect(aws.aws.bucketUses()).toMatchObject(buckets);
  expect(await counts('DELETE')).toMatchObject({ total: 0, buckets: [] });
});

test('of sixteen target groups of one name made at once, one is made', async () => {
  await using aws = await Embedded.start();
  const create = (Port: number) =>
    aws.elb.send(
      new CreateTargetGroupCommand({ Name: 'one', Protocol: 'HTTP', Port, VpcId: aws.seed.vpcId, TargetType: 'ip' }),
    );
  const outcomes = await Promise.all(Array.from({ length: 16 }, (_, n) => refusal(create(100 + n))));
  expect(passed(outcomes)).toBe(1);
});

// docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
test('the credentials of an assumed role are known until they expire', async () => {
  await using aws = await Embedded.start({ credentials: [] });
  const claims = { iss: 'https://oidc.example.test', sub: 'system:serviceaccount:a:b', aud: 'sts.amazonaws.com' };
  const exp = aws.clock.now() / 1000 + 600;
  const assume = new AssumeRoleWithWebIdentityCommand({
    RoleArn: 'arn:aws:iam::123456789012:role/controller',
    RoleSessionName: 'test',
    WebIdentityToken: `${part({ alg: 'RS256' })}.${part({ ...claims, exp })}.c2ln`,
  });
  const config = clientOf(aws.aws);
  const sts = new STSClient(config);
  const { Credentials } = await sts.send(assume);
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  const assumed = new ElasticLoadBalancingV2Client({ ...config, credentials });
  await assumed.send(new DescribeLoadBalancersCommand({}));
  aws.clock.advance(3600);
  expect(await refusal(assumed.send(new DescribeLoadBalancersCommand({})))).toBe('ExpiredToken');
  for (const client of [sts, assumed]) client.destroy();
});
