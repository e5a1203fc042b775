import { expect, test } from 'vitest';
import type { Service } from '../api/core.ts';
import { METALLB_ANNOTATION } from '../api/metallb.ts';
import { addressPlan } from './addresses.ts';
import type { ServiceOptions } from './service-options.ts';
import { servedPorts } from './services.ts';
import { bound, noWorld, optionsFor, wanting } from './testing/services.ts';

const loadBalancerServices = (options: ServiceOptions) => addressPlan(options, noWorld).services;
const namesOf = (services: readonly Service[]): readonly string[] => services.map(({ metadata }) => metadata.name);
const pins = (services: readonly Service[]): readonly (string | undefined)[] =>
  services.map(({ metadata }) => metadata.annotations?.[METALLB_ANNOTATION.addresses]);

test('a Gateway without addresses has one Service, which may have any address', () => {
  const [service, ...more] = loadBalancerServices(optionsFor({ labels: { team: 'shop' } }));
  expect(more).toEqual([]);
  expect(service).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'web-0a1b2c3d',
      namespace: 'shop',
      labels: { team: 'shop', 'gatehouse.dev/gateway': 'web-0a1b2c3d' },
      annotations: {},
      ownerReferences: [
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'Gateway',
          name: 'web',
          uid: 'u-1',
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    },
    spec: {
      type: 'LoadBalancer',
      selector: { 'gatehouse.dev/gateway': 'web-0a1b2c3d' },
      ports: [{ name: 'tcp-80', protocol: 'TCP', port: 80, targetPort: 10_080 }],
      externalTrafficPolicy: 'Cluster',
      ipFamilyPolicy: 'SingleStack',
      allocateLoadBalancerNodePorts: false,
    },
  });
});

test('each requested address has a Service of its own, of one family', () => {
  const services = loadBalancerServices(optionsFor({}, ['10.0.0.5', '10.0.0.6', 'FD00::0:5']));
  expect(namesOf(services)).toEqual(['web-0a1b2c3d', 'web-0a1b2c3d-2', 'web-0a1b2c3d-3']);
  expect(pins(services)).toEqual(['10.0.0.5', '10.0.0.6', 'fd00::5']);
  expect(services.map(({ spec }) => [spec.ipFamilyPolicy, spec.ipFamilies])).toEqual([
    ['SingleStack', ['IPv4']],
    ['SingleStack', ['IPv4']],
    ['SingleStack', ['IPv6']],
  ]);
});

test('one pinned address never has PreferDualStack, because MetalLB refuses it', () => {
  const options = optionsFor({}, ['10.0.0.5'], { ipFamilyPolicy: 'PreferDualStack' });
  expect(loadBalancerServices(options)[0]?.spec).toMatchObject({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] });
  expect(loadBalancerServices({ ...options, addresses: [] })[0]?.spec).toMatchObject({
    ipFamilyPolicy: 'PreferDualStack',
  });
});

test('an address that is written in two ways is one address', () => {
  expect(pins(loadBalancerServices(optionsFor({}, ['fd00::5', 'fd00:0::5'])))).toEqual(['fd00::5']);
});

test('the class decides about pool, sharing, class, node ports and source ranges', () => {
  const settings = {
    pool: 'edge',
    sharingKey: 'k',
    loadBalancerClass: 'metallb.io/metallb',
    externalTrafficPolicy: 'Local' as const,
    allocateLoadBalancerNodePorts: true,
    sourceRanges: ['192.0.2.0/24'],
  };
  const annotations = { note: 'ours', 'metallb.io/address-pool': 'stolen' };
  const [service] = loadBalancerServices(optionsFor({ annotations }, ['10.0.0.5'], settings));
  expect(service?.metadata.annotations).toEqual({
    note: 'ours',
    'metallb.io/loadBalancerIPs': '10.0.0.5',
    'metallb.io/address-pool': 'edge',
    'metallb.io/allow-shared-ip': 'k',
  });
  expect(service?.spec).toMatchObject({
    loadBalancerClass: 'metallb.io/metallb',
    externalTrafficPolicy: 'Local',
    allocateLoadBalancerNodePorts: true,
    loadBalancerSourceRanges: ['192.0.2.0/24'],
  });
});

