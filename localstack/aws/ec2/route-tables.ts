import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { canonicalBlock6, formatBlock4, parseBlock4 } from './addresses.ts';
import { answer, select } from './describe.ts';
import { dependencyViolation, invalidValue, missingParameter } from './errors.ts';
import type { FilterTable } from './filters.ts';
import { find, idKinds, newId } from './ids.ts';
import { requiredText, text } from './parameters.ts';
import type { Ec2State, Route, RouteTable, RouteTarget, Tags, Vpc } from './state.ts';
import { newTags, tagSet, tagsFor } from './tag-specifications.ts';

/** Used by every subnet without its own table. */
export function createMainRouteTable(ec2: Ec2State, vpc: Vpc): RouteTable {
  const table = newRouteTable(ec2, vpc, newTags());
  table.associations = [{ associationId: newId(ec2, 'rtbassoc'), subnetId: undefined }];
  return table;
}

export function createRouteTable(world: World, vpcId: string, tags: Tags = newTags()): RouteTable {
  return newRouteTable(world.ec2, find(idKinds.vpc, world.ec2.vpcs, vpcId), tags);
}

function newRouteTable(ec2: Ec2State, vpc: Vpc, tags: Tags): RouteTable {
  const blocks = [vpc.cidrBlock, ...(vpc.ipv6 === undefined ? [] : [vpc.ipv6.cidrBlock])];
  const table: RouteTable = {
    id: newId(ec2, 'rtb'),
    vpcId: vpc.id,
    routes: blocks.map((destination) => ({ destination, target: { kind: 'local' }, origin: 'CreateRouteTable' })),
    associations: [],
    tags,
  };
  ec2.routeTables.set(table.id, table);
  return table;
}

export function createRoute(world: World, tableId: string, destination: string, target: RouteTarget): void {
  const { ec2 } = world;
  const table = find(idKinds.routeTable, ec2.routeTables, tableId);
  const block = parseBlock4(destination);
  const canonical = block === undefined ? canonicalBlock6(destination) : formatBlock4(block);
  if (canonical === undefined) {
    throw invalidValue(
      `Value (${destination}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`,
    );
  }
  checkTarget(ec2, table, target);
  const same = table.routes.find((route) => route.destination === canonical);
  if (same !== undefined) {
    throw new AwsError('RouteAlreadyExists', `The route identified by ${canonical} already exists.`);
  }
  table.routes = [...table.routes, { destination: canonical, target, origin: 'CreateRoute' }];
}

function checkTarget(ec2: Ec2State, table: RouteTable, target: RouteTarget): void {
  switch (target.kind) {
    case 'gateway': {
      const gateway = find(idKinds.internetGateway, ec2.internetGateways, target.gatewayId);
      if (gateway.attachedVpcId !== table.vpcId) {
        throw invalidValue(`route table ${table.id} and network gateway ${gateway.id} belong to different networks`);
      }
      return;
    }
    case 'network-interface':
      find(idKinds.networkInterface, ec2.networkInterfaces, target.networkInterfaceId);
      return;
    case 'nat':
    case 'local':
      return;
    default:
      target satisfies never;
  }
}

/** @returns the association's id. */
export function associateRouteTable(world: World, tableId: string, subnetId: string): string {
  const { ec2 } = world;
  const table = find(idKinds.routeTable, ec2.routeTables, tableId);
  const subnet = find(idKinds.subnet, ec2.subnets, subnetId);
  if (subnet.vpcId !== table.vpcId) {
    throw invalidValue(`Route table ${table.id} and subnet ${subnet.id} belong to different networks`);
  }
  for (const other of ec2.routeTables.values()) {
    const existing = other.associations.find((association) => association.subnetId === subnet.id);
    if (existing === undefined) continue;
    if (other === table) return existing.associationId;
    throw new AwsError(
      'Resource.AlreadyAssociated',
      `the specified association for route table ${table.id} conflicts with an existing association`,
    );
  }
  const associationId = newId(ec2, 'rtbassoc');
  table.associations = [...table.associations, { associationId, subnetId: subnet.id }];
  return associationId;
}

export function createRouteTableAction(world: World, input: Input): Output {
  return {
    routeTable: view(world, createRouteTable(world, requiredText(input, 'VpcId'), tagsFor(input, 'route-table'))),
  };
}

export function createRouteAction(world: World, input: Input): Output {
  const destination = text(input, 'DestinationCidrBlock') ?? text(input, 'DestinationIpv6CidrBlock');
  if (destination === undefined) throw missingParameter('destinationCidrBlock');
  createRoute(world, requiredText(input, 'RouteTableId'), destination, requestedTarget(input));
  return { return: true };
}

