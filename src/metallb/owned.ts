// Which objects are a Gateway's. Anybody may write our labels: nothing else may be changed or believed.
import type { Service } from '../api/core.ts';
import { GATEWAY_GROUP } from '../api/gateway-api.ts';
import type { Store } from '../kube/cache.ts';
import { type KubeObject, type ObjectKey, type OwnerReference, objectKey } from '../kube/object.ts';
import { fleetKey } from './names.ts';

const ownerReference = ({ metadata: { ownerReferences = [] } }: KubeObject): OwnerReference | undefined =>
  ownerReferences.find(
    ({ apiVersion, kind, controller }) =>
      apiVersion.startsWith(`${GATEWAY_GROUP}/`) && kind === 'Gateway' && controller === true,
  );

/** The Gateway that owns the object, or an earlier one of the same name. */
export function ownerOf(object: KubeObject): ObjectKey | undefined {
  const owner = ownerReference(object);
  return owner && objectKey({ namespace: object.metadata.namespace, name: owner.name });
}

/** Kubernetes deletes what an earlier Gateway of the same name had. */
export const isOwnedBy = (object: KubeObject, { metadata }: KubeObject): boolean =>
  ownerOf(object) === objectKey(metadata) && ownerReference(object)?.uid === metadata.uid;

/** In the same order on all replicas: the oldest comes first. */
export const servicesOf = (services: Store<Service, 'fleet'>, gateway: KubeObject): readonly Service[] =>
  services
    .byIndex('fleet', fleetKey(objectKey(gateway.metadata)))
    .filter((service) => isOwnedBy(service, gateway))
    .toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));

const ageOf = ({ metadata: { creationTimestamp = '', name } }: Service): string => `${creationTimestamp} ${name}`;

/**
 * Whether the pod is one of the Envoys. ReplicaSets are not watched. A Deployment's has its name, and the hash of the pods' template.
 * @param fleet the name of the Gateway's objects
 */
export function isEnvoyOf({ metadata }: KubeObject, fleet: string): boolean {
  const { labels = {}, ownerReferences = [] } = metadata;
  const replicaSet = `${fleet}-${labels['pod-template-hash'] ?? ''}`;
  return ownerReferences.some(
    ({ apiVersion, kind, name, controller }) =>
      apiVersion.startsWith('apps/') && kind === 'ReplicaSet' && name === replicaSet && controller === true,
  );
}
