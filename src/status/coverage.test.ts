// Every kind of problem reaches the user: in a golden case, or in the table below.
import { expect, test } from 'vitest';
import { translateForAws } from '../aws/translation.ts';
import { objectKey } from '../kube/object.ts';
import { GOLDEN_DEFAULTS, GOLDEN_NOW, loadCases } from '../testing/golden.ts';
import { reported } from '../testing/statuses.ts';
import { findingsOf } from './findings.ts';
import { attachedRoutes, gatewayStatus } from './gateway-status.ts';
import type { Problem } from './problem.ts';
import { routeParents } from './route-status.ts';
import { explain } from './words.ts';

type ProblemKind = Problem['kind'];
type Of<Kind extends ProblemKind> = Extract<Problem, { readonly kind: Kind }>;

/** The conditions that tell of a problem, as `Gateway Programmed=False NoResources`. */
interface Sample<Kind extends ProblemKind> {
  readonly problem: Omit<Of<Kind>, 'kind'>;
  readonly tellsIt: readonly string[];
}

const storefront = {
  route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: 'storefront' }) },
  rule: 0,
} as const;
const crowded = { limit: 100, held: 99, wanted: 2 };
const shopApi = objectKey({ namespace: 'shop', name: 'api' });
const call = { resource: 'listener/internal/80', action: 'CreateListener', detail: 'no' };
/** What never served; AWS's own no is beside it at once, and what it has not answered later. */
const notProgrammed = (reason: string, upToDate?: string) => [
  `Gateway Programmed=False ${reason}`,
  ...(upToDate === undefined ? [] : [`Gateway gatehouse.dev/UpToDate=False ${upToDate}`]),
  `Listener Programmed=False ${reason === 'Pending' ? 'Pending' : 'Invalid'}`,
];
const routeRefused = ['Route Accepted=False UnsupportedValue'];

