import { expect, test } from 'vitest';
import { forwardsOf } from './forwards.ts';
import type { EndpointSlice, Service } from './objects.ts';

const nodes = [
  { name: 'node-1', address: '10.0.48.4' },
  { name: 'node-2', address: '10.0.64.4' },
];

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1' },
  spec: { clusterIPs: ['10.96.0.9'], ports: [{ name: 'http', port: 80 }], ...spec },
});

const slice = (
  endpoints: NonNullable<EndpointSlice['endpoints']>,
  ports: NonNullable<EndpointSlice['ports']> = [httpPort],
): EndpointSlice => ({
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    uid: 'v',
    resourceVersion: '1',
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  addressType: 'IPv4',
  ports,
  endpoints,
});

const httpPort = { name: 'http', port: 3000, protocol: 'TCP' };
const ready = (address: string, nodeName: string) => ({ addresses: [address], nodeName, conditions: { ready: true } });
const ending = (address: string) => ({
  addresses: [address],
  conditions: { ready: false, serving: true, terminating: true },
});

/** Addresses by place. */
const seen = (of: Service, ...slices: readonly EndpointSlice[]) =>
  Object.fromEntries(
    [...forwardsOf([of], slices, nodes)].map(([key, { endpoints }]) => [key, endpoints.map(({ address }) => address)]),
  );

test('a cluster address leads to the ready endpoints, at the port of their slice', () => {
  const forwards = forwardsOf([service()], [slice([ready('10.0.63.130', 'node-1')])], nodes);
  expect([...forwards.values()]).toEqual([
    { protocol: 'TCP', address: '10.96.0.9', port: 80, endpoints: [{ address: '10.0.63.130', port: 3000 }] },
  ]);
});

test('nobody listens for a Service with no endpoints, so that connections are refused', () => {
  expect(seen(service())).toEqual({});
  expect(seen(service(), slice([{ addresses: ['10.0.63.130'], conditions: { ready: false } }]))).toEqual({});
  expect(seen(service(), slice([ready('10.0.63.130', 'node-1')], [{ ...httpPort, name: 'other' }]))).toEqual({});
});

test('endpoints that end serve only while there is no ready one', () => {
  const both = slice([ready('10.0.63.130', 'node-1'), ending('10.0.63.131')]);
  expect(seen(service(), both)).toEqual({ 'TCP 10.96.0.9:80': ['10.0.63.130'] });
  expect(seen(service(), slice([ending('10.0.63.131')]))).toEqual({ 'TCP 10.96.0.9:80': ['10.0.63.131'] });
});

test('a node port is open on every node, or with the Local policy on those that have an endpoint', () => {
  const ports = [{ name: 'dns', protocol: 'UDP', port: 53, nodePort: 30053 }];
  const endpoints = slice([ready('10.0.63.130', 'node-1')], [{ name: 'dns', protocol: 'UDP', port: 5353 }]);
  const everywhere = {
    'UDP 10.96.0.9:53': ['10.0.63.130'],
    'UDP 10.0.48.4:30053': ['10.0.63.130'],
    'UDP 10.0.64.4:30053': ['10.0.63.130'],
  };
  expect(seen(service({ ports }), endpoints)).toEqual(everywhere);
  const { 'UDP 10.0.64.4:30053': _, ...local } = everywhere;
  expect(seen(service({ ports, externalTrafficPolicy: 'Local' }), endpoints)).toEqual(local);
});

test('each family of a Service leads to the endpoints of its own family', () => {
  const dual = [{ name: 'node-1', address: '10.0.48.4', ipv6: { address: '2001:db8::1' } }];
  const slices = [
    slice([ready('10.0.63.130', 'node-1')]),
    { ...slice([ready('2001:db8::1:2', 'node-1')]), addressType: 'IPv6' },
  ];
  const ports = [{ name: 'http', port: 80, nodePort: 30080 }];
  const forwards = forwardsOf([service({ clusterIPs: ['10.96.0.9', 'fd00::9'], ports })], slices, dual);
  const addresses = ([key, { endpoints }]: [string, { endpoints: readonly { address: string }[] }]) =>
    [key, ...endpoints.map(({ address }) => address)].join(' ');
  expect([...forwards].map(addresses)).toEqual([
    'TCP 10.96.0.9:80 10.0.63.130',
    'TCP [fd00::9]:80 2001:db8::1:2',
    'TCP 10.0.48.4:30080 10.0.63.130',
    'TCP [2001:db8::1]:30080 2001:db8::1:2',
  ]);
});

test('a headless Service has no address to listen at', () => {
  expect(seen(service({ clusterIPs: ['None'] }), slice([ready('10.0.63.130', 'node-1')]))).toEqual({});
});

test("a load balancer's address leads to the ready endpoints, unless the load balancer replaces it", () => {
  const endpoints = slice([ready('10.0.63.130', 'node-1')]);
  const at = (ipMode: string, externalTrafficPolicy: string): Service => ({
    ...service({ externalTrafficPolicy }),
    status: { loadBalancer: { ingress: [{ ip: '10.249.0.130', ipMode }, {}] } },
  });
  const cluster = { 'TCP 10.96.0.9:80': ['10.0.63.130'] };
  const both = { ...cluster, 'TCP 10.249.0.130:80': ['10.0.63.130'] };
  expect(seen(at('VIP', 'Cluster'), endpoints)).toEqual(both);
  expect(seen(at('VIP', 'Local'), endpoints)).toEqual(both);
  expect(seen(at('Proxy', 'Cluster'), endpoints)).toEqual(cluster);
});

test('with the Local policy, the announcing node leads to its own endpoints, and drops packets if it has none', () => {
  const endpoints = slice([ready('10.0.63.130', 'node-1'), ready('10.0.63.131', 'node-2')]);
  const at = (externalTrafficPolicy: string): Service => ({
    ...service({ clusterIPs: [], externalTrafficPolicy }),
    status: { loadBalancer: { ingress: [{ ip: '10.249.0.130' }] } },
  });
  const announcedBy = (node: string, of: Service) => {
    const forwards = forwardsOf([of], [endpoints], nodes, new Map([['shop/web', node]]));
    return [...forwards.values()].map((forward) => forward.endpoints.map(({ address }) => address));
  };
  expect(announcedBy('node-2', at('Local'))).toEqual([['10.0.63.131']]);
  expect(announcedBy('node-3', at('Local'))).toEqual([[]]);
  expect(announcedBy('node-3', at('Cluster'))).toEqual([['10.0.63.130', '10.0.63.131']]);
});
