// What `gatehouse status --live` shows of Gateways on MetalLB.
import { expect, test } from 'vitest';
import type { Service } from '../api/core.ts';
import * as kinds from '../api/kinds.ts';
import type { Pod } from '../api/workloads.ts';
import { objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { labelsOf, objectNameOf } from '../metallb/names.ts';
import { withFleets, withLoadBalancers } from './live-gateways.ts';
import type { GatewayReport } from './status-report.ts';

const web = objectKey({ namespace: 'shop', name: 'web' });
const fleet = objectNameOf(web);
const { signal } = new AbortController();

const report = (provider: GatewayReport['provider']): GatewayReport => ({
  gateway: web,
  gatewayClass: 'lb',
  provider,
  health: 'good',
  wrong: [],
  addresses: ['192.0.2.7'],
  listeners: [],
  listenerSets: [],
  routes: [],
});

const service = (name: string, owner: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    namespace: 'shop',
    name,
    labels: labelsOf(web),
    ownerReferences: [
      { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: owner, uid: 'u-1', controller: true },
    ],
  },
  spec: { ports: [{ port: 80, targetPort: 10080 }] },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } },
});

const pod = (name: string, rest: Pick<Pod, 'spec' | 'status'>, replicaSet = `${fleet}-5c`): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'shop',
    name,
    labels: { ...labelsOf(web), 'pod-template-hash': '5c' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: replicaSet, uid: 'u-2', controller: true }],
  },
  ...rest,
});

const unscheduled = [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes are available' }] as const;

test('a Gateway on MetalLB needs no region, and nothing of AWS is missing for it', async () => {
  expect(await withLoadBalancers([report('metallb')], undefined, signal)).toEqual([report('metallb')]);
});

test('a Gateway on AWS whose address names no region still needs one', async () => {
  await expect(withLoadBalancers([report('aws')], undefined, signal)).rejects.toThrow('--aws-region is required');
});

test('the Services and Envoys of a Gateway on MetalLB are shown, and nothing of others', async () => {
  const client = new MemoryClient();
  await client.create(kinds.services, service(fleet, 'web'), signal);
  await client.create(kinds.services, service('of-another', 'other'), signal);
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] } as const;
  const pulling = { containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'no image' } } }] };
  await client.create(kinds.pods, pod('a', { spec: { nodeName: 'node-1' }, status: ready }), signal);
  await client.create(kinds.pods, pod('b', { spec: { nodeName: 'node-2' }, status: pulling }), signal);
  await client.create(kinds.pods, pod('c', { spec: {}, status: { conditions: unscheduled } }), signal);
  await client.create(kinds.pods, pod('d', { spec: {}, status: ready }, 'of-somebody-5c'), signal);
  expect(await withFleets([report('metallb')], client, signal)).toEqual([
    {
      ...report('metallb'),
      fleet: {
        services: [{ name: fleet, addresses: ['192.0.2.7'], ports: [80] }],
        envoys: [
          { pod: 'a', node: 'node-1', state: 'ready' },
          { pod: 'b', node: 'node-2', state: 'not ready', reason: 'ErrImagePull: no image' },
          { pod: 'c', state: 'not ready', reason: '0/2 nodes are available' },
        ],
      },
    },
  ]);
});

test('without a Gateway on MetalLB no Services and no pods are read', async () => {
  const client = new MemoryClient();
  client.list = () => Promise.reject(new Error('Expected no list'));
  expect(await withFleets([report('aws')], client, signal)).toEqual([report('aws')]);
});
