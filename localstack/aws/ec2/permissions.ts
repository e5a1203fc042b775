// Security group rules in the API's format: permissions, each with one protocol and port range and many peers.
// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html

import { AwsError, type Input, type Output } from '../service.ts';
import { canonicalBlock6, formatBlock4, parseBlock4 } from './addresses.ts';
import { invalidValue, missingParameter } from './errors.ts';
import { checkId, idKinds } from './ids.ts';
import { integer, records, requiredText, text } from './parameters.ts';
import type { RulePeer, SecurityGroupRule } from './state.ts';

/** A rule that is not in a group (yet). */
export interface RuleSpec {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly peer: RulePeer;
  readonly description?: string | undefined;
}

const protocolNames: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };

/** The rules in a request: its IpPermissions, or the older CidrIp, IpProtocol, FromPort, ToPort. */
export function requestedRules(input: Input): RuleSpec[] {
  const permissions = records(input, 'IpPermissions').flatMap(rulesOf);
  const cidr = text(input, 'CidrIp');
  if (cidr === undefined) return permissions;
  return [...permissions, { ...portsOf(input), peer: cidrPeer(cidr) }];
}

function rulesOf(permission: Input): RuleSpec[] {
  const ports = portsOf(permission);
  const rule = (peer: RulePeer, source: Input): RuleSpec => ({ ...ports, peer, description: descriptionOf(source) });
  const rules = [
    ...records(permission, 'Groups').map((pair) => rule(groupPeer(pair), pair)),
    ...records(permission, 'IpRanges').map((range) => rule(cidrPeer(requiredText(range, 'CidrIp')), range)),
    ...records(permission, 'Ipv6Ranges').map((range) => rule(cidr6Peer(requiredText(range, 'CidrIpv6')), range)),
    ...records(permission, 'PrefixListIds').map((list) =>
      rule(prefixListPeer(requiredText(list, 'PrefixListId')), list),
    ),
  ];
  if (rules.length === 0) throw missingParameter('ipRanges, ipv6Ranges, prefixListIds or userIdGroupPairs');
  return rules;
}

function groupPeer(pair: Input): RulePeer {
  const groupId = text(pair, 'GroupId');
  if (groupId === undefined) throw missingParameter('GroupId');
  checkId(idKinds.securityGroup, groupId);
  return { kind: 'group', groupId };
}

function cidrPeer(cidr: string): RulePeer {
  const block = parseBlock4(cidr);
  if (block === undefined) throw invalidValue(`CIDR block ${cidr} is malformed`);
  return { kind: 'ipv4', cidr: formatBlock4(block) };
}

function cidr6Peer(cidr: string): RulePeer {
  const block = canonicalBlock6(cidr);
  if (block === undefined) throw invalidValue(`CIDR block ${cidr} is malformed`);
  return { kind: 'ipv6', cidr: block };
}

function prefixListPeer(prefixListId: string): RulePeer {
  checkId(idKinds.prefixList, prefixListId);
  return { kind: 'prefix-list', prefixListId };
}

/** A `SecurityGroupRuleRequest` of ModifySecurityGroupRules. */
export function modifiedRule(input: Input): RuleSpec {
  const cidr = text(input, 'CidrIpv4');
  const cidr6 = text(input, 'CidrIpv6');
  const prefixListId = text(input, 'PrefixListId');
  const groupId = text(input, 'ReferencedGroupId');
  const peers: RulePeer[] = [];
  if (cidr !== undefined) peers.push(cidrPeer(cidr));
  if (cidr6 !== undefined) peers.push(cidr6Peer(cidr6));
  if (prefixListId !== undefined) peers.push(prefixListPeer(prefixListId));
  if (groupId !== undefined) peers.push({ kind: 'group', groupId });
  const [peer, ...others] = peers;
  if (peer === undefined || others.length > 0) {
    throw new AwsError(
      'InvalidParameterCombination',
      'Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be specified',
    );
  }
  return { ...portsOf(input), peer, description: descriptionOf(input) };
}

type Ports = Pick<RuleSpec, 'protocol' | 'fromPort' | 'toPort'>;

