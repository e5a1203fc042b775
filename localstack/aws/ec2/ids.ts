// The format of ids, and AWS's errors for malformed or unknown ids.
// The codes' spelling follows no rule: docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html

import { createHash } from 'node:crypto';
import { AwsError } from '../service.ts';
import type { Ec2State } from './state.ts';

export interface IdKind {
  readonly prefix: string;
  readonly malformed: string;
  readonly notFound: string;
  readonly noun: string;
}

export const idKinds = {
  vpc: { prefix: 'vpc', malformed: 'InvalidVpcID.Malformed', notFound: 'InvalidVpcID.NotFound', noun: 'vpc ID' },
  subnet: {
    prefix: 'subnet',
    malformed: 'InvalidSubnetID.Malformed',
    notFound: 'InvalidSubnetID.NotFound',
    noun: 'subnet ID',
  },
  securityGroup: {
    prefix: 'sg',
    malformed: 'InvalidGroupId.Malformed',
    notFound: 'InvalidGroup.NotFound',
    noun: 'security group',
  },
  securityGroupRule: {
    prefix: 'sgr',
    malformed: 'InvalidSecurityGroupRuleId.Malformed',
    notFound: 'InvalidSecurityGroupRuleId.NotFound',
    noun: 'security group rule ID',
  },
  networkInterface: {
    prefix: 'eni',
    malformed: 'InvalidNetworkInterfaceId.Malformed',
    notFound: 'InvalidNetworkInterfaceID.NotFound',
    noun: 'networkInterface ID',
  },
  instance: {
    prefix: 'i',
    malformed: 'InvalidInstanceID.Malformed',
    notFound: 'InvalidInstanceID.NotFound',
    noun: 'instance ID',
  },
  routeTable: {
    prefix: 'rtb',
    malformed: 'InvalidRouteTableId.Malformed',
    notFound: 'InvalidRouteTableID.NotFound',
    noun: 'routeTable ID',
  },
  internetGateway: {
    prefix: 'igw',
    malformed: 'InvalidInternetGatewayId.Malformed',
    notFound: 'InvalidInternetGatewayID.NotFound',
    noun: 'internetGateway ID',
  },
  elasticIp: {
    prefix: 'eipalloc',
    malformed: 'InvalidAllocationID.NotFound',
    notFound: 'InvalidAllocationID.NotFound',
    noun: 'allocation ID',
  },
  prefixList: {
    prefix: 'pl',
    malformed: 'InvalidPrefixListId.Malformed',
    notFound: 'InvalidPrefixListID.NotFound',
    noun: 'prefixList ID',
  },
} as const satisfies Record<string, IdKind>;

/** Derived from a counter, so that the same calls in the same order give the same ids. */
export function newId(ec2: Ec2State, prefix: string): string {
  return `${prefix}-${newHex(ec2, 17)}`;
}

export function newHex(ec2: Ec2State, digits: number): string {
  ec2.idsGiven += 1;
  return createHash('sha256').update(`${ec2.accountId}/${ec2.region}/${ec2.idsGiven}`).digest('hex').slice(0, digits);
}

/** @throws the kind's Malformed error. */
export function checkId(kind: IdKind, id: string): void {
  if (!new RegExp(`^${kind.prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) {
    throw new AwsError(kind.malformed, `Invalid id: "${id}" (expecting "${kind.prefix}-...")`);
  }
}

/** @throws the kind's Malformed and NotFound errors. */
export function find<T>(kind: IdKind, from: ReadonlyMap<string, T>, id: string): T {
  checkId(kind, id);
  const found = from.get(id);
  if (found === undefined) throw new AwsError(kind.notFound, `The ${kind.noun} '${id}' does not exist`);
  return found;
}
