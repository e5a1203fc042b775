// Parts of messages: why a load balancer cannot have something. words.ts makes sentences of them.
import { list, namesOf } from '../status/phrases.ts';
import type { AddressNotUsable, SubnetAddressInvalid, SubnetsInvalid } from './cloud-problem.ts';
import type { ListenerPair, ListenerPortTaken } from './listener-problem.ts';
import type { Plane } from './model/plane.ts';
import type { ZoneType } from './network/network.ts';
import type { MatchUnsupported, RefusedSyntax, RegexUnsupported } from './rule-problem.ts';

export const planes: Readonly<Record<Plane, string>> = {
  alb: 'an Application Load Balancer',
  nlb: 'a Network Load Balancer',
};

/** How the port is taken, and why it can't do what two listeners or routes ask of it. */
export function portTaken({ why }: Pick<ListenerPortTaken, 'why'>): string {
  switch (why) {
    case 'server-name':
      return ', which has other backends. A Network Load Balancer ignores the server name.';
    case 'transport':
      return ', which has other backends. AWS sends TCP and UDP of one port to the same targets.';
    case 'named-target-port':
      return ', whose targets may be different: a targetPort of a Service is a name, and no pod says its number. AWS sends TCP and UDP of one port to the same targets.';
    case 'ip-version':
      return ' by IPv4. UDP on a dual-stack Network Load Balancer needs IPv6 targets, and a change to them would interrupt TCP for minutes.';
    default:
      return why satisfies never;
  }
}

/** What the owner of the listener or the route can do, beside using another port. */
export const beside: Readonly<Record<ListenerPortTaken['why'], { readonly listener: string; readonly route: string }>> =
  {
    'server-name': {
      listener: 'Attach a route with the same backends, or use',
      route: 'the same backends and weights, ',
    },
    transport: { listener: 'Attach a route with the same backends, or use', route: 'the same backends and weights, ' },
    'named-target-port': { listener: 'Use numbers as target ports, or', route: 'numbers as target ports, ' },
    'ip-version': { listener: 'Use', route: '' },
  };

export function listenerPair({ listener, port, own, other, by }: ListenerPair): string {
  const quic = [own, other].includes('UDP') ? ' QUIC and HTTP/3 are not supported.' : '';
  return `${own} can't share port ${port} with ${other} of ${namesOf({ others: [by] }, listener)} in AWS.${quic}`;
}

export function matchMisfit({ why }: Pick<MatchUnsupported, 'why'>): string {
  switch (why.kind) {
    case 'hostname-too-long':
      return `host name ${why.hostname} is too long`;
    case 'path-too-long':
      return `the path is longer than ${why.limit} characters`;
    case 'host-header':
      return 'the Host header is matched by hostnames';
    case 'header-name-too-long':
      return `the header's name is longer than ${why.limit} characters`;
    case 'header-value-too-long':
      return `the value is longer than ${why.limit} characters`;
    case 'query-regex':
      return 'query parameters have no regular expressions';
    case 'query-value-empty':
      return 'the value of the query parameter is empty';
    case 'query-characters':
      return 'the query parameter has characters that a condition cannot have';
    case 'query-too-long':
      return `the name or the value is longer than ${why.limit} characters`;
    default:
      return why satisfies never;
  }
}

export function regexMisfit({ why }: Pick<RegexUnsupported, 'why'>): string {
  switch (why.kind) {
    case 'empty':
      return 'it is empty';
    case 'too-long':
      return `it is longer than ${why.limit} characters`;
    case 'syntax':
      return `it has ${syntax[why.has]}`;
    case 'malformed':
      return 'it is not a regular expression';
    default:
      return why satisfies never;
  }
}

const syntax: Readonly<Record<RefusedSyntax, string>> = {
  'look-around': 'look-around',
  'atomic-group': 'an atomic group',
  recursion: 'a subroutine or recursion',
  backreference: 'a backreference',
  'possessive-quantifier': 'a possessive quantifier',
  'unicode-class': 'a Unicode class',
};

export function subnetsMisfit({ why }: Pick<SubnetsInvalid, 'why'>): string {
  switch (why.kind) {
    case 'not-in-vpc':
      return `subnet ${why.subnet} is not in VPC ${why.vpcId}`;
    case 'same-zone':
      return `subnets ${why.subnets.join(' and ')} are both in ${why.zone}`;
    case 'mixed-zones': {
      const placed = why.subnets.map((each) => `${each.id} is ${where[each.zoneType]} ${each.availabilityZone}`);
      return `${placed.join(' and ')}, which one load balancer cannot use together`;
    }
    case 'two-on-outpost':
      return 'on an Outpost a load balancer can have only one subnet';
    case 'without-nlb':
      return `${why.subnet.id} is ${where[why.subnet.zoneType]} ${why.subnet.availabilityZone}, which no Network Load Balancer can use`;
    default:
      return why satisfies never;
  }
}

export function addressMisfit({ why }: Pick<SubnetAddressInvalid, 'why'>): string {
  switch (why.kind) {
    case 'scheme':
      return `it needs the scheme ${why.needed}`;
    case 'ip-address-type':
      return `it needs the ipAddressType ${why.needed}`;
    case 'outside':
      return `it is outside of the subnet (${list(why.cidrBlocks)})`;
    case 'reserved':
      return 'AWS reserves the first four addresses of a subnet, and the last one';
    default:
      return why satisfies never;
  }
}

const where: Readonly<Record<ZoneType, string>> = {
  'availability-zone': 'in the availability zone',
  'local-zone': 'in the Local Zone',
  'wavelength-zone': 'in the Wavelength Zone',
  outpost: 'on an Outpost in',
};

/** Why an NLB keeps the subnets and addresses of its zones, and what to do. */
export const zonesAllChange =
  'AWS can change the subnet or address of a zone only while the load balancer has another zone. Change one zone after another. If there is only one zone, first add a second one.';

/** Sentences: why a Gateway cannot have a requested address, and what to do. The first one begins in lower case. */
export function addressMisuse({ why }: Pick<AddressNotUsable, 'why'>): string {
  switch (why.kind) {
    case 'not-ipv4':
      return 'it is not an IPv4 address. Name an Elastic IP or a private IPv4 address.';
    case 'unknown':
      return `it is neither an Elastic IP of this account in ${why.region}, nor in a subnet of ${why.vpcId}. Name an address that is.`;
    case 'scheme':
      return `${why.needed === 'internal' ? 'it is a private address' : 'it is not in a subnet of the VPC'}, so it needs the scheme ${why.needed}, but the scheme is ${why.scheme}. Change the address, or the scheme in a LoadBalancerConfiguration.`;
    case 'reserved':
      return `AWS reserves the first four addresses of subnet ${why.subnet}, and the last one. Name another address.`;
    case 'in-use':
      return `${why.by} uses it. Release it there, or name another address.`;
    case 'border-group':
      return `its network border group is ${why.borderGroup}, and a Network Load Balancer needs an address of the group ${why.region}. Name such an address.`;
    case 'same-zone':
      return `it is in zone ${why.zone}, like ${why.other}, and a load balancer has one address in each zone. Remove one of them.`;
    case 'no-zone-left':
      return `a load balancer has one address in each zone, and every zone (${list(why.zones)}) already has one. Remove this address.`;
    case 'other-subnet':
      return `it is in subnet ${why.subnet}, which is not one of the configured subnets. Name the subnet in the LoadBalancerConfiguration, or another address.`;
    case 'zones-all-change':
      return zonesAllChange;
    default:
      return why satisfies never;
  }
}
