import { ACMClient, ListCertificatesCommand } from '@aws-sdk/client-acm';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Aws, startAws } from '../server.ts';
import { clientOf, refusal, TestClock } from '../testing/client.ts';
import { type FaultPlanInput, noFaults, readFaultPlan } from './plan.ts';

const clock = new TestClock();
let aws: Aws;
let elb: ElasticLoadBalancingV2Client;
let ec2: EC2Client;
let acm: ACMClient;

beforeAll(async () => {
  aws = await startAws({ port: 0, clock, seed: true });
  elb = new ElasticLoadBalancingV2Client(clientOf(aws));
  ec2 = new EC2Client(clientOf(aws));
  acm = new ACMClient(clientOf(aws));
});

afterAll(async () => {
  for (const client of [elb, ec2, acm]) client.destroy();
  await aws.close();
});

beforeEach(() => aws.reset());

const plan = (given: FaultPlanInput) => aws.faults.set(readFaultPlan(given));

const createTargetGroup = (Name: string) =>
  elb.send(
    new CreateTargetGroupCommand({ Name, Protocol: 'HTTP', Port: 80, VpcId: aws.seeded()?.vpcId, TargetType: 'ip' }),
  );
const describeTargetGroups = () => elb.send(new DescribeTargetGroupsCommand({}));
const count = () => aws.world().elbv2.targetGroups.size;

test('each service refuses a call too many in its own words', async () => {
  plan({ rules: [{ kind: 'throttle' }] });
  expect(await refusal(describeTargetGroups())).toBe('Throttling');
  expect(await refusal(ec2.send(new DescribeVpcsCommand({})))).toBe('RequestLimitExceeded');
  expect(await refusal(acm.send(new ListCertificatesCommand({})))).toBe('ThrottlingException');
});

test('an error has the service’s own code for its status, or the one that is asked for', async () => {
  plan({ rules: [{ kind: 'error', status: 503 }] });
  expect(await refusal(describeTargetGroups())).toBe('ServiceUnavailable');
  expect(await refusal(ec2.send(new DescribeVpcsCommand({})))).toBe('Unavailable');
  plan({ rules: [{ kind: 'error', service: 'acm', code: 'Sorry' }] });
  expect(await refusal(acm.send(new ListCertificatesCommand({})))).toBe('Sorry');
  expect(await refusal(describeTargetGroups())).toBe('not refused');
});

test('a rule meets the actions that it names, as often as it says', async () => {
  plan({ rules: [{ kind: 'throttle', action: 'Create*', times: 2 }] });
  expect(await refusal(describeTargetGroups())).toBe('not refused');
  expect(await refusal(createTargetGroup('a'))).toBe('Throttling');
  expect(await refusal(createTargetGroup('a'))).toBe('Throttling');
  expect(await refusal(createTargetGroup('a'))).toBe('not refused');
  expect(aws.faults.met).toEqual([2]);
});

test('a reset call is not carried out, one whose answer is lost is', async () => {
  plan({ rules: [{ kind: 'reset', times: 1 }] });
  expect(await refusal(createTargetGroup('a'))).not.toBe('not refused');
  expect(count()).toBe(0);
  plan({ rules: [{ kind: 'answer-lost', times: 1 }] });
  expect(await refusal(createTargetGroup('a'))).not.toBe('not refused');
  expect(count()).toBe(1);
});

test('a timeout is waited for and not carried out, latency only takes its time', async () => {
  plan({ rules: [{ kind: 'timeout', ms: 30, times: 1 }] });
  const start = performance.now();
  expect(await refusal(createTargetGroup('a'))).not.toBe('not refused');
  expect(performance.now() - start).toBeGreaterThan(25);
  expect(count()).toBe(0);
  plan({
    rules: [
      { kind: 'latency', ms: 20 },
      { kind: 'latency', ms: 20 },
    ],
  });
  const again = performance.now();
  await createTargetGroup('a');
  expect(performance.now() - again).toBeGreaterThan(35);
});

async function refused(times: number): Promise<string> {
  let which = '';
  for (let call = 0; call < times; call += 1)
    which += (await refusal(describeTargetGroups())) === 'Throttling' ? 'x' : '.';
  return which;
}

test('the same seed meets the same calls, another one others', async () => {
  const rules: FaultPlanInput['rules'] = [{ kind: 'throttle', probability: 0.3 }];
  plan({ seed: 7, rules });
  const first = await refused(60);
  plan({ seed: 7, rules });
  expect(await refused(60)).toBe(first);
  plan({ seed: 8, rules });
  expect(await refused(60)).not.toBe(first);
  const share = first.split('x').length - 1;
  expect(share).toBeGreaterThan(8);
  expect(share).toBeLessThan(30);
});

