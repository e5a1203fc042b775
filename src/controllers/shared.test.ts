// What Gateways share in AWS, and who removes it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Gateway } from '../api/gateway-api.ts';
import { awsUnderTest, gateway as key } from '../aws/testing/aws-under-test.ts';
import { objectKey } from '../kube/object.ts';
import type { Cloud } from './cloud.ts';
import { bring, gatewayWith, openTerm } from './testing/term-under-test.ts';

const secret = objectKey({ namespace: 'shop', name: 'tls' });

let it: Awaited<ReturnType<typeof awsUnderTest>>;
let stop: AbortController;
beforeEach(async () => {
  it = await awsUnderTest();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await it.close();
});

const openCloud = async (ownGateways: Gateway[]): Promise<Cloud> =>
  (await openTerm(it, stop.signal, ownGateways)).cloud;

const certificates = () => [...it.aws.world().acm.certificates.values()];
const ourGroups = () =>
  [...it.aws.world().ec2.securityGroups.values()].filter(({ tags }) => tags.has('gatehouse.dev/resource'));

test('a certificate goes with the last Gateway that refers to its Secret, and no sooner', async () => {
  const first = gatewayWith('web', 'tls');
  const second = gatewayWith('other', 'tls');
  const all = [first, second];
  const cloud = await openCloud(all);
  await bring(cloud, it.model({ secret }));
  expect(await cloud.shared.release()).toEqual({ problems: [] });
  expect(certificates()).toHaveLength(1);
  await bring(cloud, undefined);
  await cloud.shared.release(key);
  expect(certificates()).toHaveLength(1);
  all.splice(0, 2, gatewayWith('other', 'another'));
  await cloud.shared.release();
  expect(certificates()).toEqual([]);
});

test('a certificate that a listener still serves, though its Gateway names another, keeps no other Gateway from going', async () => {
  const cloud = await openCloud([gatewayWith('web', 'another')]);
  await bring(cloud, it.model({ secret }));
  const before = it.aws.calls.counts().byAction;
  const leaving = objectKey({ namespace: 'shop', name: 'leaving' });
  expect(await cloud.shared.release(leaving)).toEqual({ problems: [] });
  expect(it.aws.calls.counts().byAction).toEqual(before);
  expect(certificates()).toHaveLength(1);
});

test('the last Gateway takes the group that all targets admit with it', async () => {
  const cloud = await openCloud([gatewayWith('web', 'tls')]);
  await bring(cloud, it.model());
  expect(ourGroups()).toHaveLength(2);
  await bring(cloud, undefined);
  expect(await cloud.shared.release(key)).toEqual({ problems: [] });
  expect(ourGroups()).toEqual([]);
});

test('what is shared stays while a load balancer of this cluster stands, whoever made it', async () => {
  const cloud = await openCloud([gatewayWith('web', 'tls')]);
  await bring(cloud, it.model());
  const before = ourGroups();
  expect(await cloud.shared.release(key)).toEqual({ problems: [] });
  expect(ourGroups()).toEqual(before);
});
