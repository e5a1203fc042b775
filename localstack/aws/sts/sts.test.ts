import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Aws, startAws } from '../server.ts';
import { clientOf, refusal, TestClock } from '../testing/client.ts';

const clock = new TestClock();
let aws: Aws;
let sts: STSClient;

beforeAll(async () => {
  aws = await startAws({ port: 0, clock, accountId: '123456789012' });
  sts = new STSClient(clientOf(aws));
});

afterAll(async () => {
  sts.destroy();
  await aws.close();
});

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const claims = () => ({
  iss: 'https://oidc.example.com',
  sub: 'system:serviceaccount:default:controller',
  aud: ['sts.amazonaws.com'],
  exp: Math.floor(clock.now() / 1000) + 3600,
});

const jwt = (payload: object): string => `${encode({ alg: 'RS256', kid: 'k' })}.${encode(payload)}.c2ln`;

const assume = (WebIdentityToken: string, more: object = {}) =>
  sts.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: 'arn:aws:iam::123456789012:role/team/controller',
      RoleSessionName: 'session',
      WebIdentityToken,
      ...more,
    }),
  );

// docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
test("a pod's token is exchanged for credentials that act as the role until they expire", async () => {
  const answer = await assume(jwt(claims()), { DurationSeconds: 900 });
  expect(answer).toMatchObject({
    SubjectFromWebIdentityToken: 'system:serviceaccount:default:controller',
    Audience: 'sts.amazonaws.com',
    Provider: 'https://oidc.example.com',
    AssumedRoleUser: { Arn: 'arn:aws:sts::123456789012:assumed-role/controller/session' },
  });
  expect(answer.Credentials?.Expiration).toEqual(new Date(clock.now() + 900_000));
  const credentials = {
    accessKeyId: answer.Credentials?.AccessKeyId ?? '',
    secretAccessKey: answer.Credentials?.SecretAccessKey ?? '',
    sessionToken: answer.Credentials?.SessionToken ?? '',
  };
  const asRole = new STSClient({ ...clientOf(aws), credentials });
  const identity = await asRole.send(new GetCallerIdentityCommand({}));
  expect(identity).toMatchObject({ Account: '123456789012', Arn: answer.AssumedRoleUser?.Arn });
  expect(identity.UserId).toBe(answer.AssumedRoleUser?.AssumedRoleId);
  clock.advance(901);
  const elb = new ElasticLoadBalancingV2Client({ ...clientOf(aws), credentials });
  expect(await refusal(elb.send(new DescribeLoadBalancersCommand({})))).toBe('ExpiredToken');
  elb.destroy();
  asRole.destroy();
});

test('a token that is old, is none, or lacks a claim is refused', async () => {
  const old = { ...claims(), exp: Math.floor(clock.now() / 1000) };
  expect(await refusal(assume(jwt(old)))).toBe('ExpiredTokenException');
  const { sub: _, ...withoutSubject } = claims();
  expect(await refusal(assume(jwt(withoutSubject)))).toBe('InvalidIdentityTokenException');
  expect(await refusal(assume('not-a-token'))).toBe('InvalidIdentityTokenException');
  expect(await refusal(assume('a.b.c'))).toBe('InvalidIdentityTokenException');
});

test('a role and its session have names that AWS allows', async () => {
  const token = jwt(claims());
  expect(await refusal(assume(token, { RoleArn: 'controller-role-in-some-account' }))).toBe('ValidationError');
  expect(await refusal(assume(token, { RoleSessionName: 'a b' }))).toBe('ValidationError');
  expect(await refusal(assume(token, { DurationSeconds: 60 }))).toBe('ValidationError');
});

// docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
test('a caller with credentials assumes a role', async () => {
  const answer = await sts.send(
    new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::123456789012:role/other', RoleSessionName: 'session' }),
  );
  expect(answer.Credentials?.AccessKeyId).toMatch(/^ASIA[0-9A-F]{16}$/);
});

// docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
test('a caller learns its own identity', async () => {
  const identity = await sts.send(new GetCallerIdentityCommand({}));
  expect(identity).toMatchObject({
    Account: '123456789012',
    Arn: 'arn:aws:iam::123456789012:user/test',
    UserId: 'test',
  });
});