test('reads that lag show what was, and later what is', async () => {
  plan({ readLagSeconds: 5 });
  const { TargetGroups: [made] = [] } = await createTargetGroup('a');
  expect((await describeTargetGroups()).TargetGroups).toEqual([]);
  clock.advance(3);
  await createTargetGroup('b');
  clock.advance(3);
  const names = async () => (await describeTargetGroups()).TargetGroups?.map(({ TargetGroupName }) => TargetGroupName);
  expect(await names()).toEqual(['a']);
  await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: made?.TargetGroupArn }));
  clock.advance(4);
  expect(await names()).toEqual(['a', 'b']);
  clock.advance(2);
  expect(await names()).toEqual(['b']);
});

test('faults are posted, shown with how often they were met, and cleared', async () => {
  const url = `${aws.url}/_aws/faults`;
  const rules = [{ kind: 'throttle', action: 'DescribeTargetGroups', times: 1 }];
  const posted = await fetch(url, { method: 'POST', body: JSON.stringify({ rules }) });
  expect(posted.status).toBe(200);
  expect(await refusal(describeTargetGroups())).toBe('Throttling');
  expect(await (await fetch(url)).json()).toMatchObject({
    seed: 1,
    readLagSeconds: 0,
    rules: [{ ...rules[0], met: 1 }],
  });
  expect(await (await fetch(url, { method: 'DELETE' })).json()).toMatchObject(noFaults);
});

test('switches are set for as long as the faults are, and shown as they are', async () => {
  const url = `${aws.url}/_aws/faults`;
  const posted = await fetch(url, {
    method: 'POST',
    body: JSON.stringify({ provisioningSeconds: 60, throttling: true, issuingSeconds: 9 }),
  });
  expect(await posted.json()).toMatchObject({ provisioningSeconds: 60, throttling: true, releaseSeconds: 0 });
  const Subnets = [...(aws.seeded()?.publicSubnetIds ?? [])];
  await elb.send(new CreateLoadBalancerCommand({ Name: 'slow', Subnets }));
  const state = async (Name: string) =>
    (await elb.send(new DescribeLoadBalancersCommand({ Names: [Name] }))).LoadBalancers?.[0]?.State?.Code;
  clock.advance(30);
  expect(await state('slow')).toBe('provisioning');
  const reads = await Promise.all(Array.from({ length: 41 }, () => refusal(describeTargetGroups())));
  expect(reads.at(-1)).toBe('Throttling');
  const cleared = await fetch(url, { method: 'DELETE' });
  expect(await cleared.json()).toMatchObject({ provisioningSeconds: 3, throttling: false, issuingSeconds: 2 });
  expect(await refusal(describeTargetGroups())).toBe('not refused');
  await elb.send(new CreateLoadBalancerCommand({ Name: 'quick', Subnets }));
  clock.advance(3);
  expect([await state('quick'), await state('slow')]).toEqual(['active', 'provisioning']);
});

test('a reset is back to the faults and switches of the start', async () => {
  await using started = new AsyncDisposableStack();
  const other = await startAws({ port: 0, clock, faults: { readLagSeconds: 1, releaseSeconds: 7 } });
  started.defer(() => other.close());
  const faults = async (method: string, body?: string) =>
    (await fetch(`${other.url}/_aws/faults`, { method, body: body ?? null })).json();
  await faults('POST', JSON.stringify({ releaseSeconds: 8 }));
  expect(await faults('GET')).toMatchObject({ readLagSeconds: 0, releaseSeconds: 8 });
  other.reset();
  expect(await faults('GET')).toMatchObject({ readLagSeconds: 1, releaseSeconds: 7 });
});

test.each([
  ['not JSON', '{', /JSON/],
  ['an unknown kind', JSON.stringify({ rules: [{ kind: 'fire' }] }), /rules\.0\.kind/],
  ['a chance above one', JSON.stringify({ rules: [{ kind: 'reset', probability: 2 }] }), /rules\.0\.probability/],
  ['no time', JSON.stringify({ rules: [{ kind: 'latency' }] }), /rules\.0\.ms/],
  ['an unknown service', JSON.stringify({ rules: [{ kind: 'reset', service: 's3' }] }), /rules\.0\.service/],
])('%s is refused with a message, and the faults stay as they were', async (_, body, message) => {
  plan({ seed: 3 });
  const answer = await fetch(`${aws.url}/_aws/faults`, { method: 'POST', body });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toMatch(message);
  expect(aws.faults.plan.seed).toBe(3);
});
