import type { Kind } from './kinds.ts';
import type { KubeObject, ObjectKey } from './object.ts';
import type { WatchEvent } from './watch.ts';

export interface Selection {
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  /** `continue` of the previous page. */
  readonly continue?: string | undefined;
}

/** One page of a list. */
export interface ObjectList<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Undefined on the last page. */
  readonly continue?: string;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** The server ends the watch after this time. */
  readonly timeoutSeconds: number;
  /** After a longer silence the connection counts as dead. */
  readonly inactivityMs: number;
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

/** `merge` is RFC 7396, `json` RFC 6902; `apply` is server-side apply, with force. */
export type Patch =
  | { readonly kind: 'merge'; readonly body: object }
  | { readonly kind: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly kind: 'apply'; readonly body: object; readonly fieldManager: string };

export interface PatchOptions {
  readonly subresource?: 'status';
}

export interface DeleteOptions {
  /** If the object has another UID by now, the server refuses the deletion as a conflict. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * The Kubernetes API. A call rejects with a KubeError if the server refuses or cannot be reached, and with the
 * signal's reason if the signal aborts. 429, and 503 with Retry-After, are retried a few times first.
 */
export interface KubeClient {
  /** The API server's address. */
  readonly server: string;
  /** The namespace of the current context, or of the pod. */
  readonly namespace: string | undefined;
  get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, signal: AbortSignal): Promise<T>;
  list<T extends KubeObject>(kind: Kind<T>, options: ListOptions, signal: AbortSignal): Promise<ObjectList<T>>;
  create<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T>;
  /** Guarded by the object's resourceVersion. */
  update<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T>;
  /** Guarded by the object's resourceVersion. */
  updateStatus<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T>;
  patch<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: Patch,
    signal: AbortSignal,
    options?: PatchOptions,
  ): Promise<T>;
  delete(kind: Kind, key: ObjectKey, signal: AbortSignal, options?: DeleteOptions): Promise<void>;
  /** The events of one watch, until the server ends it. Throws a KubeError for an ERROR event. */
  watch<T extends KubeObject>(kind: Kind<T>, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
  /** Of the API server, such as `v1.37.2`. */
  version(signal: AbortSignal): Promise<string>;
  /** Aborts running requests. */
  close(): void;
}
