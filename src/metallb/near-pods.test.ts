import { expect, onTestFinished, test } from 'vitest';
import type { Endpoint, Node } from '../api/core.ts';
import { endpointSlices } from '../api/kinds.ts';
import { clusterName, forRequests } from '../envoy/model/upstreams.ts';
import { service } from '../gateway/testing/sample.ts';
import { objectKey } from '../kube/object.ts';
import { gatewayKey, services } from '../provider/testing/cluster.ts';
import { openLab } from '../provider/testing/lab.ts';
import { Published } from './published.ts';
import { memoryRig } from './testing/memory-rig.ts';

const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'zone-a' } },
  spec: {},
};

test("an Envoy gets the endpoints of its node's zone", async () => {
  const { signal } = new AbortController();
  const lab = await openLab(async () => ({ ...(await memoryRig({ node: 'node-1' })), nodes: [node] }));
  onTestFinished(lab.close);
  const { rig, cluster, start } = lab;
  const process = await start();
  await process.reconcile();
  const key = objectKey({ namespace: 'shop', name: 'cart-1' });
  const write = async (...zones: readonly (string | undefined)[]): Promise<void> => {
    const before = await cluster.client.get(endpointSlices, key, signal);
    const endpoints = zones.map(
      (zone, index): Endpoint => ({
        addresses: [`10.0.0.${index + 1}`],
        ...(zone !== undefined && { hints: { forZones: [{ name: zone }] } }),
      }),
    );
    await cluster.client.update(endpointSlices, { ...before, endpoints }, signal);
    await expect.poll(() => cluster.caches.endpointSlices.get(key)?.endpoints).toEqual(endpoints);
    await process.provider.endpoints(services.cart);
  };
  const members = () => rig.members(services.cart).toSorted();
  await write('zone-a', 'zone-b', 'zone-a');
  await expect.poll(members).toEqual(['10.0.0.1', '10.0.0.3']);
  await write('zone-b', 'zone-a', 'zone-b');
  await expect.poll(members).toEqual(['10.0.0.2']);
  await write('zone-b', 'zone-a', undefined);
  await expect.poll(members).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
});

test('endpoints are published again when only the hints of a Service have changed', () => {
  const upstream = forRequests(service('cart'));
  const model = Object({ snapshot: { secrets: new Map() }, upstreams: new Map([[clusterName(upstream), upstream]]) });
  let zone = 'zone-a';
  const published = new Published(() => [
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'cart-1', namespace: 'shop' },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.0.0.1'], hints: { forZones: [{ name: zone }] } }],
    },
  ]);
  published.publish(gatewayKey, model, () => new Set());
  expect(published.refresh(services.cart).size).toBe(0);
  zone = 'zone-b';
  expect([...published.refresh(services.cart).keys()]).toEqual([gatewayKey]);
});
