/** Waiting keys. Groups take turns, however many keys each has. Within a group, keys are first in, first out. */
export class Lane<K> {
  readonly #groupOf: (key: K) => string;
  /** The first group has the next turn. No group is empty. */
  readonly #groups = new Map<string, Set<K>>();

  constructor(groupOf: (key: K) => string) {
    this.#groupOf = groupOf;
  }

  get size(): number {
    return this.#groups.values().reduce((sum, keys) => sum + keys.size, 0);
  }

  add(key: K): void {
    const group = this.#groupOf(key);
    const keys = this.#groups.get(group);
    if (keys === undefined) this.#groups.set(group, new Set([key]));
    else keys.add(key);
  }

  delete(key: K): void {
    const group = this.#groupOf(key);
    const keys = this.#groups.get(group);
    keys?.delete(key);
    if (keys?.size === 0) this.#groups.delete(group);
  }

  /** Takes the next key. Its group then waits until all other groups had a turn. */
  shift(): K | undefined {
    for (const [group, keys] of this.#groups) {
      this.#groups.delete(group);
      for (const key of keys) {
        keys.delete(key);
        if (keys.size > 0) this.#groups.set(group, keys);
        return key;
      }
    }
    return undefined;
  }

  clear(): void {
    this.#groups.clear();
  }
}
