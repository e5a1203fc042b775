import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { Endpoint, EndpointSlice } from '../../api/core.ts';
import type { BackendService } from '../../gateway/backend-service.ts';
import { routeId } from '../../gateway/route-id.ts';
import { backendTls, connectionRoute, service } from '../../gateway/testing/sample.ts';
import { objectKey } from '../../kube/object.ts';
import type { Resource } from '../snapshot.ts';
import { ClusterLoadAssignmentSchema } from '../xds/envoy/config/endpoint/v3/endpoint_pb.ts';
import { endpointsOf } from './endpoints.ts';
import { clusterName, forRequests, upstreamsOf } from './upstreams.ts';

const endpoint = (address: string, conditions: Endpoint['conditions'] = { ready: true }): Endpoint => ({
  addresses: [address],
  ...(conditions !== undefined && { conditions }),
});

const slice = (endpoints: readonly Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1', namespace: 'shop' },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  endpoints,
  ...more,
});

const addressesOf = (slices: readonly EndpointSlice[], backend: BackendService = service('web')) =>
  addressesIn(endpointsOf(forRequests(backend), () => slices));

function addressesIn({ bytes }: Resource): readonly string[] {
  const { endpoints } = fromBinary(ClusterLoadAssignmentSchema, bytes);
  return endpoints.flatMap(({ lbEndpoints }) =>
    lbEndpoints.map(({ hostIdentifier: { value } }) => {
      const address = typeof value === 'object' ? value.address?.address : undefined;
      if (address?.case !== 'socketAddress') throw new Error('an endpoint without an address');
      return `${address.value.address} ${address.value.portSpecifier.value}`;
    }),
  );
}

test("endpoints have the cluster's name, and each address once, whatever the order of the slices", () => {
  const slices = [slice([endpoint('10.0.0.2')]), slice([endpoint('10.0.0.1'), endpoint('10.0.0.2')])];
  const web = forRequests(service('web'));
  expect(endpointsOf(web, () => slices).name).toBe(clusterName(web));
  expect(addressesOf(slices)).toEqual(['10.0.0.1 8080', '10.0.0.2 8080']);
  expect(endpointsOf(web, () => slices.toReversed()).version).toBe(endpointsOf(web, () => slices).version);
});

test('a pod that ends gets requests only while no other is ready', () => {
  const ending = endpoint('10.0.0.1', { ready: false, serving: true, terminating: true });
  const dead = endpoint('10.0.0.3', { ready: false, serving: false, terminating: true });
  expect(addressesOf([slice([ending, dead, endpoint('10.0.0.2')])])).toEqual(['10.0.0.2 8080']);
  expect(addressesOf([slice([ending, dead])])).toEqual(['10.0.0.1 8080']);
  expect(addressesOf([slice([dead])])).toEqual([]);
});

test('a pod whose conditions are unknown gets requests', () => {
  expect(addressesOf([slice([{ addresses: ['10.0.0.1'] }])])).toEqual(['10.0.0.1 8080']);
});

test('the port of the slice counts, by name and protocol', () => {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'http', port: 9090, protocol: 'TCP' },
  ];
  const slices = [slice([endpoint('10.0.0.1')], { ports })];
  expect(addressesOf(slices, service('web', { portName: 'http' }))).toEqual(['10.0.0.1 9090']);
  expect(addressesOf(slices, service('web', { portName: 'dns', transport: 'UDP' }))).toEqual(['10.0.0.1 53']);
  expect(addressesOf(slices, service('web', { portName: 'dns' }))).toEqual([]);
});

test("a pod of a dual-stack Service is one endpoint, by the Service's first family that has endpoints", () => {
  const slices = [slice([endpoint('10.0.0.1')]), slice([endpoint('fd00::1')], { addressType: 'IPv6' })];
  expect(addressesOf(slices, service('web', { families: ['IPv6', 'IPv4'] }))).toEqual(['fd00::1 8080']);
  expect(addressesOf(slices.slice(0, 1), service('web', { families: ['IPv6', 'IPv4'] }))).toEqual(['10.0.0.1 8080']);
});

