// A watch of our own, so that the API server's share is known: when it tells its watchers about a change.
import type { KubeObject } from '../../../localstack/cluster/apply.ts';
import type { Connection } from '../../../localstack/cluster/connection.ts';

interface WatchEvent {
  readonly object: KubeObject & {
    readonly metadata: { readonly resourceVersion: string };
  };
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
}

export class Watcher implements AsyncDisposable {
  readonly #ended = new AbortController();
  readonly #seen = new Map<string, number>();
  readonly #running: Promise<void>;

  private constructor(connection: Connection, path: string, version: string) {
    this.#running = this.#watch(connection, `${path}?watch=1&resourceVersion=${version}`);
  }

  static async start(connection: Connection, path: string): Promise<Watcher> {
    const { metadata } = await connection.request<List>('GET', `${path}?limit=1`);
    return new Watcher(connection, path, metadata.resourceVersion);
  }

  /** When the change came, by the resource version that the API server gave to its write. */
  seen(version: string): number | undefined {
    return this.#seen.get(version);
  }

  /** How many changes came. */
  get count(): number {
    return this.#seen.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #watch(connection: Connection, path: string): Promise<void> {
    const { signal } = this.#ended;
    try {
      for await (const line of connection.lines(path, signal)) {
        const now = performance.now();
        if (line === '') continue;
        const { object }: WatchEvent = JSON.parse(line);
        this.#seen.set(object.metadata.resourceVersion, now);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (!signal.aborted) throw new Error(`The watch of ${path} ended`);
  }
}
