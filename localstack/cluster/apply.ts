// `kubectl apply --server-side`, `get`, `delete` and `wait`, as far as the demo, the tests and the bench need them.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { type Connection, isNotFound } from './connection.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** YAML text with any number of documents, or objects. */
export type Manifest = string | readonly KubeObject[];

export interface WaitOptions {
  readonly timeoutMs?: number;
  /** The time between two reads; default: 50 ms. */
  readonly pollMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const fieldManager = 'gatehouse-localstack';

/**
 * Applies every object, server-side, and returns the server's objects. Namespaces and CRDs come first. It waits for the
 * CRDs, so that the other objects can use them.
 */
export async function applyYaml(connection: Connection, manifest: Manifest): Promise<readonly KubeObject[]> {
  const objects = parseManifest(manifest);
  const applied: KubeObject[] = [];
  for (const object of objects.filter(comesFirst)) applied.push(await applyObject(connection, object));
  for (const object of applied.filter(isDefinition)) await waitUntilUsable(connection, object);
  for (const object of objects.filter((other) => !comesFirst(other)))
    applied.push(await applyObject(connection, object));
  return applied;
}

/** Deletes the objects, the last first, without waiting for finalizers. Missing objects are not an error. */
export async function deleteObjects(connection: Connection, manifest: Manifest): Promise<void> {
  for (const object of parseManifest(manifest).toReversed()) {
    try {
      await connection.request('DELETE', await pathOf(connection, object));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** The object at a path such as `/api/v1/namespaces/default`, or undefined if it does not exist. */
export async function get<T = KubeObject>(
  connection: Connection,
  path: string,
  signal?: AbortSignal,
): Promise<T | undefined> {
  try {
    return await connection.request<T>('GET', path, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Reads a path until `accept` returns true for the object (undefined: it does not exist), and returns the object. Throws
 * after `timeoutMs` (default: 10 s), with the last object.
 */
export async function waitFor<T = KubeObject>(
  connection: Connection,
  path: string,
  accept: (object: T | undefined) => boolean,
  { timeoutMs = 10_000, pollMs = 50, signal }: WaitOptions = {},
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const object = await get<T>(connection, path, signal);
    if (accept(object)) return object;
    if (performance.now() > deadline)
      throw new Error(`${path} is still not as expected after ${timeoutMs} ms: ${JSON.stringify(object)}`);
    await sleep(pollMs, undefined, { signal });
  }
}

/** The path of an object, with its kind's plural from the server's discovery. */
async function pathOf(connection: Connection, object: KubeObject): Promise<string> {
  const { apiVersion, kind, metadata } = object;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const known = await get<ResourceList>(connection, root);
  const resource = known?.resources.find((other) => other.kind === kind && !other.name.includes('/'));
  if (!resource) throw new Error(`The server knows no ${kind} in ${apiVersion}`);
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
  return `${root}${scope}/${resource.name}/${encodeURIComponent(metadata.name)}`;
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

export function parseManifest(manifest: Manifest): readonly KubeObject[] {
  if (typeof manifest !== 'string') return manifest;
  return parseAllDocuments(manifest).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    const object: KubeObject | null = document.toJS();
    return object === null ? [] : [object];
  });
}

const isDefinition = (object: KubeObject): object is Definition => object.kind === 'CustomResourceDefinition';
const comesFirst = (object: KubeObject): boolean => object.kind === 'Namespace' || isDefinition(object);

async function applyObject(connection: Connection, object: KubeObject): Promise<KubeObject> {
  const path = `${await pathOf(connection, object)}?fieldManager=${fieldManager}&force=true`;
  const contentType = 'application/apply-patch+yaml';
  return connection.request<KubeObject>('PATCH', path, { contentType, body: object });
}

/** Established means that requests are served. Discovery follows a moment later, for each version. */
async function waitUntilUsable(connection: Connection, { spec }: Definition): Promise<void> {
  const { group, names, versions } = spec;
  for (const version of versions.filter(({ served }) => served)) {
    await waitFor<ResourceList>(connection, `/apis/${group}/${version.name}`, (list) =>
      Boolean(list?.resources.some((resource) => resource.kind === names.kind)),
    );
  }
}

interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}
