import type { Kind } from './kinds.ts';
import type { KubeObject, ObjectKey } from './object.ts';
import type { WatchEvent } from './watch.ts';

export interface Selection {
  /** All namespaces when left out. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  /** Where the page before ended. */
  readonly continue?: string | undefined;
}

/** One page of a list. */
export interface ObjectList<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Left out on the last page. */
  readonly continue?: string;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** After which the server ends the watch. */
  readonly timeoutSeconds: number;
  /** The longest silence that is not taken for a dead connection. */
  readonly inactivityMs: number;
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

/** `merge` is RFC 7396, `json` RFC 6902; `apply` takes the fields it names over from whoever owns them. */
export type Patch =
  | { readonly kind: 'merge'; readonly body: object }
  | { readonly kind: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly kind: 'apply'; readonly body: object; readonly fieldManager: string };

export interface PatchOptions {
  readonly subresource?: 'status';
}

export interface DeleteOptions {
  /** The delete is refused as a conflict when the object has another one by now. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * The Kubernetes API. Every call rejects with a KubeError when the server refuses or is out of reach, and with the
 * signal's reason when that aborts. 429, and 503 with a Retry-After, are retried a few times first.
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
  /** The events of one watch, until the server ends it; an ERROR event is thrown as a KubeError. */
  watch<T extends KubeObject>(kind: Kind<T>, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
  /** Breaks off what is under way. */
  close(): void;
}
