import type { KubeClient, ObjectList, Patch, WatchOptions } from '../client.ts';
import { type Kind, path } from '../kinds.ts';
import { KubeError } from '../kube-error.ts';
import { type KubeObject, type ObjectKey, objectKey, parseObjectKey } from '../object.ts';
import type { WatchEvent } from '../watch.ts';

interface Change {
  readonly plural: string;
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly text: string;
}

/** Called before each action of the client. Throw to make the action fail. */
export type Interception = (action: string, signal: AbortSignal) => Promise<void> | void;

/** A KubeClient with a map instead of an API server. It has resourceVersions, conflicts and watches, but no selectors. */
export class MemoryClient implements KubeClient {
  readonly server = 'memory';
  readonly namespace = undefined;
  /** The actions so far, such as `GET leases a/b`. */
  readonly actions: string[] = [];
  serverVersion = 'v1.37.2';
  intercept: Interception = () => undefined;
  readonly #objects = new Map<string, string>();
  readonly #changes: Change[] = [];
  #version = 0;
  /** The next change resolves it. */
  #changed = Promise.withResolvers<void>();

  async version(): Promise<string> {
    return this.serverVersion;
  }

  async get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, signal: AbortSignal): Promise<T> {
    await this.#begin(`GET ${kind.plural} ${key}`, signal);
    return this.#read(kind, key);
  }

  async list<T extends KubeObject>(kind: Kind<T>): Promise<ObjectList<T>> {
    const items: T[] = [];
    for (const [where, text] of this.#objects) if (where.startsWith(`${kind.plural} `)) items.push(JSON.parse(text));
    return { items, resourceVersion: String(this.#version) };
  }

  async create<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T> {
    const key = objectKey(object.metadata);
    await this.#begin(`POST ${kind.plural} ${key}`, signal);
    if (this.#objects.has(place(kind, key))) throw refusal(409, 'AlreadyExists');
    return this.#write(kind, { ...object, metadata: { uid: `uid-${this.#version}`, ...object.metadata } });
  }

  async update<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T> {
    const key = objectKey(object.metadata);
    await this.#begin(`PUT ${kind.plural} ${key}`, signal);
    this.#guard(this.#read(kind, key), object.metadata.resourceVersion);
    return this.#write(kind, object);
  }

  async updateStatus<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T> {
    return await this.update(kind, object, signal);
  }

  async patch<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, patch: Patch, signal: AbortSignal): Promise<T> {
    await this.#begin(`PATCH ${kind.plural} ${key}`, signal);
    if (patch.kind === 'apply') return this.#apply(kind, key, patch.body);
    const current = this.#read(kind, key);
    if (patch.kind === 'merge') return this.#write(kind, { ...current, ...patch.body });
    const next: T = structuredClone(current);
    for (const { path: pointer, value } of patch.operations) {
      if (pointer === '/metadata/resourceVersion') this.#guard(current, String(value));
      const names = pointer.slice(1).split('/');
      const last = names.pop() ?? '';
      let target: Record<string, unknown> = Object(next);
      for (const name of names) target = Object(target[name]);
      target[last] = value;
    }
    return this.#write(kind, next);
  }

  async delete(kind: Kind, key: ObjectKey, signal: AbortSignal): Promise<void> {
    await this.#begin(`DELETE ${kind.plural} ${key}`, signal);
    const last = this.#read(kind, key);
    this.#objects.delete(place(kind, key));
    this.#version += 1;
    const metadata = { ...last.metadata, resourceVersion: String(this.#version) };
    this.#record(kind, 'DELETED', JSON.stringify({ ...last, metadata }));
  }

  async *watch<T extends KubeObject>(
    kind: Kind<T>,
    { resourceVersion }: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    signal.throwIfAborted();
    const stopped = Promise.withResolvers<never>();
    stopped.promise.catch(() => undefined);
    signal.addEventListener('abort', () => stopped.reject(signal.reason), { once: true });
    for (let index = 0; ; index += 1) {
      while (index >= this.#changes.length) await Promise.race([this.#changed.promise, stopped.promise]);
      const change = this.#changes[index];
      if (change === undefined || change.plural !== kind.plural || change.version <= Number(resourceVersion)) continue;
      yield { type: change.type, object: JSON.parse(change.text) };
    }
  }

  close(): void {
    this.#objects.clear();
  }

  async #begin(action: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.actions.push(action);
    await this.intercept(action, signal);
    signal.throwIfAborted();
  }

  #read<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): T {
    const text = this.#objects.get(place(kind, key));
    if (text === undefined) throw refusal(404, 'NotFound');
    const object: T = JSON.parse(text);
    return object;
  }

  /** Fields that are left out stay. Metadata is merged. */
  #apply<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, body: object): T {
    const wanted: T = JSON.parse(JSON.stringify(body));
    const current = this.#objects.has(place(kind, key)) ? this.#read(kind, key) : undefined;
    const uid = current?.metadata.uid ?? `uid-${this.#version}`;
    if (wanted.metadata.uid !== undefined && wanted.metadata.uid !== uid) throw refusal(409, 'Conflict');
    return this.#write(kind, { ...current, ...wanted, metadata: { ...current?.metadata, ...wanted.metadata, uid } });
  }

  #write<T extends KubeObject>(kind: Kind<T>, object: T): T {
    this.#version += 1;
    const stored: T = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    const where = place(kind, objectKey(object.metadata));
    const type = this.#objects.has(where) ? 'MODIFIED' : 'ADDED';
    this.#objects.set(where, JSON.stringify(stored));
    this.#record(kind, type, JSON.stringify(stored));
    return this.#read(kind, objectKey(object.metadata));
  }

  #record({ plural }: Kind, type: Change['type'], text: string): void {
    this.#changes.push({ plural, version: this.#version, type, text });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #guard(current: KubeObject, resourceVersion: string | undefined): void {
    if (current.metadata.resourceVersion !== resourceVersion) throw refusal(409, 'Conflict');
  }
}

function place(kind: Kind, key: ObjectKey): string {
  const { namespace, name } = parseObjectKey(key);
  return `${kind.plural} ${path(kind, namespace, name)}`;
}

export const refusal = (status: number, reason: string): KubeError =>
  new KubeError({ action: 'test', status, reason, detail: 'refused by the test' });
