// Where the pod of an Envoy belongs, by all that says so: its labels, its owners and its ServiceAccount.
import type { Gateway } from '../api/gateway-api.ts';
import type { Deployment, Pod } from '../api/workloads.ts';
import type { Identity } from '../envoy/ads/identities.ts';
import type { Placement } from '../envoy/ads/publications.ts';
import { GATEWAY_LABEL } from '../envoy/fleet/options.ts';
import { GRACE_SECONDS, LEAVE_SECONDS } from '../envoy/fleet/timings.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { ownerOf } from './names.ts';

export interface PlacementSources {
  pod(key: ObjectKey): Pod | undefined;
  deployment(key: ObjectKey): Deployment | undefined;
  gateway(key: ObjectKey): Gateway | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Undefined if no pod of ours has this identity. */
export function placementOf(
  { pod: key, podUid, serviceAccount }: Identity,
  sources: PlacementSources,
): Placement | undefined {
  const pod = sources.pod(key);
  if (pod === undefined || pod.metadata.uid !== podUid) return undefined;
  const { namespace, labels = {} } = pod.metadata;
  const fleet = objectKey({ namespace, name: labels[GATEWAY_LABEL] ?? '' });
  const deployment = sources.deployment(fleet);
  if (deployment === undefined || !isOfDeployment(pod, deployment)) return undefined;
  // All objects of a Gateway have the same name, also its ServiceAccount.
  const accounts = [serviceAccount, objectKey({ namespace, name: pod.spec.serviceAccountName ?? 'default' })];
  if (accounts.some((account) => account !== fleet)) return undefined;
  const gateway = ownerOf(deployment);
  if (gateway === undefined || !isOwnedBy(deployment, sources.gateway(gateway))) return undefined;
  return { gateway, isDraining: sources.now() >= drainsAt(pod) };
}

/**
 * When the Service sends a pod nothing new any more, in milliseconds since 1970. The deletionTimestamp is the end of the grace
 * period.
 */
export const drainsAt = ({ metadata: { deletionTimestamp } }: Pod): number =>
  deletionTimestamp === undefined ? Infinity : Date.parse(deletionTimestamp) - (GRACE_SECONDS - LEAVE_SECONDS) * 1000;

/** ReplicaSets are not watched. A Deployment's has its name, and the hash of the pods' template. */
function isOfDeployment({ metadata }: Pod, { metadata: { name } }: Deployment): boolean {
  const { labels = {}, ownerReferences = [] } = metadata;
  const replicaSet = `${name}-${labels['pod-template-hash'] ?? ''}`;
  return ownerReferences.some(
    (owner) => owner.kind === 'ReplicaSet' && owner.name === replicaSet && owner.controller === true,
  );
}

const isOwnedBy = ({ metadata }: Deployment, gateway: Gateway | undefined): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === gateway?.metadata.uid) === true;