const zones = (...names: readonly string[]) => ({ forZones: names.map((name) => ({ name })) });
const nodes = (...names: readonly string[]) => ({ forNodes: names.map((name) => ({ name })) });

/** As an Envoy on node n1, in zone a, has them. */
function nearAddresses(endpoints: readonly Endpoint[]): readonly string[] {
  const everywhere = endpointsOf(forRequests(service('web')), () => [slice(endpoints)]);
  const near = everywhere.nearby?.at({ node: 'n1', zone: 'a' }) ?? everywhere;
  expect(near.name).toBe(everywhere.name);
  return addressesIn(near).map((address) => address.replace(/^10\.0\.0\.(\d+) 8080$/, '$1'));
}

test.each([
  ['the zone of the Envoy', [zones('a'), zones('b'), zones('b', 'a')], ['1', '3']],
  ['no zone of the Envoy', [zones('b'), zones('c'), zones('b')], ['1', '2', '3']],
  ['a zone, but not all', [zones('a'), zones('b'), undefined], ['1', '2', '3']],
  [
    'the node, and the zone',
    [
      { ...zones('a'), ...nodes('n1') },
      { ...zones('a'), ...nodes('n2') },
    ],
    ['1'],
  ],
  [
    'another node, and the zone',
    [
      { ...zones('a'), ...nodes('n3') },
      { ...zones('b'), ...nodes('n2') },
    ],
    ['1'],
  ],
  ['nodes, but not all, and the zone', [{ ...zones('a'), ...nodes('n1') }, zones('a'), zones('b')], ['1', '2']],
])('with hints for %s, an Envoy uses the same pods as kube-proxy', (_, hints, expected) => {
  const endpoints = hints.map((each, index) => ({ ...endpoint(`10.0.0.${index + 1}`), ...(each && { hints: each }) }));
  expect(nearAddresses(endpoints)).toEqual(expected);
});

test('hints of pods that are not ready do not count', () => {
  const ending = { ...endpoint('10.0.0.1', { ready: false, serving: true, terminating: true }), hints: zones('a') };
  const [near, far] = [
    { ...endpoint('10.0.0.2'), hints: zones('a') },
    { ...endpoint('10.0.0.3'), hints: zones('b') },
  ];
  expect(nearAddresses([ending, far])).toEqual(['3']);
  expect(nearAddresses([ending, { ...endpoint('10.0.0.4', { ready: false, serving: true }) }, near, far])).toEqual([
    '2',
  ]);
  expect(nearAddresses([ending])).toEqual(['1']);
});

test('endpoints are the same resource for all Envoys of a zone, and other ones when only hints have changed', () => {
  const of = (zone: string) => {
    const endpoints = [
      { ...endpoint('10.0.0.1'), hints: zones('a') },
      { ...endpoint('10.0.0.2'), hints: zones(zone) },
    ];
    return endpointsOf(forRequests(service('web')), () => [slice(endpoints)]);
  };
  const before = of('b');
  expect(before.nearby?.at({ node: 'n1', zone: 'a' })).toBe(before.nearby?.at({ node: 'n1', zone: 'a' }));
  expect(of('a').version).toBe(before.version);
  expect(of('a').nearby?.version).not.toBe(before.nearby?.version);
});

test('connections also go to near pods, and each backend keeps its share', () => {
  const backends = ['cart', 'stock'].map((name) => ({ service: service(name), weight: 1 }));
  const near = (address: string, zone: string) => ({ ...endpoint(address), hints: zones(zone) });
  const slices = new Map([
    [service('cart').service, [slice([near('10.0.0.1', 'a'), near('10.0.0.2', 'b')])]],
    [service('stock').service, [slice([near('10.0.0.3', 'c'), near('10.0.0.4', 'c')])]],
  ]);
  const route = routeId({ kind: 'TCPRoute', key: objectKey({ namespace: 'shop', name: 'db' }) });
  const all = endpointsOf({ speaks: 'tcp', route, tls: false, backends }, (key) => slices.get(key) ?? []);
  expect(addressesIn(all)).toHaveLength(4);
  const seen = all.nearby?.at({ node: 'n1', zone: 'a' });
  expect(seen && addressesIn(seen)).toEqual(['10.0.0.1 8080', '10.0.0.3 8080', '10.0.0.4 8080']);
});