function requestedTarget(input: Input): RouteTarget {
  const gatewayId = text(input, 'GatewayId');
  if (gatewayId !== undefined) return { kind: 'gateway', gatewayId };
  const natGatewayId = text(input, 'NatGatewayId');
  if (natGatewayId !== undefined) return { kind: 'nat', natGatewayId };
  const networkInterfaceId = text(input, 'NetworkInterfaceId');
  if (networkInterfaceId !== undefined) return { kind: 'network-interface', networkInterfaceId };
  throw missingParameter('gatewayId, natGatewayId or networkInterfaceId');
}

export function associateRouteTableAction(world: World, input: Input): Output {
  const associationId = associateRouteTable(
    world,
    requiredText(input, 'RouteTableId'),
    requiredText(input, 'SubnetId'),
  );
  return { associationId, associationState: { state: 'associated' } };
}

export function disassociateRouteTable(world: World, input: Input): Output {
  const associationId = requiredText(input, 'AssociationId');
  for (const table of world.ec2.routeTables.values()) {
    const association = table.associations.find((candidate) => candidate.associationId === associationId);
    if (association === undefined) continue;
    if (association.subnetId === undefined) {
      throw invalidValue(`cannot disassociate the main route table association ${associationId}`);
    }
    table.associations = table.associations.filter((candidate) => candidate !== association);
    return { return: true };
  }
  throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${associationId}' does not exist`);
}

export function deleteRouteTable(world: World, input: Input): Output {
  const table = find(idKinds.routeTable, world.ec2.routeTables, requiredText(input, 'RouteTableId'));
  if (table.associations.length > 0) {
    throw dependencyViolation(`The routeTable '${table.id}' has dependencies and cannot be deleted.`);
  }
  world.ec2.routeTables.delete(table.id);
  return { return: true };
}

export function describeRouteTables(world: World, input: Input): Output {
  const page = select(input, {
    kind: idKinds.routeTable,
    idParameter: 'RouteTableId',
    records: world.ec2.routeTables,
    filters: filters(world),
  });
  return answer('routeTableSet', page, (table) => view(world, table));
}

function filters(world: World): FilterTable<RouteTable> {
  return {
    'route-table-id': (table) => table.id,
    'vpc-id': (table) => table.vpcId,
    'owner-id': () => world.accountId,
    'association.main': (table) => table.associations.map(({ subnetId }) => String(subnetId === undefined)),
    'association.route-table-association-id': (table) => table.associations.map(({ associationId }) => associationId),
    'association.route-table-id': (table) => table.id,
    'association.subnet-id': (table) => table.associations.map(({ subnetId }) => subnetId),
    'route.destination-cidr-block': (table) => destinations(table).filter((block) => !block.includes(':')),
    'route.destination-ipv6-cidr-block': (table) => destinations(table).filter((block) => block.includes(':')),
    'route.gateway-id': (table) => table.routes.map(({ target }) => targetView(target).gatewayId),
    'route.nat-gateway-id': (table) => table.routes.map(({ target }) => targetView(target).natGatewayId),
    'route.origin': (table) => table.routes.map(({ origin }) => origin),
    'route.state': (table) => table.routes.map(() => 'active'),
  };
}

function destinations(table: RouteTable): readonly string[] {
  return table.routes.map(({ destination }) => destination);
}

function view(world: World, table: RouteTable): Output {
  return {
    routeTableId: table.id,
    vpcId: table.vpcId,
    ownerId: world.accountId,
    routeSet: table.routes.map(routeView),
    associationSet: table.associations.map(({ associationId, subnetId }) => ({
      routeTableAssociationId: associationId,
      routeTableId: table.id,
      subnetId,
      main: subnetId === undefined,
      associationState: { state: 'associated' },
    })),
    propagatingVgwSet: [],
    tagSet: tagSet(table.tags),
  };
}

function routeView(route: Route): Output {
  return {
    [route.destination.includes(':') ? 'destinationIpv6CidrBlock' : 'destinationCidrBlock']: route.destination,
    ...targetView(route.target),
    origin: route.origin,
    state: 'active',
  };
}

interface TargetView {
  readonly gatewayId?: string;
  readonly natGatewayId?: string;
  readonly networkInterfaceId?: string;
}

function targetView(target: RouteTarget): TargetView {
  switch (target.kind) {
    case 'local':
      return { gatewayId: 'local' };
    case 'gateway':
      return { gatewayId: target.gatewayId };
    case 'nat':
      return { natGatewayId: target.natGatewayId };
    case 'network-interface':
      return { networkInterfaceId: target.networkInterfaceId };
    default:
      return target satisfies never;
  }
}
