import { expect, test } from 'vitest';
import type { Event, Service } from '../api/core.ts';
import type { IpAddressPool } from '../api/metallb.ts';
import { objectKey } from '../kube/object.ts';
import { addressPlan } from './addresses.ts';
import { metallbFinding } from './findings.ts';
import { bound, noWorld, optionsFor, wanting } from './testing/services.ts';
import type { AddressWorld, MetallbWorld } from './world.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

const pool = (
  name: string,
  addresses: readonly string[],
  more: Partial<IpAddressPool['spec']> = {},
): IpAddressPool => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'metallb-system' },
  spec: { addresses, ...more },
});

const world = (metallb: Partial<MetallbWorld> = {}, more: Partial<AddressWorld> = {}): AddressWorld => ({
  ...noWorld,
  now: start,
  metallb: {
    pools: [pool('default', ['10.0.0.0/24'])],
    namespaceLabels: {},
    configuration: [],
    announcements: () => [],
    ...metallb,
  },
  ...more,
});

const failure = (message: string, lastTimestamp = '2026-01-01T00:00:00Z'): Event => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e' },
  involvedObject: { kind: 'Service', namespace: 'shop', name: 'web-0a1b2c3d' },
  source: { component: 'metallb-controller' },
  reason: 'AllocationFailed',
  message,
  lastTimestamp,
});

const created = (service: Service): Service => ({
  ...service,
  metadata: { ...service.metadata, creationTimestamp: '2026-01-01T00:00:00Z' },
});

const other = (address: string, more: Partial<Service['spec']> = {}, sharingKey?: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'dns',
    namespace: 'infra',
    ...(sharingKey !== undefined && { annotations: { 'metallb.io/allow-shared-ip': sharingKey } }),
  },
  spec: { type: 'LoadBalancer', ports: [{ port: 53, protocol: 'TCP' }], externalTrafficPolicy: 'Cluster', ...more },
  status: { loadBalancer: { ingress: [{ ip: address }] } },
});

const at =
  (...services: readonly Service[]) =>
  (address: string): readonly Service[] =>
    services.filter(({ status }) => status?.loadBalancer?.ingress?.some(({ ip }) => ip === address));

const namesOf = (services: readonly Service[]) => services.map(({ metadata }) => metadata.name);
const wordsOf = (plan: ReturnType<typeof addressPlan>) => plan.problems.map((problem) => metallbFinding(problem).words);

test('only addresses that a Service has are in the status', () => {
  const live = [bound('10.0.0.5', wanting('10.0.0.5')), created(wanting('10.0.0.6', '-2'))];
  const plan = addressPlan(optionsFor({ live }, ['10.0.0.5', '10.0.0.6']), world());
  expect(plan.addresses).toEqual([{ type: 'IPAddress', value: '10.0.0.5' }]);
  expect(plan.problems).toEqual([{ kind: 'address-pending', field: 'addresses[1].value', address: '10.0.0.6' }]);
  expect(plan.againInMs).toBe(30_000);
});

test('a hostname of another controller is in the status', () => {
  const live = { ...wanting(), status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } } };
  expect(addressPlan(optionsFor({ live: [live] }), noWorld).addresses).toEqual([
    { type: 'Hostname', value: 'lb.example.com' },
  ]);
});

test('an address in no pool is refused before MetalLB says so, and in its words after that', () => {
  const options = optionsFor({}, ['192.0.2.1']);
  expect(wordsOf(addressPlan(options, world()))).toEqual([
    'spec.addresses[0].value: the address 192.0.2.1 cannot be assigned. No IPAddressPool has the address 192.0.2.1. Add it to a pool, or use another address.',
  ]);
  const said = world({}, { failures: () => [failure('later', '2026-01-01T00:00:02Z'), failure('earlier')] });
  expect(wordsOf(addressPlan({ ...options, live: [wanting('192.0.2.1')] }, said))).toEqual([
    expect.stringMatching(/Add it to a pool, or use another address\. MetalLB says: later$/),
  ]);
});

