import type { KubeClient, ObjectList, Patch } from '../client.ts';
import { type Kind, path } from '../kinds.ts';
import { KubeError } from '../kube-error.ts';
import { type KubeObject, type ObjectKey, objectKey, parseObjectKey } from '../object.ts';

/** What the client is about to do; throw to make it fail. */
export type Interception = (action: string, signal: AbortSignal) => Promise<void> | void;

/** A KubeClient whose API server is a map: with resourceVersions and conflicts, without watches. */
export class MemoryClient implements KubeClient {
  readonly server = 'memory';
  readonly namespace = undefined;
  /** What was done, as `GET leases a/b`. */
  readonly actions: string[] = [];
  intercept: Interception = () => undefined;
  readonly #objects = new Map<string, string>();
  #version = 0;

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
    const current = this.#read(kind, key);
    if (patch.kind !== 'json') return this.#write(kind, { ...current, ...patch.body });
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
    this.#read(kind, key);
    this.#objects.delete(place(kind, key));
  }

  watch(): never {
    throw new Error('Not in memory');
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

  #write<T extends KubeObject>(kind: Kind<T>, object: T): T {
    this.#version += 1;
    const stored: T = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(place(kind, objectKey(object.metadata)), JSON.stringify(stored));
    return this.#read(kind, objectKey(object.metadata));
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
