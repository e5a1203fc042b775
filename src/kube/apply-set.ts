// A set of objects that is kept as wanted by server-side apply: what is missing or different is applied, what is no longer
// wanted is deleted.
import type { KubeClient } from './client.ts';
import { contentHash } from './content-hash.ts';
import type { Kind } from './kinds.ts';
import { isNotFound, KubeError } from './kube-error.ts';
import { type KubeObject, type ObjectKey, objectKey } from './object.ts';
import { sameJson } from './same-json.ts';

const FIELD_MANAGER = 'gatehouse';

/** The hash of the object as we want it. So a field that we no longer want is seen. */
export const SPEC_ANNOTATION = 'gatehouse.dev/spec';

/** A wanted object, and what exists of it. */
interface Application {
  readonly object: KubeObject;
  readonly live?: KubeObject;
}

export interface ApplyPlan {
  /** With their hashes. */
  readonly apply: readonly Application[];
  readonly prune: readonly KubeObject[];
  /** Wanted objects that are being deleted. They can be applied when they are gone. */
  readonly ending: readonly KubeObject[];
}

/** @param existing only objects of ours: those that are not wanted are deleted */
export function planObjects({
  desired,
  existing,
}: {
  readonly desired: readonly KubeObject[];
  readonly existing: readonly KubeObject[];
}): ApplyPlan {
  const byPlace = new Map(existing.map((object) => [place(object), object]));
  const wanted = new Set(desired.map(place));
  const apply: Application[] = [];
  const ending: KubeObject[] = [];
  for (const object of desired.map(withHash)) {
    const live = byPlace.get(place(object));
    if (live === undefined) apply.push({ object });
    else if (live.metadata.deletionTimestamp !== undefined) ending.push(live);
    else if (!covers(live, object)) apply.push({ object, live });
  }
  const prune = existing.filter(
    (object) => !wanted.has(place(object)) && object.metadata.deletionTimestamp === undefined,
  );
  return { apply, prune, ending };
}

const place = (object: KubeObject): string => `${groupOf(object)}/${object.kind} ${objectKey(object.metadata)}`;

const groupOf = ({ apiVersion }: KubeObject): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

function withHash(object: KubeObject): KubeObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [SPEC_ANNOTATION]: contentHash(object) } },
  };
}

/** Whether the live value has everything of the wanted one. The API server adds defaults, and other controllers their fields. */
function covers(live: unknown, wanted: unknown): boolean {
  // It leaves out what is empty.
  if (live === undefined && isEmpty(wanted)) return true;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live)) return false;
    const objects = wanted.every((item) => typeof item === 'object' && item !== null);
    return objects ? wanted.every((item) => live.some((each) => covers(each, item))) : sameJson(live, wanted);
  }
  if (!isRecord(wanted)) return sameJson(live, wanted);
  return (
    isRecord(live) &&
    Object.entries(wanted).every(
      ([name, value]) => value === undefined || covers(Object.hasOwn(live, name) ? live[name] : undefined, value),
    )
  );
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export type ObjectOutcome = { readonly object: KubeObject } & (
  | { readonly kind: 'applied'; readonly live: KubeObject }
  | { readonly kind: 'pruned' }
  /** An object of this name exists that is not ours. It stays as it is. */
  | { readonly kind: 'foreign' }
  | Refusal
);

/** The API server refused, or did not answer. */
export interface Refusal {
  readonly kind: 'refused';
  readonly action: 'apply' | 'prune';
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly reason: string;
  /** The words of the API server, or of an admission policy or webhook. */
  readonly detail: string;
}

export interface ApplyOptions {
  /** The kinds of all objects, in the order in which they are applied. */
  readonly kinds: readonly Kind[];
  /** Whether an object that the plan did not know is ours. */
  readonly isOurs: (object: KubeObject) => boolean;
  readonly signal: AbortSignal;
}

/** Applies in the order of the kinds, then deletes in the opposite order. A refusal does not stop the others. */
export async function applyObjects(
  client: KubeClient,
  plan: ApplyPlan,
  { kinds, isOurs, signal }: ApplyOptions,
): Promise<readonly ObjectOutcome[]> {
  const outcomes: ObjectOutcome[] = [];
  for (const kind of kinds) {
    for (const application of plan.apply.filter(({ object }) => isOf(object, kind))) {
      outcomes.push(await applyOne(client, kind, application, isOurs, signal));
    }
  }
  for (const kind of kinds.toReversed()) {
    for (const object of plan.prune.filter((each) => isOf(each, kind))) {
      outcomes.push(await pruneOne(client, kind, object, signal));
    }
  }
  return outcomes;
}

const isOf = (object: KubeObject, { group, kind }: Kind): boolean => object.kind === kind && groupOf(object) === group;

async function applyOne(
  client: KubeClient,
  kind: Kind,
  { object, live }: Application,
  isOurs: ApplyOptions['isOurs'],
  signal: AbortSignal,
): Promise<ObjectOutcome> {
  const key = objectKey(object.metadata);
  try {
    // It may exist without being in the plan: somebody else made it, or took its labels away.
    const found = live ?? (await read(client, kind, key, signal));
    if (found !== undefined && live === undefined && !isOurs(found)) return { kind: 'foreign', object };
    // If the object was replaced meanwhile, its UID makes this a conflict.
    const body = { ...object, metadata: { ...object.metadata, ...(found && { uid: found.metadata.uid }) } };
    const written = await client.patch(kind, key, { kind: 'apply', body, fieldManager: FIELD_MANAGER }, signal);
    return { kind: 'applied', object, live: written };
  } catch (error) {
    return refusal('apply', object, error);
  }
}

async function read(client: KubeClient, kind: Kind, key: ObjectKey, signal: AbortSignal) {
  try {
    return await client.get(kind, key, signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function pruneOne(
  client: KubeClient,
  kind: Kind,
  object: KubeObject,
  signal: AbortSignal,
): Promise<ObjectOutcome> {
  const { uid } = object.metadata;
  try {
    const options = { ...(uid !== undefined && { preconditions: { uid } }), propagationPolicy: 'Background' } as const;
    await client.delete(kind, objectKey(object.metadata), signal, options);
  } catch (error) {
    if (!isNotFound(error)) return refusal('prune', object, error);
  }
  return { kind: 'pruned', object };
}

function refusal(action: Refusal['action'], object: KubeObject, error: unknown): ObjectOutcome {
  if (!(error instanceof KubeError)) throw error;
  const { status, reason, detail } = error;
  return { kind: 'refused', action, object, status, reason, detail };
}
