// Which pods get the configuration of a Gateway, with its keys, and when their listeners go.
import { expect, test } from 'vitest';
import type { Node } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import type { Deployment, Pod } from '../api/workloads.ts';
import type { Identity } from '../envoy/ads/identities.ts';
import { objectKey } from '../kube/object.ts';
import { labelsOf, objectNameOf } from './names.ts';
import { drainsAt, type PlacementSources, placementOf } from './placement.ts';

const namespace = 'shop';
const web = objectKey({ namespace, name: 'web' });
const name = objectNameOf(web);
const fleet = objectKey({ namespace, name });
const now = Date.parse('2026-01-01T00:00:00Z');

const gateway: Gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace, name: 'web', uid: 'u-gateway' },
  spec: { gatewayClassName: 'metallb', listeners: [] },
};

const owned = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'web', controller: true };

const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name, ownerReferences: [{ ...owned, uid: 'u-gateway' }] },
  spec: {},
};

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace,
    name: `${name}-5c-x`,
    uid: 'u-pod',
    labels: { ...labelsOf(web), 'pod-template-hash': '5c' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5c`, uid: 'u-rs', controller: true }],
  },
  spec: { serviceAccountName: name },
};

const identity: Identity = { pod: objectKey(pod.metadata), podUid: 'u-pod', serviceAccount: fleet };

const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'zone-a' } },
  spec: {},
};

function sources(changed: { pod?: Pod; deployment?: Deployment; gateway?: Gateway } = {}): PlacementSources {
  const found = { pod, deployment, gateway, ...changed };
  const get =
    <T extends Pod | Deployment | Gateway>(object: T) =>
    (key: string) =>
      key === objectKey(object.metadata) ? object : undefined;
  return {
    pod: get(found.pod),
    deployment: get(found.deployment),
    gateway: get(found.gateway),
    node: (wanted) => (wanted === 'node-1' ? node : undefined),
    now: () => now,
  };
}

const podWith = (metadata: Partial<Pod['metadata']>, spec = pod.spec): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, ...metadata },
  spec,
});

test("an Envoy of the Gateway's Deployment belongs to the Gateway", () => {
  expect(placementOf(identity, sources())).toMatchObject({ gateway: web, stage: 'serving' });
});

test.each([
  ['node-1', { node: 'node-1', zone: 'zone-a' }],
  ['unknown', { node: 'unknown', zone: undefined }],
  [undefined, { node: undefined, zone: undefined }],
])('an Envoy on the node %s is there, and in the zone of its label', (nodeName, location) => {
  const placed = podWith({}, { ...pod.spec, ...(nodeName !== undefined && { nodeName }) });
  expect(placementOf(identity, sources({ pod: placed }))?.location).toEqual(location);
});

test.each<[string, PlacementSources, Partial<Identity>]>([
  ['was replaced by another of its name', sources(), { podUid: 'u-other' }],
  ['is not known', sources(), { pod: objectKey({ namespace, name: 'other' }) }],
  ['has the token of another ServiceAccount', sources(), { serviceAccount: objectKey({ namespace, name: 'default' }) }],
  ['runs with another ServiceAccount', sources({ pod: podWith({}, { serviceAccountName: 'default' }) }), {}],
  ['has no label of a Gateway', sources({ pod: podWith({ labels: { 'pod-template-hash': '5c' } }) }), {}],
  ['is of no ReplicaSet', sources({ pod: podWith({ ownerReferences: [] }) }), {}],
  ['has a Deployment of nobody', sources({ deployment: { ...deployment, metadata: { namespace, name } } }), {}],
  [
    'has a Deployment of an earlier Gateway of the same name',
    sources({ gateway: { ...gateway, metadata: { ...gateway.metadata, uid: 'u-later' } } }),
    {},
  ],
  [
    'has a Deployment of a Gateway of another group',
    sources({
      deployment: {
        ...deployment,
        metadata: { namespace, name, ownerReferences: [{ ...owned, uid: 'u-gateway', apiVersion: 'evil.example/v1' }] },
      },
    }),
    {},
  ],
])('a pod that %s gets nothing', (_, seen, claimed) => {
  expect(placementOf({ ...identity, ...claimed }, seen)).toBeUndefined();
});

test.each([[10], [45], [300]])(
  'with a grace period of %i s, the listeners go 10 s after the deletion',
  (deletionGracePeriodSeconds) => {
    const deletionTimestamp = new Date(now + deletionGracePeriodSeconds * 1000).toISOString();
    expect(drainsAt(podWith({ deletionTimestamp, deletionGracePeriodSeconds }))).toBe(now + 10_000);
  },
);

test('a pod that is not deleted never drains', () => {
  expect(drainsAt(pod)).toBe(Infinity);
});

test('a pod drains when its time has come', () => {
  const deleted = (ago: number) =>
    podWith({ deletionTimestamp: new Date(now + 45_000 - ago).toISOString(), deletionGracePeriodSeconds: 45 });
  expect(placementOf(identity, sources({ pod: deleted(9999) }))?.stage).toBe('leaving');
  expect(placementOf(identity, sources({ pod: deleted(10_000) }))?.stage).toBe('draining');
});
