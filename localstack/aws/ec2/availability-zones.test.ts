// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html and API_ModifyAvailabilityZoneGroup.html
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeAvailabilityZonesCommand,
  ModifyAvailabilityZoneGroupCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { ec2UnderTest } from '../testing/ec2.ts';

const { ec2 } = ec2UnderTest();
const zones = async (input: { readonly AllAvailabilityZones?: boolean } = {}) => {
  const { AvailabilityZones = [] } = await ec2.send(new DescribeAvailabilityZonesCommand(input));
  return AvailabilityZones.map(({ ZoneName, ZoneType, OptInStatus }) => `${ZoneName} ${ZoneType} ${OptInStatus}`);
};

test('a Local Zone is shown, and takes subnets, once the account has opted in to its group', async () => {
  const regular = ['a', 'b', 'c'].map((letter) => `us-east-1${letter} availability-zone opt-in-not-required`);
  expect(await zones()).toEqual(regular);
  expect(await zones({ AllAvailabilityZones: true })).toEqual([
    ...regular,
    'us-east-1-bos-1a local-zone not-opted-in',
    'us-east-1-wl1-bos-wlz-1 wavelength-zone not-opted-in',
  ]);
  const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId;
  const subnet = (more: object = {}) =>
    ec2.send(
      new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-east-1-bos-1a', ...more }),
    );
  expect(await refusal(subnet())).toBe('InvalidParameterValue');
  const optIn = (GroupName: string) =>
    ec2.send(new ModifyAvailabilityZoneGroupCommand({ GroupName, OptInStatus: 'opted-in' }));
  expect(await refusal(optIn('us-east-1-zg-1'))).toBe('InvalidParameterValue');
  await optIn('us-east-1-bos-1');
  expect(await zones()).toEqual([...regular, 'us-east-1-bos-1a local-zone opted-in']);
  expect((await subnet()).Subnet?.AvailabilityZone).toBe('us-east-1-bos-1a');
});

test('a subnet on an Outpost says on which', async () => {
  const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }))).Vpc?.VpcId;
  const OutpostArn = 'arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0';
  const subnet = (more: object) =>
    ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.1.1.0/24', OutpostArn, ...more }));
  expect(await refusal(subnet({}))).toBe('MissingParameter');
  expect(await refusal(subnet({ AvailabilityZone: 'us-east-1a', OutpostArn: 'op-1' }))).toBe('InvalidParameterValue');
  expect((await subnet({ AvailabilityZone: 'us-east-1a' })).Subnet?.OutpostArn).toBe(OutpostArn);
});