const coverage: { readonly [Kind in ProblemKind]: 'golden' | Sample<Kind> } = {
  'parameters-kind-unknown': 'golden',
  'parameters-not-found': 'golden',
  'parameters-invalid': 'golden',
  'gateway-unreadable': 'golden',
  'address-unsupported': 'golden',
  'gateway-tls-unsupported': 'golden',
  'listener-set-not-allowed': 'golden',
  'listener-set-unreadable': 'golden',
  'listener-protocol-unsupported': 'golden',
  'listener-protocol-conflict': 'golden',
  'listener-hostname-conflict': 'golden',
  'listener-hostname-too-long': 'golden',
  'route-kind-unsupported': 'golden',
  'tls-mode-unsupported': 'golden',
  'tls-missing': 'golden',
  'tls-overlap': 'golden',
  'certificate-kind-unsupported': 'golden',
  'certificate-not-permitted': 'golden',
  'certificate-not-found': 'golden',
  'certificate-malformed': 'golden',
  'certificate-key-mismatch': 'golden',
  'certificate-refused': {
    problem: { listener: 'http', field: 'tls', cause: { kind: 'quota-reached', code: 'LimitExceeded', ...call } },
    tellsIt: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'certificate-arn-not-permitted': {
    problem: { listener: 'http', field: 'tls.options[gatehouse.dev/certificate-arn]', arn: 'arn:a' },
    tellsIt: ['Listener ResolvedRefs=False RefNotPermitted'],
  },
  'certificate-arn-not-found': {
    problem: { listener: 'http', field: 'tls.options[gatehouse.dev/certificate-arn]', arn: 'arn:a' },
    tellsIt: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'certificate-arn-unknown': {
    problem: { listener: 'http', field: 'tls.options[gatehouse.dev/certificate-arn]', arn: 'arn:a', detail: 'no' },
    tellsIt: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'certificate-expired': 'golden',
  'certificate-not-yet-valid': 'golden',
  'certificate-algorithm-unsupported': 'golden',
  'certificate-arn-malformed': 'golden',
  'listener-setting-conflict': 'golden',
  'listener-not-isolated': {
    problem: { listener: 'http', field: 'hostname', port: 80, limit: 100 },
    tellsIt: ['Listener Accepted=True Accepted'],
  },
  'too-many-certificates': {
    problem: { listener: 'http', field: 'tls.certificateRefs', limit: 25 },
    tellsIt: ['Listener ResolvedRefs=False InvalidCertificateRef'],
  },
  'too-many-listeners': {
    problem: { listener: 'http', field: 'port', limit: 50 },
    tellsIt: ['Listener Accepted=False PortUnavailable', 'Listener Programmed=False Invalid'],
  },
  'too-many-ingress-rules': 'golden',
  'route-unreadable': 'golden',
  'parent-not-matching': 'golden',
  'route-not-allowed': 'golden',
  'hostname-not-matching': 'golden',
  'backend-kind-unknown': 'golden',
  'backend-not-permitted': 'golden',
  'backend-not-found': 'golden',
  'backend-port-missing': 'golden',
  'backend-port-not-found': 'golden',
  'backend-protocol-unsupported': 'golden',
  'backend-without-node-port': 'golden',
  'backend-without-ipv4': 'golden',
  'backend-external-name': 'golden',
  'invalid-share-answers-503': 'golden',
  'match-ignores-case': 'golden',
  'partly-left-out': 'golden',
  'filter-unsupported': 'golden',
  'filters-incompatible': 'golden',
  'rule-field-unsupported': 'golden',
  'match-unsupported': 'golden',
  'match-too-large': 'golden',
  'regex-unsupported': 'golden',
  'redirect-status-unsupported': 'golden',
  'redirect-unsupported': 'golden',
  'rewrite-unsupported': 'golden',
  'too-many-backends': 'golden',
  'targets-refused': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, targets: ['8.8.8.8:80'], detail: 'no' },
    tellsIt: ['Route gatehouse.dev/TargetsReachable=False TargetsRefused'],
  },
  'targets-unfit': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, targets: ['8.8.8.8:80'] },
    tellsIt: ['Route gatehouse.dev/TargetsReachable=False TargetsRefused'],
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
    tellsIt: ['Route gatehouse.dev/TargetsReachable=False TargetsNotAdmitted'],
  },
  'targets-not-admitted': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, cause: { ...call, kind: 'access-denied' } },
    tellsIt: ['Route gatehouse.dev/TargetsReachable=False TargetsNotAdmitted'],
  },
  'targets-not-located': {
    problem: { ...storefront, field: 'backendRefs', service: shopApi, targets: ['10.0.0.7:80'] },
    tellsIt: ['Route gatehouse.dev/TargetsReachable=False TargetsNotLocated'],
  },
  'redirect-to-itself': 'golden',
  'gate-missing': 'golden',
  'change-does-not-fit': {
    problem: { ...storefront, ...crowded, field: 'matches', lack: 'rules' },
    tellsIt: ['Route PartiallyInvalid=True UnsupportedValue'],
  },
  'too-many-rules': { problem: { ...storefront, ...crowded, field: 'matches' }, tellsIt: routeRefused },
  'too-many-target-groups': { problem: { ...storefront, ...crowded, field: 'backendRefs' }, tellsIt: routeRefused },
  'rule-refused': {
    problem: { ...storefront, field: '', cause: { ...call, kind: 'cloud-refused', code: 'ValidationError' } },
    tellsIt: routeRefused,
  },
  'rule-change-refused': {
    problem: { ...storefront, field: '', cause: { ...call, kind: 'cloud-refused', code: 'ValidationError' } },
    tellsIt: ['Route gatehouse.dev/UpToDate=False Refused'],
  },
  'subnets-too-few': {
    problem: { scheme: 'internal', found: ['subnet-1'], zones: 1 },
    tellsIt: notProgrammed('NoResources', 'NoResources'),
  },
  'source-ranges-too-many': {
    problem: { ranges: 50, ports: 5, limit: 240 },
    tellsIt: notProgrammed('NoResources', 'NoResources'),
  },
  'subnets-invalid': { problem: { detail: 'subnet-1 does not exist' }, tellsIt: notProgrammed('Invalid', 'Refused') },
  'security-groups-not-permitted': {
    problem: { groups: ['sg-0a'] },
    tellsIt: notProgrammed('Invalid', 'Refused'),
  },
  'region-changed': {
    problem: { address: 'web.eu-west-1.elb.amazonaws.com', there: 'eu-west-1', here: 'eu-west-2' },
    tellsIt: notProgrammed('Pending', 'RegionChanged'),
  },
  'kinds-missing': { problem: { kinds: ['HTTPRoute'] }, tellsIt: notProgrammed('Pending') },
  'vpc-unknown': { problem: { region: 'eu-west-1' }, tellsIt: notProgrammed('Pending') },
  'name-taken': {
    problem: { resource: 'load-balancer/internal', name: 'gh-1', arn: 'arn:1' },
    tellsIt: notProgrammed('Invalid', 'Refused'),
  },
  'cluster-name-taken': {
    problem: { clusterName: 'blue', arn: 'arn:1' },
    tellsIt: notProgrammed('Invalid', 'Refused'),
  },
  'quota-reached': {
    problem: { ...call, code: 'TooManyListeners' },
    tellsIt: notProgrammed('NoResources', 'NoResources'),
  },
  'access-denied': { problem: call, tellsIt: notProgrammed('Invalid', 'AccessDenied') },
  'credentials-invalid': { problem: { action: 'DescribeTags', detail: 'expired' }, tellsIt: notProgrammed('Pending') },
  'cloud-unanswered': {
    problem: { why: 'unreachable', action: 'DescribeTags', detail: 'timeout' },
    tellsIt: notProgrammed('Pending'),
  },
  'cloud-refused': { problem: { ...call, code: 'ValidationError' }, tellsIt: notProgrammed('Invalid', 'Refused') },
  'admission-widened': {
    problem: { group: 'sg-1', ranges: ['ports 8080-8090'] },
    tellsIt: ['Gateway gatehouse.dev/UpToDate=True UpToDate'],
  },
  'deletion-held': {
    problem: { resource: 'security-group/frontend', arn: 'sg-1', detail: 'in use', holders: [] },
    tellsIt: notProgrammed('Pending'),
  },
};

