// The resources that Gateways share in AWS, and their deletion.
import { expect, test } from 'vitest';
import type { Gateway } from '../../api/gateway-api.ts';
import { objectKey } from '../../kube/object.ts';
import type { Cloud } from '../cloud.ts';
import { eachTestOnAws, gateway as key } from '../testing/aws-under-test.ts';
import { apply, gatewayWith, openTerm } from '../testing/term-under-test.ts';

const secret = objectKey({ namespace: 'shop', name: 'tls' });

const rig = eachTestOnAws();

const openCloud = async (ownGateways: Gateway[]): Promise<Cloud> => (await openTerm(rig, ownGateways)).cloud;

const certificates = () => [...rig.aws.world().acm.certificates.values()];
const ourGroups = () =>
  [...rig.aws.world().ec2.securityGroups.values()].filter(({ tags }) => tags.has('gatehouse.dev/resource'));

test('a certificate goes with the last Gateway that refers to its Secret, and no sooner', async () => {
  const first = gatewayWith('web', 'tls');
  const second = gatewayWith('other', 'tls');
  const all = [first, second];
  const cloud = await openCloud(all);
  await apply(cloud, rig.model({ secret }));
  expect(await cloud.shared.release()).toEqual({ problems: [], held: [] });
  expect(certificates()).toHaveLength(1);
  await apply(cloud, undefined);
  await cloud.shared.release(key);
  expect(certificates()).toHaveLength(1);
  all.splice(0, 2, gatewayWith('other', 'another'));
  await cloud.shared.release();
  expect(certificates()).toEqual([]);
});

test('a certificate that a listener still serves, though its Gateway names another, keeps no other Gateway from going', async () => {
  const cloud = await openCloud([gatewayWith('web', 'another')]);
  await apply(cloud, rig.model({ secret }));
  const before = rig.aws.calls.counts().byAction;
  const leaving = objectKey({ namespace: 'shop', name: 'leaving' });
  expect(await cloud.shared.release(leaving)).toEqual({ problems: [], held: [] });
  expect(rig.aws.calls.counts().byAction).toEqual(before);
  expect(certificates()).toHaveLength(1);
});

test('the last Gateway takes the group that all targets admit with it', async () => {
  const cloud = await openCloud([gatewayWith('web', 'tls')]);
  await apply(cloud, rig.model());
  expect(ourGroups()).toHaveLength(2);
  await apply(cloud, undefined);
  expect(await cloud.shared.release(key)).toEqual({ problems: [], held: [] });
  expect(ourGroups()).toEqual([]);
});

test('what is shared stays while a load balancer of this cluster stands, whoever made it', async () => {
  const cloud = await openCloud([gatewayWith('web', 'tls')]);
  await apply(cloud, rig.model());
  const before = ourGroups();
  expect(await cloud.shared.release(key)).toEqual({ problems: [], held: [] });
  expect(ourGroups()).toEqual(before);
});