function portsOf(input: Input): Ports {
  const named = requiredText(input, 'IpProtocol').toLowerCase();
  const protocol = protocolNames[named] ?? named;
  const fromPort = integer(input, 'FromPort');
  const toPort = integer(input, 'ToPort');
  switch (protocol) {
    case 'tcp':
    case 'udp':
      return { protocol, ...portRange(protocol, fromPort, toPort) };
    case 'icmp':
    case 'icmpv6':
      return { protocol, fromPort: fromPort ?? -1, toPort: toPort ?? -1 };
    default:
      if (protocol !== '-1' && !(/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255)) {
        throw invalidValue(`Invalid value '${named}' for IP protocol. Unknown protocol.`);
      }
      // For other protocols, and for -1, a rule means all ports, whatever the request says.
      return { protocol, fromPort: -1, toPort: -1 };
  }
}

const maxPort = 65_535;

function portRange(protocol: string, fromPort: number | undefined, toPort: number | undefined) {
  if (fromPort === undefined || toPort === undefined) {
    throw invalidValue("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
  }
  if (fromPort < 0 || fromPort > toPort || toPort > maxPort) {
    throw invalidValue(`Invalid ${protocol.toUpperCase()} port range (${fromPort}-${toPort})`);
  }
  return { fromPort, toPort };
}

/** docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html */
export function descriptionOf(input: Input): string | undefined {
  const description = text(input, 'Description');
  if (description === undefined || description === '') return undefined;
  if (!/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(description)) {
    throw invalidValue(
      'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  ' +
        'a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  }
  return description;
}

/** Identifies a rule within one direction of a group. The description does not count. */
export function ruleKey(rule: RuleSpec): string {
  return [rule.protocol, rule.fromPort, rule.toPort, rule.peer.kind, peerText(rule.peer)].join('|');
}

export function peerText(peer: RulePeer): string {
  switch (peer.kind) {
    case 'ipv4':
    case 'ipv6':
      return peer.cidr;
    case 'group':
      return peer.groupId;
    case 'prefix-list':
      return peer.prefixListId;
    default:
      return peer satisfies never;
  }
}

/** A rule in AWS's error messages. */
export function ruleText(rule: RuleSpec): string {
  const protocol = rule.protocol === '-1' ? 'ALL' : rule.protocol.toUpperCase();
  return `"peer: ${peerText(rule.peer)}, ${protocol}, from port: ${rule.fromPort}, to port: ${rule.toPort}, ALLOW"`;
}

/** Rules of one direction in the format of DescribeSecurityGroups: grouped by protocol and ports. */
export function permissionSet(rules: Iterable<RuleSpec>, accountId: string): readonly Output[] {
  const byPorts = new Map<string, RuleSpec[]>();
  for (const rule of rules) {
    const key = `${rule.protocol}|${rule.fromPort}|${rule.toPort}`;
    const same = byPorts.get(key);
    if (same === undefined) byPorts.set(key, [rule]);
    else same.push(rule);
  }
  return [...byPorts.values()].map((same) => permissionOf(same, accountId));
}

function permissionOf(rules: readonly RuleSpec[], accountId: string): Output {
  const groups: Output[] = [];
  const ipRanges: Output[] = [];
  const ipv6Ranges: Output[] = [];
  const prefixListIds: Output[] = [];
  for (const { peer, description } of rules) {
    switch (peer.kind) {
      case 'ipv4':
        ipRanges.push({ cidrIp: peer.cidr, description });
        break;
      case 'ipv6':
        ipv6Ranges.push({ cidrIpv6: peer.cidr, description });
        break;
      case 'group':
        groups.push({ userId: accountId, groupId: peer.groupId, description });
        break;
      case 'prefix-list':
        prefixListIds.push({ prefixListId: peer.prefixListId, description });
        break;
      default:
        peer satisfies never;
    }
  }
  const first = rules[0];
  const hasPorts = first !== undefined && ['tcp', 'udp', 'icmp', 'icmpv6'].includes(first.protocol);
  return {
    ipProtocol: first?.protocol,
    fromPort: hasPorts ? first.fromPort : undefined,
    toPort: hasPorts ? first.toPort : undefined,
    groups,
    ipRanges,
    ipv6Ranges,
    prefixListIds,
  };
}

/** The field for a rule's peer in a `SecurityGroupRule`. */
export function peerView(rule: SecurityGroupRule): Output {
  switch (rule.peer.kind) {
    case 'ipv4':
      return { cidrIpv4: rule.peer.cidr };
    case 'ipv6':
      return { cidrIpv6: rule.peer.cidr };
    case 'group':
      return { referencedGroupId: rule.peer.groupId };
    case 'prefix-list':
      return { prefixListId: rule.peer.prefixListId };
    default:
      return rule.peer satisfies never;
  }
}