test("an Event of somebody else, or about an earlier Service, is not taken for MetalLB's words", () => {
  const options = optionsFor({ live: [created(wanting())] });
  const words = (event: Event, more: Partial<MetallbWorld> = {}) =>
    addressPlan(options, world(more, { now: start, failures: () => [event] })).problems.map(({ kind }) => kind);
  expect(words(failure('no'))).toEqual(['address-refused']);
  expect(words({ ...failure('no'), source: { component: 'kubectl' } })).toEqual(['address-pending']);
  const { involvedObject } = failure('no');
  expect(words({ ...failure('no'), involvedObject: { ...involvedObject, uid: 'u-0' } })).toEqual(['address-pending']);
});

test('nobody claims the Service: it is said after 30 seconds, with the flag to check', () => {
  const options = optionsFor({ live: [created(wanting())] });
  const after = (seconds: number, more = world()) => addressPlan(options, { ...more, now: start + seconds * 1000 });
  expect(after(29)).toMatchObject({ problems: [{ kind: 'address-pending' }], againInMs: 1000 });
  expect(wordsOf(after(31))).toEqual([expect.stringContaining('--lb-class')]);
  expect(after(31)).not.toHaveProperty('againInMs');
  // Without MetalLB's kinds the words name no flag of MetalLB.
  expect(wordsOf(after(31, noWorld))).toEqual([
    'No load balancer controller has claimed Service shop/web-0a1b2c3d. Install one, such as MetalLB.',
  ]);
});

test('the old address serves until the new one is there, and a minute longer', () => {
  const old = bound('10.0.0.5', wanting('10.0.0.5'));
  const coming = created(wanting('10.0.0.6', '-2'));
  const options = (...live: readonly Service[]) => optionsFor({ live }, ['10.0.0.6']);

  const before = addressPlan(options(old, coming), world());
  expect(namesOf(before.services)).toEqual(['web-0a1b2c3d-2', 'web-0a1b2c3d']);
  expect(before.addresses).toEqual([{ type: 'IPAddress', value: '10.0.0.5' }]);
  expect(before.replacing).toBe(true);

  const there = bound('10.0.0.6', coming);
  const during = addressPlan(options(old, there), world());
  expect(namesOf(during.services)).toEqual(['web-0a1b2c3d-2', 'web-0a1b2c3d']);
  expect(during.addresses).toEqual([{ type: 'IPAddress', value: '10.0.0.6' }]);
  expect(during.againInMs).toBe(60_000);
  expect(during.replacing).toBe(false);

  const [, marked = old] = during.services;
  const leaving = { ...old, metadata: marked.metadata };
  const later = (ms: number) => addressPlan(options(leaving, there), { ...world(), now: start + ms });
  expect(namesOf(later(59_000).services)).toEqual(['web-0a1b2c3d-2', 'web-0a1b2c3d']);
  expect(namesOf(later(60_000).services)).toEqual(['web-0a1b2c3d-2']);
});

test('the old address serves on if the new one cannot be had', () => {
  const live = [bound('10.0.0.5', wanting('10.0.0.5')), wanting('192.0.2.1', '-2')];
  const plan = addressPlan(optionsFor({ live }, ['192.0.2.1']), { ...world(), now: start + 3_600_000 });
  expect(namesOf(plan.services)).toEqual(['web-0a1b2c3d-2', 'web-0a1b2c3d']);
  expect(plan.addresses).toEqual([{ type: 'IPAddress', value: '10.0.0.5' }]);
  expect(plan.problems).toMatchObject([{ kind: 'address-refused', why: { kind: 'not-in-pools' } }]);
});

test('if the Gateway takes an old address back, its Service stays and is not marked', () => {
  const old = bound('10.0.0.5', wanting('10.0.0.5'));
  const marked = {
    ...old,
    metadata: {
      ...old.metadata,
      annotations: { ...old.metadata.annotations, 'gatehouse.dev/replaced': '2026-01-01T00:00:00Z' },
    },
  };
  const [service] = addressPlan(optionsFor({ live: [marked] }, ['10.0.0.5']), world()).services;
  expect(service?.metadata.annotations).toEqual({ 'metallb.io/loadBalancerIPs': '10.0.0.5' });
});

