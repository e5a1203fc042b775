// Objects with a Gateway's labels that are not the Gateway's.
import { expect, test } from 'vitest';
import type { Service } from '../api/core.ts';
import { Cache } from '../kube/cache.ts';
import { type KubeObject, type OwnerReference, objectKey } from '../kube/object.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { fleetOf, labelsOf, objectNameOf } from './names.ts';
import { isEnvoyOf, isOwnedBy, ownerOf, servicesOf } from './owned.ts';
import { wanting } from './testing/services.ts';

const web = objectKey({ namespace: 'shop', name: 'web' });
const gateway: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web', uid: 'u-1' },
};
const owner: OwnerReference = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  name: 'web',
  uid: 'u-1',
  controller: true,
};

function service(name: string, ownerReferences: readonly OwnerReference[], creationTimestamp?: string): Service {
  const { metadata, ...rest } = wanting();
  const labels = labelsOf(web);
  return {
    ...rest,
    metadata: { ...metadata, name, labels, ownerReferences, ...(creationTimestamp && { creationTimestamp }) },
  };
}

function storeOf(...services: readonly Service[]) {
  const cache = new Cache<Service, 'fleet'>({ indexers: { fleet: fleetOf }, logger: silentLogger });
  for (const each of services) cache.put(each);
  return cache;
}

test.each<[string, Partial<OwnerReference>]>([
  ['of another group', { apiVersion: 'evil.example/v1' }],
  ['of a group that begins alike', { apiVersion: 'gateway.networking.k8s.io.evil.example/v1' }],
  ['of another kind', { kind: 'HTTPRoute' }],
  ['that is no controller', { controller: false }],
  ['with another name', { name: 'other' }],
  ['with another UID', { uid: 'u-2' }],
])("a Service with our labels and an owner %s is not the Gateway's", (_, difference) => {
  const forged = service('web-forged', [{ ...owner, ...difference }]);
  expect(isOwnedBy(forged, gateway)).toBe(false);
  expect(servicesOf(storeOf(forged, service('web', [owner])), gateway).map(({ metadata }) => metadata.name)).toEqual([
    'web',
  ]);
});

test('an object of an earlier Gateway of the same name makes the Gateway due, but is not its own', () => {
  const earlier = service('web', [{ ...owner, uid: 'u-0' }]);
  expect(ownerOf(earlier)).toBe(web);
  expect(isOwnedBy(earlier, gateway)).toBe(false);
});

test('the oldest Service is the first, in whatever order the watch has seen them', () => {
  const old = service('web-2', [owner], '2026-01-01T00:00:00Z');
  const young = service('web', [owner], '2026-01-02T00:00:00Z');
  expect(servicesOf(storeOf(young, old), gateway)).toEqual([old, young]);
  expect(servicesOf(storeOf(old, young), gateway)).toEqual([old, young]);
});

test("a pod is an Envoy only if a ReplicaSet of the fleet's Deployment owns it", () => {
  const fleet = objectNameOf(web);
  const pod = (apiVersion: string, name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'a',
      labels: { ...labelsOf(web), 'pod-template-hash': '5c' },
      ownerReferences: [{ apiVersion, kind: 'ReplicaSet', name, uid: 'u-3', controller: true }],
    },
  });
  expect(isEnvoyOf(pod('apps/v1', `${fleet}-5c`), fleet)).toBe(true);
  expect(isEnvoyOf(pod('apps/v1', `${fleet}-5d`), fleet)).toBe(false);
  expect(isEnvoyOf(pod('evil.example/v1', `${fleet}-5c`), fleet)).toBe(false);
  expect(isEnvoyOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: labelsOf(web) } }, fleet)).toBe(
    false,
  );
});
