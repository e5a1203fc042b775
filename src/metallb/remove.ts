// Removes everything of a Gateway. It needs nothing but the key, and believes only the API server.
import { pods } from '../api/kinds.ts';
import { applyObjects } from '../kube/apply-set.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Kind } from '../kube/kinds.ts';
import { type KubeObject, type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';
import { ofGateway } from '../provider/finding.ts';
import type { Removed } from '../provider/provider.ts';
import { fleetKinds } from './caches.ts';
import { gatewaySelector, objectNameOf } from './names.ts';
import { findingsOf } from './outcomes.ts';
import { isEnvoyOf, ownerOf } from './owned.ts';

/** When to look again whether something is left, in milliseconds. */
const pollMs = 1000;

export async function removeFleet(client: KubeClient, gateway: ObjectKey, signal: AbortSignal): Promise<Removed> {
  const owned = (await Promise.all(fleetKinds.map((kind) => listed(client, kind, gateway, signal)))).flat();
  const existing = owned.filter((object) => ownerOf(object) === gateway);
  // The Envoys are the Deployment's. One that ends has no Service any more, and answers only what it has.
  const envoys = (await listed(client, pods, gateway, signal)).filter(
    (pod) => isEnvoyOf(pod, objectNameOf(gateway)) && !isEnding(pod),
  );
  const left = [...existing, ...envoys];
  if (left.length === 0) return { gone: true, found: [], held: [], behind: false };
  const prune = existing.filter((object) => !isEnding(object));
  const plan = { apply: [], ending: [], prune };
  const outcomes = await applyObjects(client, plan, { kinds: fleetKinds, isOurs: () => false, signal });
  return { gone: false, found: findingsOf(outcomes), held: [heldBy(left)], behind: false, requeueAfterMs: pollMs };
}

const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

const heldBy = (left: readonly KubeObject[]) => {
  const names = left.map(({ kind, metadata }) => `${kind} ${objectKey(metadata)}`);
  return ofGateway({ kind: 'objects-left' }, `Kubernetes still has ${names.join(', ')}.`, {
    kind: 'hindrance',
    programmed: 'Pending',
    upToDate: 'Removing',
    concerns: 'everything',
  });
};

async function listed(
  client: KubeClient,
  kind: Kind,
  gateway: ObjectKey,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const { namespace } = parseObjectKey(gateway);
  const { items } = await client.list(kind, { namespace, labelSelector: gatewaySelector(gateway) }, signal);
  return items;
}