test('an address of another Service cannot be had, and a Service of another namespace is not named', () => {
  const options = optionsFor({}, ['10.0.0.9']);
  const words = wordsOf(addressPlan(options, world({}, { servicesAt: at(other('10.0.0.9')) })));
  expect(words).toEqual([
    'spec.addresses[0].value: the address 10.0.0.9 cannot be assigned. A Service of another namespace has the address 10.0.0.9. Use another address.',
  ]);
  expect(words.join()).not.toContain('dns');
});

test('a new port that a sharer of the address has is not added, because the Service would lose its address', () => {
  const live = bound('10.0.0.9', wanting('10.0.0.9'));
  const shared = {
    ...live,
    metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, 'metallb.io/allow-shared-ip': 'k' } },
  };
  const ports = [80, 53].map((port) => ({ port, transport: 'TCP' as const, target: port + 10_000 }));
  const options = optionsFor({ live: [shared], ports }, ['10.0.0.9'], { sharingKey: 'k' });
  const plan = addressPlan(options, world({}, { servicesAt: at(other('10.0.0.9', {}, 'k'), shared) }));
  expect(plan.services[0]?.spec.ports).toEqual(live.spec.ports);
  expect(plan.problems).toMatchObject([{ kind: 'change-held', why: { kind: 'taken', because: { port: 'TCP 53' } } }]);
  // Without a sharer the port is added.
  expect(addressPlan(options, world()).services[0]?.spec.ports).toHaveLength(2);
});

test('a change of externalTrafficPolicy that would end the sharing of an address is not made', () => {
  const shared = bound('10.0.0.9', wanting('10.0.0.9'));
  const live = {
    ...shared,
    metadata: {
      ...shared.metadata,
      annotations: { ...shared.metadata.annotations, 'metallb.io/allow-shared-ip': 'k' },
    },
  };
  const options = optionsFor({ live: [live] }, ['10.0.0.9'], { sharingKey: 'k', externalTrafficPolicy: 'Local' });
  const plan = addressPlan(options, world({}, { servicesAt: at(other('10.0.0.9', {}, 'k')) }));
  expect(plan.services[0]?.spec.externalTrafficPolicy).toBe('Cluster');
  expect(plan.problems).toMatchObject([{ kind: 'change-held', why: { because: 'policy' } }]);
});

test('labels that the serviceAllocation of the pool needs are not taken away', () => {
  const labelled = wanting('10.0.0.5');
  const live = bound('10.0.0.5', { ...labelled, metadata: { ...labelled.metadata, labels: { edge: 'yes' } } });
  const pools = [
    pool('default', ['10.0.0.0/24'], { serviceAllocation: { serviceSelectors: [{ matchLabels: { edge: 'yes' } }] } }),
  ];
  const plan = addressPlan(optionsFor({ live: [live] }, ['10.0.0.5']), world({ pools }));
  expect(plan.services[0]?.metadata.labels).toEqual({ edge: 'yes' });
  expect(plan.problems).toMatchObject([{ kind: 'change-held', why: { kind: 'pool-excludes', by: 'labels' } }]);
});

test('a Service whose name only looks like a number comes after those that we made', () => {
  const odd = bound('10.249.0.9', wanting(undefined, '-1e-9'));
  const real = bound('10.249.0.1');
  expect(addressPlan(optionsFor({ live: [odd, real] }), noWorld).addresses).toEqual([
    { type: 'IPAddress', value: '10.249.0.1' },
  ]);
});

test('the class of a Service with an address is kept, and the status says so', () => {
  const plan = addressPlan(optionsFor({ live: [bound('10.0.0.5')] }, [], { loadBalancerClass: 'other' }), world());
  expect(plan.problems).toEqual([
    { kind: 'class-kept', service: objectKey({ namespace: 'shop', name: 'web-0a1b2c3d' }), wanted: 'other' },
  ]);
});

test('a Gateway without listeners keeps its Services', () => {
  const plan = addressPlan(optionsFor({ live: [bound('10.0.0.5')], ports: [] }), world());
  expect(namesOf(plan.services)).toEqual(['web-0a1b2c3d']);
  expect(plan.addresses).toEqual([{ type: 'IPAddress', value: '10.0.0.5' }]);
});