test('every kind of problem that a golden case is to have is in one', async () => {
  const outcomes = await Promise.all(loadCases().flatMap(({ inputs }) => inputs.map(reported)));
  const found = new Set(outcomes.flatMap(({ problems }) => problems.map(({ kind }) => kind)));
  const wanted = Object.entries(coverage).flatMap(([kind, sample]) => (sample === 'golden' ? [kind] : []));
  expect([...found].toSorted()).toEqual(wanted.toSorted());
});

const samples = Object.entries(coverage).flatMap(([kind, sample]) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table's type pairs them
  sample === 'golden' ? [] : [{ kind, problem: { ...sample.problem, kind } as Problem, tellsIt: sample.tellsIt }],
);

test.each(samples)('$kind is told by $tellsIt', ({ problem, tellsIt }) => {
  const words = explain(problem);
  expect(words).toMatch(/^\S.*\.$/);
  expect(words).not.toMatch(/undefined|\[object/);
  expect(conditionsFor(problem).flatMap(([name, message]) => (message.includes(words) ? [name] : []))).toEqual(tellsIt);
});

/** All conditions of a Gateway that was to become a load balancer, met this problem, and has none yet. */
function conditionsFor(problem: Problem): readonly (readonly [name: string, message: string])[] {
  const input = loadCases('basic').find(({ name }) => name === 'basic/one-route')?.inputs[0];
  if (input === undefined) throw new Error('Expected the golden case basic/one-route');
  const translation = translateForAws(input, GOLDEN_DEFAULTS);
  const findings = findingsOf(translation, [problem]);
  const provisioned = {
    addresses: [],
    ports: new Set<number>(),
    admits: false,
    waiting: 'The load balancer is not made yet.',
    // Remarks are of what is there.
    complete: problem.kind === 'admission-widened',
  };
  const outcome = { generation: 1, findings, attachedRoutes: attachedRoutes(findings), provisioned, overdue: false };
  const status = gatewayStatus(undefined, outcome, GOLDEN_NOW);
  const gateway = objectKey(input.gateway.metadata);
  const parents = input.routes.flatMap((route) => {
    const listenerSets = new Set<never>();
    const { attachments } = translation;
    const ofRoute = { gateway, listenerSets, controllerName: input.controllerName, attachments, findings };
    return routeParents(route, ofRoute, GOLDEN_NOW);
  });
  const all = [
    { on: 'Gateway', conditions: status.conditions ?? [] },
    ...(status.listeners ?? []).map(({ conditions }) => ({ on: 'Listener', conditions })),
    ...parents.map(({ conditions = [] }) => ({ on: 'Route', conditions })),
  ];
  return all.flatMap(({ on, conditions }) =>
    conditions.map((each) => [`${on} ${each.type}=${each.status} ${each.reason}`, each.message] as const),
  );
}
