import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { answer, select } from './describe.ts';
import { dependencyViolation } from './errors.ts';
import { find, idKinds, newId } from './ids.ts';
import { requiredText } from './parameters.ts';
import type { InternetGateway, Tags } from './state.ts';
import { newTags, tagSet, tagsFor } from './tag-specifications.ts';

export function createInternetGateway(world: World, tags: Tags = newTags()): InternetGateway {
  const gateway: InternetGateway = { id: newId(world.ec2, 'igw'), attachedVpcId: undefined, tags };
  world.ec2.internetGateways.set(gateway.id, gateway);
  return gateway;
}

export function attachInternetGateway(world: World, gatewayId: string, vpcId: string): void {
  const { internetGateways, vpcs } = world.ec2;
  const gateway = find(idKinds.internetGateway, internetGateways, gatewayId);
  const vpc = find(idKinds.vpc, vpcs, vpcId);
  if (gateway.attachedVpcId !== undefined) {
    throw new AwsError(
      'Resource.AlreadyAssociated',
      `resource ${gateway.id} is already attached to network ${gateway.attachedVpcId}`,
    );
  }
  if ([...internetGateways.values()].some((other) => other.attachedVpcId === vpc.id)) {
    throw new AwsError('InvalidParameterValue', `Network ${vpc.id} already has an internet gateway attached`);
  }
  gateway.attachedVpcId = vpc.id;
}

export function createInternetGatewayAction(world: World, input: Input): Output {
  return { internetGateway: view(world, createInternetGateway(world, tagsFor(input, 'internet-gateway'))) };
}

export function attachInternetGatewayAction(world: World, input: Input): Output {
  attachInternetGateway(world, requiredText(input, 'InternetGatewayId'), requiredText(input, 'VpcId'));
  return { return: true };
}

export function detachInternetGateway(world: World, input: Input): Output {
  const gateway = find(idKinds.internetGateway, world.ec2.internetGateways, requiredText(input, 'InternetGatewayId'));
  const vpc = find(idKinds.vpc, world.ec2.vpcs, requiredText(input, 'VpcId'));
  if (gateway.attachedVpcId !== vpc.id) {
    throw new AwsError('Gateway.NotAttached', `resource ${gateway.id} is not attached to network ${vpc.id}`);
  }
  gateway.attachedVpcId = undefined;
  return { return: true };
}

export function deleteInternetGateway(world: World, input: Input): Output {
  const gateway = find(idKinds.internetGateway, world.ec2.internetGateways, requiredText(input, 'InternetGatewayId'));
  if (gateway.attachedVpcId !== undefined) {
    throw dependencyViolation(`The internetGateway '${gateway.id}' has dependencies and cannot be deleted.`);
  }
  world.ec2.internetGateways.delete(gateway.id);
  return { return: true };
}

export function describeInternetGateways(world: World, input: Input): Output {
  const page = select<InternetGateway>(input, {
    kind: idKinds.internetGateway,
    idParameter: 'InternetGatewayId',
    records: world.ec2.internetGateways,
    filters: {
      'internet-gateway-id': (gateway) => gateway.id,
      'attachment.vpc-id': (gateway) => gateway.attachedVpcId,
      'attachment.state': (gateway) => (gateway.attachedVpcId === undefined ? undefined : 'available'),
      'owner-id': () => world.accountId,
    },
  });
  return answer('internetGatewaySet', page, (gateway) => view(world, gateway));
}

function view(world: World, gateway: InternetGateway): Output {
  return {
    internetGatewayId: gateway.id,
    ownerId: world.accountId,
    attachmentSet: gateway.attachedVpcId === undefined ? [] : [{ vpcId: gateway.attachedVpcId, state: 'available' }],
    tagSet: tagSet(gateway.tags),
  };
}