test.each<[string, Partial<MetallbWorld>, string[], object]>([
  ['no pool at all', { pools: [] }, [], { kind: 'no-pools' }],
  [
    'an address that the pool avoids',
    { pools: [pool('p', ['10.0.0.0/24'], { avoidBuggyIPs: true })] },
    ['10.0.0.255'],
    { kind: 'avoided', pool: 'p' },
  ],
  [
    'a pool of other namespaces',
    { pools: [pool('p', ['10.0.0.0/24'], { serviceAllocation: { namespaces: ['infra'] } })] },
    ['10.0.0.5'],
    { kind: 'pool-excludes', by: 'namespace' },
  ],
  [
    'a pool of namespaces with other labels',
    {
      pools: [
        pool('p', ['10.0.0.0/24'], { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'a' } }] } }),
      ],
      namespaceLabels: { team: 'b' },
    },
    ['10.0.0.5'],
    { kind: 'pool-excludes', by: 'namespace' },
  ],
])('MetalLB objects to %s', (_, metallb, addresses, why) => {
  expect(addressPlan(optionsFor({}, addresses), world(metallb)).problems).toMatchObject([
    { kind: 'address-refused', why },
  ]);
});

test.each([
  ['10.0.0.0/24', '10.0.0.255'],
  ['10.0.0.7-10.0.0.9', '10.0.0.9'],
  ['10.0.0.7 - 10.0.0.9', '10.0.0.7'],
  ['fd00::/120', 'fd00::ff'],
  ['fd00::1-fd00::9', 'fd00::9'],
])('the pool with %s has %s', (range, address) => {
  const plan = addressPlan(optionsFor({}, [address]), world({ pools: [pool('p', [range])] }));
  expect(plan.problems).toMatchObject([{ kind: 'address-pending' }]);
});

test.each([
  ['10.0.0.0/24', '10.0.1.0'],
  ['10.0.0.7-10.0.0.9', '10.0.0.10'],
  ['fd00::/120', 'fd00::1:0'],
  ['0.0.0.0/0', 'fd00::1'],
  ['nonsense', '10.0.0.1'],
])('the pool with %s does not have %s', (range, address) => {
  const plan = addressPlan(optionsFor({}, [address]), world({ pools: [pool('p', [range])] }));
  expect(plan.problems).toMatchObject([{ kind: 'address-refused', why: { kind: 'not-in-pools' } }]);
});

test('the pool of the class is for all addresses', () => {
  const pools = [pool('default', ['10.0.0.0/24']), pool('edge', ['10.1.0.0/24'])];
  const why = (addresses: string[], edge: string) =>
    addressPlan(optionsFor({}, addresses, { pool: edge }), world({ pools })).problems;
  expect(why(['10.0.0.5'], 'edge')).toMatchObject([
    { why: { kind: 'of-other-pool', pool: 'default', wanted: 'edge' } },
  ]);
  expect(why([], 'lost')).toMatchObject([{ why: { kind: 'pool-missing', pool: 'lost' } }]);
  expect(why(['10.1.0.5'], 'edge')).toMatchObject([{ kind: 'address-pending' }]);
});

test('an invalid configuration of MetalLB is said', () => {
  const configuration = [
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ConfigurationState',
      metadata: { name: 'controller' },
      status: { result: 'Invalid', errorSummary: 'two pools overlap' },
    },
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ConfigurationState',
      metadata: { name: 'speaker-a' },
      status: { result: 'Valid' },
    },
  ] as const;
  const found = (live: readonly Service[]) =>
    addressPlan(optionsFor({ live }), world({ configuration })).problems.filter(
      ({ kind }) => kind === 'configuration-invalid',
    );
  expect(found([bound('10.0.0.5')])).toEqual([
    { kind: 'configuration-invalid', part: 'controller', detail: 'two pools overlap', isFelt: false },
  ]);
  expect(found([wanting()])).toMatchObject([{ isFelt: true }]);
});