const sharesOf = (
  upstream: Parameters<typeof endpointsOf>[0],
  pods: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, number>> => {
  const { bytes } = endpointsOf(upstream, (of) => [slice((pods[of] ?? []).map((address) => endpoint(address)))]);
  const all = fromBinary(ClusterLoadAssignmentSchema, bytes).endpoints.flatMap(({ lbEndpoints }) => lbEndpoints);
  const total = all.reduce((sum, { loadBalancingWeight = 0 }) => sum + loadBalancingWeight, 0);
  return Object.fromEntries(
    all.map(({ hostIdentifier: { value }, loadBalancingWeight = 0 }) => {
      const at = typeof value === 'object' ? value.address?.address : undefined;
      if (at?.case !== 'socketAddress') throw new Error('an endpoint without an address');
      return [at.value.address, Math.round((loadBalancingWeight / total) * 1_000) / 1_000];
    }),
  );
};

test('pods of a connection share the weight of their backend, and a pod of two backends has both parts', () => {
  const [db] = upstreamsOf(
    [connectionRoute('TCPRoute', 'db', { a: 3, b: 1, invalid: 1, empty: 1, off: 0 })],
    new Set(),
  ).values();
  if (db === undefined) throw new Error('no upstream');
  const pods = { 'shop/a': ['10.0.0.1', '10.0.0.2'], 'shop/b': ['10.0.0.2'], 'shop/off': ['10.0.0.9'] };
  expect(sharesOf(db, pods)).toEqual({ '10.0.0.1': 0.25, '10.0.0.2': 0.417, '127.0.0.1': 0.333 });
});

test('of very many pods each has a weight, and the sum is within what Envoy takes', () => {
  const [db] = upstreamsOf([connectionRoute('TCPRoute', 'db', { a: 1, b: 1_000_000 })], new Set()).values();
  if (db === undefined) throw new Error('no upstream');
  const many = Array.from({ length: 5_000 }, (_, index) => `10.0.${Math.floor(index / 250)}.${index % 250}`);
  const { bytes } = endpointsOf(db, (of) => [
    slice((of === 'shop/a' ? many : ['10.1.0.1']).map((address) => endpoint(address))),
  ]);
  const weights = fromBinary(ClusterLoadAssignmentSchema, bytes).endpoints.flatMap(({ lbEndpoints }) =>
    lbEndpoints.map(({ loadBalancingWeight = 0 }) => loadBalancingWeight),
  );
  expect(Math.min(...weights)).toBeGreaterThan(0);
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeLessThan(2 ** 32);
});

test('an endpoint says by which policy it is reached. A pod of several backends has the first policy', () => {
  const backends = [
    { service: service('plain'), weight: 1 },
    { service: service('mail', { tls: backendTls('mail') }), weight: 1 },
    { service: service('other', { tls: backendTls('other') }), weight: 1 },
    { weight: 1 },
  ];
  const route = routeId({ kind: 'TLSRoute', key: objectKey({ namespace: 'shop', name: 'mail' }) });
  const pods: Readonly<Record<string, readonly string[]>> = {
    'shop/plain': ['10.0.0.1', '10.0.0.2'],
    'shop/mail': ['10.0.0.2', '10.0.0.3'],
    'shop/other': ['10.0.0.3', '10.0.0.4'],
  };
  const { bytes } = endpointsOf({ speaks: 'tcp', route, tls: true, backends }, (of) => [
    slice((pods[of] ?? []).map((address) => endpoint(address))),
  ]);
  const [found] = fromBinary(ClusterLoadAssignmentSchema, bytes).endpoints;
  expect(found?.lbEndpoints.map(({ metadata }) => metadata?.filterMetadata['envoy.transport_socket_match'])).toEqual([
    { plaintext: true },
    { policy: 'shop/mail' },
    { policy: 'shop/mail' },
    { policy: 'shop/other' },
    { plaintext: true },
  ]);
});
