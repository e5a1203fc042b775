// Every kind of AWS's problems reaches the user.
import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { type Coverage, conditionsFor, goldenKinds, notProgrammed, samplesOf } from '../testing/coverage.ts';
import { awsFinding } from './findings.ts';
import type { AwsProblem } from './problem.ts';

const storefront = {
  route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: 'storefront' }) },
  rule: 0,
} as const;
const crowded = { limit: 100, held: 99, wanted: 2 };
const shopApi = objectKey({ namespace: 'shop', name: 'api' });
const call = { resource: 'listener/internal/80', action: 'CreateListener', detail: 'no' };
const routeRefused = ['Route Accepted=False UnsupportedValue'];

const coverage: Coverage<AwsProblem['kind']> = {
  'listener-hostname-too-long': 'golden',
  'certificate-refused': {
    problem: { listener: 'http', field: 'tls', cause: { kind: 'quota-reached', code: 'LimitExceeded', ...call } },
    reportedBy: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'certificate-arn-not-permitted': {
    problem: { listener: 'http', field: 'tls.options[gatehouse.dev/certificate-arn]', arn: 'arn:a' },
    reportedBy: ['Listener ResolvedRefs=False RefNotPermitted'],
  },
  'certificate-arn-not-found': {
    problem: { listener: 'http', field: 'tls.options[gatehouse.dev/certificate-arn]', arn: 'arn:a' },
    reportedBy: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'certificate-arn-unknown': {
    problem: { listener: 'http', field: 'tls.options[gatehouse.dev/certificate-arn]', arn: 'arn:a', detail: 'no' },
    reportedBy: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'certificate-arn-malformed': 'golden',
  'listener-setting-conflict': 'golden',
  'listener-not-isolated': {
    problem: { listener: 'http', field: 'hostname', port: 80, limit: 100 },
    reportedBy: ['Listener Accepted=True Accepted'],
  },
  'listener-pair': 'golden',
  'listener-port-taken': 'golden',
  'listener-unanswered': 'golden',
  'server-names-not-told-apart': 'golden',
  'udp-without-ipv6': {
    problem: { listener: 'http', field: 'protocol', subnets: ['subnet-1'] },
    reportedBy: ['Listener Accepted=False UnsupportedProtocol', 'Listener Programmed=False Invalid'],
  },
  'alpn-policy-unknown': 'golden',
  'too-many-certificates': {
    problem: { listener: 'http', field: 'tls.certificateRefs', limit: 25 },
    reportedBy: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'too-many-listeners': {
    problem: { listener: 'http', field: 'port', limit: 50 },
    reportedBy: ['Listener Accepted=False PortUnavailable', 'Listener Programmed=False Invalid'],
  },
  'too-many-ingress-rules': 'golden',
  'backend-without-node-port': 'golden',
  'backend-without-ipv4': 'golden',
  'backend-needs-https-listener': 'golden',
  'backend-without-ipv6': 'golden',
  'backend-of-other-family': 'golden',
  'invalid-share-unanswered': 'golden',
  'port-taken-by-others': 'golden',
  'health-unknown': 'golden',
  'health-node-port-missing': 'golden',
  'client-address-kept': 'golden',
  'invalid-share-answers-503': 'golden',
  'match-ignores-case': 'golden',
  'partly-left-out': 'golden',
  'match-unsupported': 'golden',
  'match-too-large': 'golden',
  'regex-unsupported': 'golden',
  'too-many-backends': 'golden',
  'targets-refused': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, targets: ['8.8.8.8:80'], detail: 'no' },
    reportedBy: ['Route gatehouse.dev/TargetsReachable=False TargetsRefused'],
  },
  'targets-unfit': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, targets: ['8.8.8.8:80'] },
    reportedBy: ['Route gatehouse.dev/TargetsReachable=False TargetsRefused'],
  },
  'targets-group-unclear': {
    problem: {
      ...storefront,
      field: 'backendRefs',
      service: shopApi,
      carrier: 'eni-1',
      groups: ['sg-1', 'sg-2'],
      tag: 'kubernetes.io/cluster/blue',
    },
    reportedBy: ['Route gatehouse.dev/TargetsReachable=False TargetsNotAdmitted'],
  },
  'targets-not-admitted': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, cause: { ...call, kind: 'access-denied' } },
    reportedBy: ['Route gatehouse.dev/TargetsReachable=False TargetsNotAdmitted'],
  },
  'targets-not-located': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, targets: ['10.0.0.7:80'] },
    reportedBy: ['Route gatehouse.dev/TargetsReachable=False TargetsNotLocated'],
  },
  'targets-in-other-zones': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, zones: ['us-east-1b'] },
    reportedBy: ['Route gatehouse.dev/TargetsReachable=False TargetsUnused'],
  },
  'redirect-to-itself': 'golden',
  'gate-missing': 'golden',
  'pair-differs': {
    problem: { ...storefront, field: 'backendRefs', port: 53 },
    reportedBy: ['Route Accepted=True Accepted'],
  },
  'change-does-not-fit': {
    problem: { ...storefront, ...crowded, field: 'matches', lack: 'rules' },
    reportedBy: ['Route PartiallyInvalid=True UnsupportedValue'],
  },
  'too-many-rules': { problem: { ...storefront, ...crowded, field: 'matches' }, reportedBy: routeRefused },
  'too-many-target-groups': { problem: { ...storefront, ...crowded, field: 'backendRefs' }, reportedBy: routeRefused },
  'rule-refused': {
    problem: { ...storefront, field: '', cause: { ...call, kind: 'cloud-refused', code: 'ValidationError' } },
    reportedBy: routeRefused,
  },
  'rule-change-refused': {
    problem: { ...storefront, field: '', cause: { ...call, kind: 'cloud-refused', code: 'ValidationError' } },
    reportedBy: ['Route gatehouse.dev/UpToDate=False Refused'],
  },
  'address-not-usable': 'golden',
  'addresses-in-one-zone': 'golden',
  'zones-kept': {
    problem: { loadBalancer: 'gh-web', until: 1_700_000_000_000 },
    reportedBy: ['Gateway gatehouse.dev/UpToDate=True UpToDate'],
  },
  'mapped-addresses-unused': 'golden',
  'rules-of-others': {
    problem: { ports: [53, 443] },
    reportedBy: ['Gateway gatehouse.dev/UpToDate=True UpToDate'],
  },
  'subnets-too-few': {
    problem: { scheme: 'internal', found: ['subnet-1'], zones: 1 },
    reportedBy: notProgrammed('NoResources', 'NoResources'),
  },
  'source-ranges-too-many': {
    problem: { ranges: 50, ports: 5, limit: 240 },
    reportedBy: notProgrammed('NoResources', 'NoResources'),
  },
  'subnets-invalid': { problem: { why: { kind: 'two-on-outpost' } }, reportedBy: notProgrammed('Invalid', 'Refused') },
  'subnet-address-invalid': 'golden',
  'subnets-all-change': { problem: { subnets: ['subnet-1'] }, reportedBy: notProgrammed('Invalid', 'Refused') },
  'security-groups-not-permitted': {
    problem: { groups: ['sg-0a'] },
    reportedBy: notProgrammed('Invalid', 'Refused'),
  },
  'region-changed': {
    problem: { address: 'web.eu-west-1.elb.amazonaws.com', there: 'eu-west-1', here: 'eu-west-2' },
    reportedBy: notProgrammed('Pending', 'RegionChanged'),
  },
  'vpc-unknown': { problem: { region: 'eu-west-1' }, reportedBy: notProgrammed('Pending') },
  'name-taken': {
    problem: { resource: 'load-balancer/internal', name: 'gh-1', arn: 'arn:1' },
    reportedBy: notProgrammed('Invalid', 'Refused'),
  },
  'cluster-name-taken': {
    problem: { clusterName: 'blue', arn: 'arn:1' },
    reportedBy: notProgrammed('Invalid', 'Refused'),
  },
  'quota-reached': {
    problem: { ...call, code: 'TooManyListeners' },
    reportedBy: notProgrammed('NoResources', 'NoResources'),
  },
  'access-denied': { problem: call, reportedBy: notProgrammed('Invalid', 'AccessDenied') },
  'credentials-invalid': {
    problem: { action: 'DescribeTags', detail: 'expired' },
    reportedBy: notProgrammed('Pending'),
  },
  'cloud-unanswered': {
    problem: { why: 'unreachable', action: 'DescribeTags', detail: 'timeout' },
    reportedBy: notProgrammed('Pending'),
  },
  'cloud-refused': { problem: { ...call, code: 'ValidationError' }, reportedBy: notProgrammed('Invalid', 'Refused') },
  'attributes-without-effect': 'golden',
  'ip-address-type-unsupported': {
    problem: { ipAddressType: 'dualstack-without-public-ipv4' },
    reportedBy: notProgrammed('Invalid', 'Refused'),
  },
  'admission-widened': {
    problem: { group: 'sg-1', ranges: ['ports 8080-8090'] },
    reportedBy: ['Gateway gatehouse.dev/UpToDate=True UpToDate'],
  },
  'region-near-quota': {
    problem: { of: 'network', limit: 50 },
    reportedBy: ['Gateway gatehouse.dev/UpToDate=True UpToDate'],
  },
  'targets-near-quota': {
    problem: { loadBalancer: 'gh-web', targets: 450, limit: 500 },
    reportedBy: ['Gateway gatehouse.dev/UpToDate=True UpToDate'],
  },
  'deletion-held': {
    problem: { resource: 'security-group/frontend', arn: 'sg-1', detail: 'in use', holders: [] },
    reportedBy: notProgrammed('Pending'),
  },
};

test('every kind of problem that a golden case is to have is in one', async () => {
  const { found, wanted } = await goldenKinds(coverage);
  expect(found).toEqual(wanted);
});

test.each(samplesOf(coverage))('$kind is reported by $reportedBy', ({ problem, reportedBy }) => {
  const { words } = awsFinding(problem);
  expect(words).toMatch(/^\S.*\.$/);
  expect(words).not.toMatch(/undefined|\[object/);
  expect(conditionsFor(problem).flatMap(([name, message]) => (message.includes(words) ? [name] : []))).toEqual(
    reportedBy,
  );
});
