// What AWS makes of a translation, over all golden cases.
import { expect, test } from 'vitest';
import { translate } from '../gateway/translate.ts';
import { GOLDEN_DEFAULTS, loadCases } from '../testing/golden.ts';
import { AWS_CAPABILITIES } from './model/capabilities.ts';
import { translateForAws } from './translation.ts';

const inputs = loadCases().flatMap((each) => each.inputs);

/** Every kind that this stage can find; the others are found before it and after it. */
const kinds = [
  'backend-protocol-unsupported',
  'backend-tls-unsupported',
  'backend-without-ipv4',
  'backend-without-ipv6',
  'backend-without-node-port',
  'certificate-arn-malformed',
  'filter-unsupported',
  'parameters-invalid',
  'parameters-kind-unknown',
  'parameters-not-found',
  'policy-unsupported',
  'redirect-status-unsupported',
  'rewrite-unsupported',
  'rule-field-unsupported',
];

test('every kind of problem that AWS adds to a translation is in a golden case', () => {
  const found = inputs.flatMap((input) => {
    const before = new Set(translate(input, AWS_CAPABILITIES).problems.map((problem) => JSON.stringify(problem)));
    return translateForAws(input, GOLDEN_DEFAULTS).problems.filter((each) => !before.has(JSON.stringify(each)));
  });
  expect([...new Set(found.map(({ kind }) => kind))].toSorted()).toEqual(kinds);
});

test('an invalid listener counts when the load balancers are chosen, and a protocol that nobody serves does not', () => {
  const [input] = loadCases('listeners').find(({ name }) => name === 'listeners/hostname-conflict')?.inputs ?? [];
  if (input === undefined) throw new Error('Expected the golden case listeners/hostname-conflict');
  const invalid = { port: 80, protocol: 'HTTP' } as const;
  const listeners = [
    { ...invalid, name: 'a' },
    { ...invalid, name: 'b' },
    { name: 'db', port: 5432, protocol: 'TCP' },
    { name: 'other', port: 9000, protocol: 'SCTP' },
  ];
  const gateway = { ...input.gateway, spec: { ...input.gateway.spec, listeners } };
  const { topology } = translateForAws({ ...input, gateway, listenerSets: [], routes: [] }, GOLDEN_DEFAULTS);
  expect(topology?.ports.map(({ port }) => port)).toEqual([5432]);
  expect(topology?.planes).toEqual(['alb', 'nlb']);
});

test('of one rule a user reads first about its backends, then about its filters, then about its other fields', () => {
  const [input] = loadCases('filters').find(({ name }) => name === 'filters/redirect')?.inputs ?? [];
  const [route] = input?.routes ?? [];
  if (input === undefined || route === undefined) throw new Error('Expected the golden case filters/redirect');
  const modifier = { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x'] } };
  const rule = {
    filters: [modifier, modifier],
    timeouts: { request: '1s' },
    backendRefs: [{ name: 'absent', port: 80, filters: [{ type: 'CORS' }] }],
  };
  const { problems } = translateForAws(
    { ...input, routes: [{ ...route, spec: { ...route.spec, rules: [{ backendRefs: [] }, rule] } }] },
    GOLDEN_DEFAULTS,
  );
  const read = problems.flatMap((problem) => ('rule' in problem ? [`${problem.kind} ${problem.field}`] : []));
  expect(read).toEqual([
    'backend-not-found backendRefs[0]',
    'filter-unsupported filters[0]',
    'filter-unsupported filters[1]',
    'filter-unsupported backendRefs[0].filters[0]',
    'filters-incompatible filters',
    'rule-field-unsupported timeouts',
  ]);
});