test('an address may name a pool, if the class allows the pool', () => {
  const poolOf = (pool: string) => ({ field: 'addresses[0].value', type: 'metallb.io/IPAddressPool', value: pool });
  const options = optionsFor({ addresses: [poolOf('edge'), poolOf('edge')] }, [], { allowedPools: ['edge'] });
  const services = loadBalancerServices(options);
  expect(services.map(({ metadata }) => metadata.annotations)).toEqual([
    { 'metallb.io/address-pool': 'edge' },
    { 'metallb.io/address-pool': 'edge' },
  ]);
  expect(loadBalancerServices({ ...options, addresses: [poolOf('secret')] })).toEqual([]);
});

test('TCP and UDP of one port are in one Service', () => {
  const http = { kind: 'http', tls: true } as const;
  const ports = servedPorts(
    [
      { port: 443, serves: http },
      { port: 443, serves: { kind: 'tls' } },
      { port: 443, serves: { kind: 'udp' } },
    ],
    new Map([[443, 10_443]]),
  );
  const [service] = loadBalancerServices(optionsFor({ ports }));
  expect(service?.spec.ports).toEqual([
    { name: 'tcp-443', protocol: 'TCP', port: 443, targetPort: 10_443 },
    { name: 'udp-443', protocol: 'UDP', port: 443, targetPort: 10_443 },
  ]);
});

test('a Service keeps its address when the Gateway begins to ask for this address, or stops', () => {
  const auto = bound('10.0.0.5');
  const pinned = loadBalancerServices(optionsFor({ live: [auto] }, ['10.0.0.5']));
  expect([namesOf(pinned), pins(pinned)]).toEqual([['web-0a1b2c3d'], ['10.0.0.5']]);
  const free = loadBalancerServices(optionsFor({ live: [bound('10.0.0.5', wanting('10.0.0.5'))] }));
  expect([namesOf(free), pins(free)]).toEqual([['web-0a1b2c3d'], [undefined]]);
});

test('a new address gets a second Service, and the Service with the old address stays as it is', () => {
  const old = bound('10.0.0.5', wanting('10.0.0.5'));
  const services = loadBalancerServices(optionsFor({ live: [old] }, ['10.0.0.6']));
  expect([namesOf(services), pins(services)]).toEqual([
    ['web-0a1b2c3d-2', 'web-0a1b2c3d'],
    ['10.0.0.6', '10.0.0.5'],
  ]);
  const [, unchanged] = services;
  expect(unchanged?.spec).toEqual(wanting('10.0.0.5').spec);
});

test('a Service without an address takes the next wish, so that no Services pile up', () => {
  const waiting = wanting('10.0.0.99', '-2');
  const services = loadBalancerServices(optionsFor({ live: [bound('10.0.0.5'), waiting] }, ['10.0.0.6']));
  expect([namesOf(services), pins(services)]).toEqual([
    ['web-0a1b2c3d-2', 'web-0a1b2c3d'],
    ['10.0.0.6', undefined],
  ]);
});

test('a Service without an address is not used for the other family, because its first family never changes', () => {
  const services = loadBalancerServices(optionsFor({ live: [wanting('10.0.0.99')] }, ['fd00::5']));
  expect(namesOf(services)).toEqual(['web-0a1b2c3d-2']);
});

test('two addresses of a dual-stack Service stay in it when the Gateway asks for both', () => {
  const services = loadBalancerServices(
    optionsFor({ live: [bound(['10.0.0.5', 'fd00::5'])] }, ['fd00::5', '10.0.0.5']),
  );
  expect(pins(services)).toEqual(['fd00::5,10.0.0.5']);
  expect(services[0]?.spec).toMatchObject({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] });
});

test('a Service with an address keeps its loadBalancerClass, because it never changes', () => {
  const settings = { loadBalancerClass: 'other' };
  expect(loadBalancerServices(optionsFor({ live: [bound('10.0.0.5')] }, [], settings))[0]?.spec).not.toHaveProperty(
    'loadBalancerClass',
  );
  expect(loadBalancerServices(optionsFor({ live: [wanting()] }, [], settings))).toMatchObject([
    { metadata: { name: 'web-0a1b2c3d-2' }, spec: { loadBalancerClass: 'other' } },
  ]);
});

test('another pool gets a second Service', () => {
  const live = [bound('10.0.0.5', wanting(), 'old')];
  const services = loadBalancerServices(optionsFor({ live }, [], { pool: 'new' }));
  expect(services).toMatchObject([
    { metadata: { name: 'web-0a1b2c3d-2', annotations: { 'metallb.io/address-pool': 'new' } } },
    { metadata: { name: 'web-0a1b2c3d', annotations: {} } },
  ]);
});
