import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { Endpoint, EndpointSlice } from '../../api/core.ts';
import { service } from '../../gateway/testing/sample.ts';
import type { BackendService } from '../../gateway/topology.ts';
import { ClusterLoadAssignmentSchema } from '../xds/envoy/config/endpoint/v3/endpoint_pb.ts';
import { endpointsOf } from './endpoints.ts';
import { clusterName, forRequests } from './upstreams.ts';

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

function addressesOf(slices: readonly EndpointSlice[], backend: BackendService = service('web')): readonly string[] {
  const { bytes } = endpointsOf(forRequests(backend), () => slices);
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
