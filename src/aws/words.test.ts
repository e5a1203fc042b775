import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import type { SubnetsInvalid } from './cloud-problem.ts';
import type { Problem } from './problem.ts';
import type { MatchUnsupported, RegexUnsupported } from './rule-problem.ts';
import { sentence } from './words.ts';

const place = {
  route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: 'web' }) },
  rule: 0,
  field: 'filters',
} as const;
const match = (why: MatchUnsupported['why']): Problem => ({ ...place, kind: 'match-unsupported', why });
const regex = (why: RegexUnsupported['why']): Problem => ({ ...place, kind: 'regex-unsupported', regex: 'a', why });
const subnets = (why: SubnetsInvalid['why']): Problem => ({ kind: 'subnets-invalid', why });

test.each<readonly [Problem, string]>([
  [match({ kind: 'hostname-too-long', hostname: 'a.com' }), 'host name a.com is too long.'],
  [match({ kind: 'path-too-long', limit: 128 }), 'the path is longer than 128 characters.'],
  [match({ kind: 'host-header' }), 'the Host header is matched by hostnames.'],
  [match({ kind: 'header-name-too-long', limit: 40 }), "the header's name is longer than 40 characters."],
  [match({ kind: 'header-value-too-long', limit: 128 }), 'the value is longer than 128 characters.'],
  [match({ kind: 'query-regex' }), 'query parameters have no regular expressions.'],
  [match({ kind: 'query-value-empty' }), 'the value of the query parameter is empty.'],
  [match({ kind: 'query-characters' }), 'the query parameter has characters that a condition cannot have.'],
  [match({ kind: 'query-too-long', limit: 128 }), 'the name or the value is longer than 128 characters.'],
  [regex({ kind: 'empty' }), ': it is empty. '],
  [regex({ kind: 'too-long', limit: 128 }), ': it is longer than 128 characters. '],
  [regex({ kind: 'malformed' }), ': it is not a regular expression. '],
  [regex({ kind: 'syntax', has: 'look-around' }), ': it has look-around. '],
  [regex({ kind: 'syntax', has: 'atomic-group' }), ': it has an atomic group. '],
  [regex({ kind: 'syntax', has: 'recursion' }), ': it has a subroutine or recursion. '],
  [regex({ kind: 'syntax', has: 'backreference' }), ': it has a backreference. '],
  [regex({ kind: 'syntax', has: 'possessive-quantifier' }), ': it has a possessive quantifier. '],
  [regex({ kind: 'syntax', has: 'unicode-class' }), ': it has a Unicode class. '],
  [
    subnets({ kind: 'not-in-vpc', subnet: 'subnet-9', vpcId: 'vpc-1' }),
    "subnets can't be used: subnet subnet-9 is not in VPC vpc-1. ",
  ],
  [
    subnets({ kind: 'same-zone', subnets: ['subnet-1', 'subnet-2'], zone: 'a' }),
    ': subnets subnet-1 and subnet-2 are both in a. ',
  ],
  [
    subnets({
      kind: 'mixed-zones',
      subnets: [
        { id: 'subnet-1', zoneType: 'availability-zone', availabilityZone: 'us-east-1a' },
        { id: 'subnet-3', zoneType: 'local-zone', availabilityZone: 'us-east-1-bos-1a' },
      ],
    }),
    'subnet-1 is in the availability zone us-east-1a and subnet-3 is in the Local Zone us-east-1-bos-1a, which one load balancer cannot use together. ',
  ],
  [subnets({ kind: 'two-on-outpost' }), ': on an Outpost a load balancer can have only one subnet. '],
  [
    { ...place, kind: 'redirect-unsupported', why: { kind: 'prefix-replaced' } },
    'an Application Load Balancer cannot replace a prefix in a redirect; it can only add text before the path.',
  ],
  [{ ...place, kind: 'redirect-unsupported', why: { kind: 'only-prefix' } }, 'it changes only the prefix of the path.'],
  [{ ...place, kind: 'redirect-unsupported', why: { kind: 'https-to-http' } }, 'HTTPS cannot be redirected to HTTP.'],
  [
    { ...place, kind: 'redirect-unsupported', why: { kind: 'too-long', limit: 128 } },
    'a host name or path is longer than 128 characters.',
  ],
  [
    { ...place, kind: 'rewrite-unsupported', why: { kind: 'group', replacement: '/a$1' } },
    '/a$1 has a $ before a digit, which would insert a group of the regular expression.',
  ],
  [
    { ...place, kind: 'rewrite-unsupported', why: { kind: 'too-long', limit: 1024 } },
    'the rewrite is longer than 1024 characters.',
  ],
])('%o is told in words', (problem, words) => {
  expect(sentence(problem)).toContain(words);
});
