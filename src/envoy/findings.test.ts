import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { envoyFinding } from './findings.ts';
import type { EnvoyProblem } from './problem.ts';

const place = { route: { kind: 'HTTPRoute' as const, key: objectKey({ namespace: 'shop', name: 'web' }) }, rule: 1 };

test.each<[EnvoyProblem, string]>([
  [
    { ...place, kind: 'regex-refused', field: 'matches[0].path.value', regex: '/(', detail: 'missing )' },
    'spec.rules[1].matches[0].path.value: Envoy does not accept the regular expression "/(" (missing )). Write it in the syntax of RE2.',
  ],
  [
    { ...place, kind: 'regex-too-long', field: 'matches[0].path.value', length: 501, limit: 500 },
    'spec.rules[1].matches[0].path.value: the regular expression has 501 characters, and the limit is 500. Write it shorter.',
  ],
  [
    { ...place, kind: 'header-refused', field: 'filters', header: 'host', why: 'host' },
    'spec.rules[1].filters: a header filter cannot change "host". Use hostname of a URLRewrite. Its requests are answered 500.',
  ],
  [
    { ...place, kind: 'header-refused', field: 'filters', header: 'te', why: 'connection' },
    'spec.rules[1].filters: a header filter cannot change "te", because it belongs to the connection. Remove it from the filter. Its requests are answered 500.',
  ],
  [
    { ...place, kind: 'header-refused', field: 'filters', header: 'x', why: 'characters' },
    'spec.rules[1].filters: the value of header "x" has a line break or a zero byte. Remove it. Its requests are answered 500.',
  ],
  [
    { ...place, kind: 'gate-missing', field: 'matches', gate: 0 },
    'spec.rules[1].matches: rule 0 of the route is left out, and this rule would answer its requests. So this rule is left out too.',
  ],
  [
    { ...place, kind: 'mirror-protocol-unsupported', field: 'filters', service: 'shop/web', protocol: 'smtp' },
    'spec.rules[1].filters: Service shop/web has the protocol "smtp", so it gets no copies of requests. Use http, grpc, kubernetes.io/h2c or kubernetes.io/ws.',
  ],
  [
    { ...place, kind: 'retries-capped', field: 'retry.attempts', attempts: 100, limit: 10 },
    'spec.rules[1].retry.attempts: a request is tried again 10 times at most, and the rule asks for 100.',
  ],
  [
    { ...place, kind: 'too-many-routes', field: 'matches', limit: 20_000 },
    'spec.rules[1].matches: the route tables of a Gateway have room for 20000 entries (hostnames × matches, also those of wider hostnames), and other routes need them. Use fewer hostnames or matches, or another Gateway.',
  ],
  [
    { ...place, kind: 'too-many-regexes', field: 'matches', limit: 200_000 },
    'spec.rules[1].matches: the regular expressions of a Gateway have room for 200000 characters (50 more for each expression, all of them for each hostname), and other routes need them. Use fewer or shorter ones, also in the origins of CORS filters, or another Gateway.',
  ],
  [
    { ...place, kind: 'too-many-bytes', field: 'filters', limit: 32_000_000 },
    'spec.rules[1].filters: the filters, backends and matches of a Gateway have room for 32 MB (all of a rule for each match and hostname), and other routes need it. Use fewer or shorter ones, or another Gateway.',
  ],
  [
    { ...place, kind: 'too-many-clusters', field: 'backendRefs', limit: 10_000 },
    'spec.rules[1].backendRefs: the Envoys of a Gateway have room for 10000 ports of Services (6 for a port with TLS), and other routes need them. Name fewer, or use another Gateway.',
  ],
  [
    { ...place, kind: 'header-refused', field: 'filters', header: 'x y', why: 'name' },
    'spec.rules[1].filters: "x y" is not the name of a header. Use letters, digits and hyphens. Its requests are answered 500.',
  ],
])('%j says what is wrong and what to do', (problem, words) => {
  expect(envoyFinding(problem).words).toBe(words);
});
