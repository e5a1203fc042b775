// Which of a Gateway's objects may be applied now: a fleet waits for its turn if only its release is new.

import { deployments } from '../api/kinds.ts';
import type { Deployment } from '../api/workloads.ts';
import { turnOf } from '../envoy/fleet/rollout.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import { objectKey } from '../kube/object.ts';
import { type GatewayFinding, ofGateway } from '../provider/finding.ts';

interface Objects {
  readonly desired: readonly KubeObject[];
  readonly existing: readonly KubeObject[];
}

export interface FleetTurn extends Objects {
  /** Absent if the fleet does not wait. */
  readonly waits?: GatewayFinding;
  /** No other fleet may get the release before this one is seen in the caches. */
  readonly isNext: boolean;
}

/** @param taken whether another fleet's turn has begun, and is not in the caches yet */
export function fleetTurn({ desired, existing }: Objects, all: readonly Deployment[], taken: boolean): FleetTurn {
  const wanted = desired.find(isDeployment);
  const live = existing.find(isDeployment);
  if (wanted === undefined) return { desired, existing, isNext: false };
  const turn = turnOf(wanted, live, all);
  if (turn.kind === 'waits' || (turn.kind === 'next' && taken)) {
    const others = (object: KubeObject): boolean => !isDeployment(object);
    return { desired: desired.filter(others), existing: existing.filter(others), waits, isNext: false };
  }
  const placed = desired.map((object) => (object === wanted ? turn.deployment : object));
  return { desired: placed, existing, isNext: turn.kind === 'next' };
}

const isDeployment = (object: KubeObject): object is Deployment => object.kind === 'Deployment';

/** The other fleet may belong to another team, so it is not named. */
const waits = ofGateway(
  { kind: 'fleet-waits' },
  "The Envoys keep their version until another Gateway's Envoys are ready with the new one.",
  { kind: 'remark' },
);

/**
 * Before an autoscaler takes over, another field manager keeps the number of replicas. Without it, the API server would set it
 * to 1 when ours leaves it out.
 */
export async function keepReplicas(
  client: KubeClient,
  { desired, existing }: Objects,
  signal: AbortSignal,
): Promise<void> {
  const live = existing.find(isDeployment);
  if (live === undefined || !isAutoscaled(desired) || isAutoscaled(existing)) return;
  const { apiVersion, kind, metadata, spec } = live;
  const { namespace = '', name } = metadata;
  const body = { apiVersion, kind, metadata: { namespace, name }, spec: { replicas: spec.replicas } };
  await client.patch(
    deployments,
    objectKey(metadata),
    { kind: 'apply', body, fieldManager: 'gatehouse-replicas' },
    signal,
  );
}

const isAutoscaled = (objects: readonly KubeObject[]): boolean =>
  objects.some(({ kind }) => kind === 'HorizontalPodAutoscaler');
