// Parts of messages: why an ALB cannot have something. words.ts makes sentences of them.
import type { SubnetsInvalid } from './cloud-problem.ts';
import type { ZoneType } from './network/network.ts';
import type { MatchUnsupported, RefusedSyntax, RegexUnsupported } from './rule-problem.ts';

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
