import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { type Block4, formatBlock4, parseBlock4 } from './addresses.ts';
import { answer, select } from './describe.ts';
import { dependencyViolation, invalidValue, missingParameter } from './errors.ts';
import type { FilterTable } from './filters.ts';
import { find, idKinds, newHex, newId } from './ids.ts';
import { flag, requiredText, text } from './parameters.ts';
import { createMainRouteTable } from './route-tables.ts';
import { createDefaultSecurityGroup, removeSecurityGroup } from './security-groups.ts';
import type { Ec2State, Tags, Vpc } from './state.ts';
import { newTags, tagSet, tagsFor } from './tag-specifications.ts';

export interface VpcSpec {
  readonly cidrBlock: string;
  /** Whether it gets an IPv6 /56 from Amazon. */
  readonly ipv6?: boolean;
  readonly tags?: Tags;
}

/** Creates the VPC with its main route table and its default security group. */
export function createVpc(world: World, spec: VpcSpec): Vpc {
  const { ec2 } = world;
  const block = vpcBlock(spec.cidrBlock);
  const tags = spec.tags ?? newTags();
  const id = newId(ec2, 'vpc');
  const vpc: Vpc = {
    id,
    cidrBlock: formatBlock4(block),
    defaultSecurityGroupId: createDefaultSecurityGroup(ec2, id).id,
    cidrAssociationId: newId(ec2, 'vpc-cidr-assoc'),
    ipv6: spec.ipv6 === true ? amazonIpv6Block(ec2) : undefined,
    tags,
  };
  ec2.vpcs.set(vpc.id, vpc);
  createMainRouteTable(ec2, vpc);
  return vpc;
}

/** docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html: /16 to /28. */
function vpcBlock(cidr: string): Block4 {
  const block = parseBlock4(cidr);
  if (block === undefined) {
    throw invalidValue(`Value (${cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`);
  }
  if (block.prefix < 16 || block.prefix > 28) throw new AwsError('InvalidVpc.Range', `The CIDR '${cidr}' is invalid.`);
  return block;
}

function amazonIpv6Block(ec2: Ec2State) {
  const hex = newHex(ec2, 6);
  return {
    associationId: newId(ec2, 'vpc-cidr-assoc'),
    cidrBlock: `2600:1f${hex.slice(0, 2)}:${(Number.parseInt(hex.slice(2, 6), 16) | 0x1000).toString(16)}:f00::/56`,
  };
}

export function createVpcAction(world: World, input: Input): Output {
  const cidrBlock = text(input, 'CidrBlock');
  if (cidrBlock === undefined) throw missingParameter('cidrBlock');
  const vpc = createVpc(world, {
    cidrBlock,
    ipv6: flag(input, 'AmazonProvidedIpv6CidrBlock') ?? false,
    tags: tagsFor(input, 'vpc'),
  });
  return { vpc: view(world, vpc) };
}

export function deleteVpc(world: World, input: Input): Output {
  const { ec2 } = world;
  const vpc = find(idKinds.vpc, ec2.vpcs, requiredText(input, 'VpcId'));
  const inVpc = ({ vpcId }: { readonly vpcId: string }): boolean => vpcId === vpc.id;
  const groups = [...ec2.securityGroups.values()].filter(inVpc);
  const tables = [...ec2.routeTables.values()].filter(inVpc);
  const isInUse =
    [...ec2.subnets.values()].some(inVpc) ||
    groups.some((group) => group.id !== vpc.defaultSecurityGroupId) ||
    tables.some((table) => table.associations.every((association) => association.subnetId !== undefined)) ||
    [...ec2.internetGateways.values()].some((gateway) => gateway.attachedVpcId === vpc.id);
  if (isInUse) throw dependencyViolation(`The vpc '${vpc.id}' has dependencies and cannot be deleted.`);
  for (const group of groups) removeSecurityGroup(ec2, group);
  for (const table of tables) ec2.routeTables.delete(table.id);
  ec2.vpcs.delete(vpc.id);
  return { return: true };
}

export function describeVpcs(world: World, input: Input): Output {
  const page = select(input, {
    kind: idKinds.vpc,
    idParameter: 'VpcId',
    records: world.ec2.vpcs,
    filters: filters(world),
  });
  return answer('vpcSet', page, (vpc) => view(world, vpc));
}

function filters(world: World): FilterTable<Vpc> {
  return {
    'vpc-id': (vpc) => vpc.id,
    cidr: (vpc) => vpc.cidrBlock,
    'cidr-block': (vpc) => vpc.cidrBlock,
    'cidr-block-association.cidr-block': (vpc) => vpc.cidrBlock,
    'cidr-block-association.association-id': (vpc) => vpc.cidrAssociationId,
    'cidr-block-association.state': () => 'associated',
    'ipv6-cidr-block-association.ipv6-cidr-block': (vpc) => vpc.ipv6?.cidrBlock,
    'ipv6-cidr-block-association.association-id': (vpc) => vpc.ipv6?.associationId,
    'ipv6-cidr-block-association.state': (vpc) => (vpc.ipv6 === undefined ? undefined : 'associated'),
    'dhcp-options-id': () => 'default',
    'is-default': () => false,
    isDefault: () => false,
    'owner-id': () => world.accountId,
    state: () => 'available',
  };
}

function view(world: World, vpc: Vpc): Output {
  return {
    vpcId: vpc.id,
    ownerId: world.accountId,
    state: 'available',
    cidrBlock: vpc.cidrBlock,
    cidrBlockAssociationSet: [
      { associationId: vpc.cidrAssociationId, cidrBlock: vpc.cidrBlock, cidrBlockState: { state: 'associated' } },
    ],
    ipv6CidrBlockAssociationSet:
      vpc.ipv6 === undefined
        ? []
        : [
            {
              associationId: vpc.ipv6.associationId,
              ipv6CidrBlock: vpc.ipv6.cidrBlock,
              ipv6CidrBlockState: { state: 'associated' },
              networkBorderGroup: world.region,
              ipv6Pool: 'Amazon',
            },
          ],
    dhcpOptionsId: 'default',
    instanceTenancy: 'default',
    isDefault: false,
    tagSet: tagSet(vpc.tags),
  };
}
