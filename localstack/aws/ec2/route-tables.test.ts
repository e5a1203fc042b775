import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { ec2UnderTest } from '../testing/ec2.ts';

const { ec2 } = ec2UnderTest();

// docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
test('a public subnet differs from a private one by its route table', async () => {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const VpcId = Vpc?.VpcId;
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.0.0/24' }));
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const GatewayId = InternetGateway?.InternetGatewayId;
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  const RouteTableId = RouteTable?.RouteTableId;
  const route = () => ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId }));

  expect(await refusal(route())).toBe('InvalidParameterValue');
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
  await route();
  expect(await refusal(route())).toBe('RouteAlreadyExists');
  await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId: Subnet?.SubnetId }));

  const tables = (Name: string, value: string | undefined) =>
    ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name, Values: [value ?? ''] }] }));
  const ofSubnet = (await tables('association.subnet-id', Subnet?.SubnetId)).RouteTables ?? [];
  expect(ofSubnet.map((table) => table.Routes?.map((each) => [each.DestinationCidrBlock, each.GatewayId]))).toEqual([
    [
      ['10.0.0.0/16', 'local'],
      ['0.0.0.0/0', GatewayId],
    ],
  ]);
  const main = (await tables('association.main', 'true')).RouteTables ?? [];
  expect(main.map((table) => table.Associations?.[0]?.Main)).toEqual([true]);

  const gateways = await ec2.send(
    new DescribeInternetGatewaysCommand({ Filters: [{ Name: 'attachment.vpc-id', Values: [VpcId ?? ''] }] }),
  );
  expect(gateways.InternetGateways?.map((gateway) => gateway.InternetGatewayId)).toEqual([GatewayId]);
  const remove = ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: GatewayId }));
  expect(await refusal(remove)).toBe('DependencyViolation');
});
