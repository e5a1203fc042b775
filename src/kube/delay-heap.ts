/** Changes of objects (high) are handled before objects of a first list (low). */
export type Priority = 'low' | 'high';

export interface Delayed<K> {
  readonly key: K;
  /** In milliseconds of the queue's monotonic clock. */
  readonly at: number;
  readonly priority: Priority;
}

/** Keys by due time, in a binary min-heap. Each key is in it once, with its earliest time and highest priority. */
export class DelayHeap<K> {
  readonly #heap: Delayed<K>[] = [];
  readonly #positions = new Map<K, number>();

  peek(): Delayed<K> | undefined {
    return this.#heap[0];
  }

  push(key: K, at: number, priority: Priority): void {
    const position = this.#positions.get(key);
    const old = position === undefined ? undefined : this.#heap[position];
    if (position === undefined || old === undefined) {
      this.#up(this.#heap.length, { key, at, priority });
      return;
    }
    const promoted = priority === 'high' ? priority : old.priority;
    this.#up(position, { key, at: Math.min(at, old.at), priority: promoted });
  }

  pop(): Delayed<K> | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    this.#positions.delete(first.key);
    if (this.#heap.length > 0) this.#down(last);
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#positions.clear();
  }

  #place(position: number, entry: Delayed<K>): void {
    this.#heap[position] = entry;
    this.#positions.set(entry.key, position);
  }

  #up(from: number, entry: Delayed<K>): void {
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= entry.at) break;
      this.#place(position, parent);
      position = above;
    }
    this.#place(position, entry);
  }

  /** Moves the entry down from the empty top. */
  #down(entry: Delayed<K>): void {
    let position = 0;
    for (;;) {
      const left = this.#heap[2 * position + 1];
      const right = this.#heap[2 * position + 2];
      if (left === undefined) break;
      const rightIsLess = right !== undefined && right.at < left.at;
      const child = rightIsLess ? right : left;
      if (child.at >= entry.at) break;
      this.#place(position, child);
      position = 2 * position + (rightIsLess ? 2 : 1);
    }
    this.#place(position, entry);
  }
}
