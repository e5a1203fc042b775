// Where the pod of an Envoy belongs, by all that says so: its labels, its owners and its ServiceAccount.
import type { Node } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import type { Deployment, Pod } from '../api/workloads.ts';
import type { Identity } from '../envoy/ads/identities.ts';
import type { Placement } from '../envoy/ads/publications.ts';
import { GATEWAY_LABEL } from '../envoy/fleet/options.ts';
import { GRACE_SECONDS, LEAVE_SECONDS } from '../envoy/fleet/timings.ts';
import type { Stage } from '../envoy/readiness.ts';
import type { Location } from '../envoy/snapshot.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { isEnvoyOf, isOwnedBy, ownerOf } from './owned.ts';

export interface PlacementSources {
  pod(key: ObjectKey): Pod | undefined;
  deployment(key: ObjectKey): Deployment | undefined;
  gateway(key: ObjectKey): Gateway | undefined;
  node(name: string): Node | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Undefined if no pod of ours has this identity. */
export function placementOf(
  { pod: podKey, podUid, serviceAccount }: Identity,
  sources: PlacementSources,
): Placement | undefined {
  const pod = sources.pod(podKey);
  if (pod === undefined || pod.metadata.uid !== podUid) return undefined;
  const { namespace, labels = {} } = pod.metadata;
  const fleet = objectKey({ namespace, name: labels[GATEWAY_LABEL] ?? '' });
  const deployment = sources.deployment(fleet);
  if (deployment === undefined || !isEnvoyOf(pod, deployment.metadata.name)) return undefined;
  // All objects of a Gateway have the same name, also its ServiceAccount.
  const accounts = [serviceAccount, objectKey({ namespace, name: pod.spec.serviceAccountName ?? 'default' })];
  if (accounts.some((account) => account !== fleet)) return undefined;
  const key = ownerOf(deployment);
  const gateway = key && sources.gateway(key);
  if (gateway === undefined || !isOwnedBy(deployment, gateway)) return undefined;
  return {
    gateway: objectKey(gateway.metadata),
    stage: stageOf(pod, sources.now()),
    location: locationOf(pod, sources),
  };
}

function locationOf({ spec: { nodeName: node } }: Pod, sources: PlacementSources): Location {
  const labels = node === undefined ? undefined : sources.node(node)?.metadata.labels;
  return { node, zone: labels?.['topology.kubernetes.io/zone'] };
}

/**
 * When the Service sends a pod nothing new any more, in milliseconds since 1970. The deletionTimestamp is the end of the grace
 * period, and who deletes a pod may choose another one than ours.
 */
export function drainsAt({ metadata }: Pod): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = GRACE_SECONDS } = metadata;
  if (deletionTimestamp === undefined) return Infinity;
  return Date.parse(deletionTimestamp) - (deletionGracePeriodSeconds - LEAVE_SECONDS) * 1000;
}

function stageOf(pod: Pod, now: number): Stage {
  if (pod.metadata.deletionTimestamp === undefined) return 'serving';
  return now >= drainsAt(pod) ? 'draining' : 'leaving';
}
