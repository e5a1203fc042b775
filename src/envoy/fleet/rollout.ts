// When a fleet gets a new release: Envoy's image, or what Gatehouse writes for all fleets alike. Fleets get it one after another.
// If one does not become ready, the others stay as they are. What a Gateway's owner changes waits for nobody.
import type { Deployment } from '../../api/workloads.ts';
import { contentHash } from '../../kube/content-hash.ts';
import type { KubeObject } from '../../kube/object.ts';

/** A hash of what all fleets have alike. */
const RELEASE = 'gatehouse.dev/release';
/** A hash of what the Gateway asks for. */
const ASKED = 'gatehouse.dev/asked';
/** The release that the fleet got in its turn. */
const ROLLED = 'gatehouse.dev/rolled';

export const rolloutAnnotations = (release: unknown, asked: unknown): Readonly<Record<string, string>> => ({
  [RELEASE]: contentHash(release),
  [ASKED]: contentHash(asked),
});

export type Turn =
  /** The Deployment may be applied. */
  | { readonly kind: 'now'; readonly deployment: KubeObject }
  /** It is this fleet's turn. No other may begin before its Deployment is seen. */
  | { readonly kind: 'next'; readonly deployment: KubeObject }
  /** This other fleet is not ready with the release yet. */
  | { readonly kind: 'waits'; readonly for: Deployment };

/**
 * @param live the fleet's Deployment, if there is one
 * @param all the Deployments of all fleets
 */
export function turnOf(desired: KubeObject, live: Deployment | undefined, all: readonly Deployment[]): Turn {
  const release = noted(desired, RELEASE);
  if (live === undefined || noted(live, ASKED) !== noted(desired, ASKED)) return { kind: 'now', deployment: desired };
  if (noted(live, RELEASE) === release) {
    return { kind: 'now', deployment: noted(live, ROLLED) === release ? rolled(desired) : desired };
  }
  // It says nothing about the release. It must not hold others either.
  if (!isReady(live)) return { kind: 'now', deployment: desired };
  const rolling = all.find(
    (each) => noted(each, ROLLED) === release && noted(each, RELEASE) === release && !isReady(each),
  );
  return rolling === undefined ? { kind: 'next', deployment: rolled(desired) } : { kind: 'waits', for: rolling };
}

const noted = ({ metadata }: KubeObject, name: string): string | undefined => metadata.annotations?.[name];

function rolled(desired: KubeObject): KubeObject {
  const { metadata } = desired;
  const annotations = { ...metadata.annotations, [ROLLED]: noted(desired, RELEASE) ?? '' };
  return { ...desired, metadata: { ...metadata, annotations } };
}

/** All of its pods have its newest template, and are ready. */
function isReady({ metadata, spec, status = {} }: Deployment): boolean {
  const { replicas = 1 } = spec;
  const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  return (
    observedGeneration >= (metadata.generation ?? 0) &&
    updatedReplicas >= replicas &&
    readyReplicas >= replicas &&
    (status.replicas ?? 0) === updatedReplicas
  );
}
