// Decides which traffic security groups allow. Groups are stateful: answers to allowed connections are allowed.
// docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
import ipaddr from 'ipaddr.js';
import { hasAddress } from './prefixes.ts';
import type { Ec2State, NetworkInterface, RulePeer, SecurityGroupRule } from './state.ts';

/** One end of a connection. */
export interface End {
  /** Undefined if no group filters it: clients, addresses outside the VPC, Network Load Balancers without groups. */
  readonly groupIds: readonly string[] | undefined;
  /** The connection has one of these. */
  readonly addresses: readonly string[];
}

export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export function passes(ec2: Ec2State, connection: Connection): boolean {
  const { from, to } = connection;
  return lets(ec2, connection, from.groupIds, 'egress', to) && lets(ec2, connection, to.groupIds, 'ingress', from);
}

/** Rules only allow. One matching rule of any group is enough. */
function lets(
  ec2: Ec2State,
  { protocol, port }: Connection,
  groupIds: readonly string[] | undefined,
  direction: 'egress' | 'ingress',
  other: End,
): boolean {
  if (groupIds === undefined) return true;
  const fits = (rule: SecurityGroupRule): boolean =>
    rule.isEgress === (direction === 'egress') &&
    (rule.protocol === '-1' || (rule.protocol === protocol && rule.fromPort <= port && port <= rule.toPort)) &&
    names(rule.peer, other);
  return groupIds
    .flatMap((id) => [...(ec2.securityGroups.get(id)?.ruleIds ?? [])])
    .some((id) => {
      const rule = ec2.securityGroupRules.get(id);
      return rule !== undefined && fits(rule);
    });
}

function names(peer: RulePeer, { groupIds = [], addresses }: End): boolean {
  switch (peer.kind) {
    case 'group':
      return groupIds.includes(peer.groupId);
    case 'prefix-list':
      // Prefix lists have no entries here, so a rule with a prefix list allows everything.
      return true;
    case 'ipv4':
    case 'ipv6':
      return addresses.some((address) => isWithin(address, peer.cidr));
  }
  return peer satisfies never;
}

function isWithin(address: string, cidr: string): boolean {
  const value = ipaddr.parse(address);
  const block = ipaddr.parseCIDR(cidr);
  return value.kind() === block[0].kind() && value.match(block);
}

/**
 * The interface of a target's address in a VPC. No CNI runs here that would assign pods' addresses to nodes. So an address
 * without an interface, or with a load balancer's, counts as a secondary address of an instance in its subnet.
 * Undefined if there is no such instance: nobody has that address.
 */
export function interfaceOf(ec2: Ec2State, vpcId: string, address: string): NetworkInterface | undefined {
  const interfaces = [...ec2.networkInterfaces.values()].filter(
    (each) => each.vpcId === vpcId && !each.requesterManaged,
  );
  const holder = interfaces.find((each) => hasAddress(each, address));
  if (holder) return holder;
  const subnet = [...ec2.subnets.values()].find(
    (each) =>
      each.vpcId === vpcId &&
      [each.cidrBlock, each.ipv6?.cidrBlock ?? []].flat().some((cidr) => isWithin(address, cidr)),
  );
  return interfaces.find((each) => each.subnetId === subnet?.id && each.attachment?.instanceId !== undefined);
}

/** Whether the address is in a block of the VPC. Others are reached through peerings and gateways. */
export function isOfVpc(ec2: Ec2State, vpcId: string, address: string): boolean {
  const vpc = ec2.vpcs.get(vpcId);
  return vpc !== undefined && [vpc.cidrBlock, vpc.ipv6?.cidrBlock ?? []].flat().some((cidr) => isWithin(address, cidr));
}
