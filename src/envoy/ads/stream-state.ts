// What one Envoy gets on one stream, and in which order. Pure: requests and snapshots come in, responses go out.
import { READY_TABLE, readyTable, type Stage } from '../readiness.ts';
import { type Resource, type ResourceKind, resourceKinds, type Snapshot } from '../snapshot.ts';
import type { Rejection, Request, Response } from './delta.ts';
import { type History, perKind, type Reference, referencesIn } from './history.ts';
import { Subscription } from './subscription.ts';

const noListeners: ReadonlyMap<string, Resource> = new Map();

/**
 * A snapshot is rolled out in steps. New and changed clusters come first, and their endpoints. When Envoy has them,
 * listeners follow, then routes. Then listeners are removed, and clusters last. A newer snapshot waits until the rollout is
 * over, so that frequent changes of clusters can't hold back the routes. Endpoints and secrets never wait.
 */
export class StreamState {
  readonly #history: History;
  readonly #subscriptions: Readonly<Record<ResourceKind, Subscription>>;
  /** Undefined until the first snapshot: before, Envoy gets no response. */
  #latest: Snapshot | undefined;
  #rolling: Snapshot | undefined;
  #stage: Stage = 'serving';
  /** Clusters whose endpoints Envoy must still get, and the response that had the cluster. */
  readonly #warming = new Map<string, number>();
  #responses = 0;

  constructor(history: History) {
    this.#history = history;
    this.#subscriptions = perKind((kind) => new Subscription(kind, history));
  }

  /**
   * Envoy has everything of the latest snapshot that it does not reject. Endpoints of clusters that it has do not count: they
   * change with each pod, and no status depends on them.
   */
  get isCurrent(): boolean {
    const { clusters, listeners, secrets } = this.#subscriptions;
    const isStarted = clusters.isStarted && listeners.isStarted;
    return this.#rolling === this.#latest && isStarted && !secrets.isSending && this.#isDone();
  }

  /** Version by name. */
  acknowledged(kind: ResourceKind): ReadonlyMap<string, string> {
    return this.#subscriptions[kind].known;
  }

  /** The listeners and route tables that Envoy has, or is about to get. */
  references(): readonly Reference[] {
    return [
      ...this.#known('listeners'),
      ...this.#known('routes'),
      ...(this.#rolling ? referencesIn(this.#rolling) : []),
    ];
  }

  /** Names of the clusters that Envoy has, or is about to get. */
  clusters(): readonly string[] {
    return [...this.#subscriptions.clusters.known.keys(), ...(this.#rolling?.clusters.keys() ?? [])];
  }

  #known(kind: Reference['kind']): readonly Reference[] {
    return [...this.#subscriptions[kind].known].map(([name, version]) => ({ kind, name, version }));
  }

  rejections(): readonly Rejection[] {
    return resourceKinds.flatMap((kind) => this.#subscriptions[kind].rejections());
  }

  /** Of all names that Envoy asked for. They are kept, also if no snapshot has them. */
  get namesLength(): number {
    return resourceKinds.reduce((sum, kind) => sum + this.#subscriptions[kind].namesLength, 0);
  }

  /** Sends what Envoy rejected again. */
  retry(): void {
    for (const kind of resourceKinds) this.#subscriptions[kind].retry();
  }

  publish(snapshot: Snapshot): void {
    const { endpoints, secrets } = this.#subscriptions;
    this.#latest = snapshot;
    secrets.retarget(snapshot.secrets);
    if (this.#rolling === undefined || this.#isDone()) this.#roll(snapshot);
    // Clusters that the newer snapshot has no more keep their endpoints until the rollout is over.
    else endpoints.retarget(new Map([...this.#rolling.endpoints, ...snapshot.endpoints]));
  }

  enter(stage: Stage): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    if (this.#rolling !== undefined) this.#aim(this.#rolling);
  }

  request(request: Request): void {
    const settled = this.#subscriptions[request.kind].request(request);
    if (request.kind === 'endpoints') {
      for (const name of request.unsubscribe) this.#warming.delete(name);
      // An Envoy that comes back has asked for its clusters first.
      for (const name of request.subscribe) if (this.#warming.has(name)) this.#subscriptions.endpoints.renew(name);
    }
    if (settled !== undefined) this.#settle(settled, request.error !== undefined);
  }

  /** The responses to send now. */
  send(): readonly Response[] {
    if (this.#latest === undefined) return [];
    const responses = this.#next();
    if (this.#rolling === this.#latest || !this.#isDone()) return responses;
    this.#roll(this.#latest);
    return [...responses, ...this.#next()];
  }

  #roll(snapshot: Snapshot): void {
    const { clusters, endpoints } = this.#subscriptions;
    this.#rolling = snapshot;
    endpoints.retarget(snapshot.endpoints);
    clusters.retarget(snapshot.clusters);
    this.#aim(snapshot);
  }

  #aim({ listeners, routes }: Snapshot): void {
    const ready = readyTable(this.#stage);
    this.#subscriptions.routes.retarget(new Map([...routes, [READY_TABLE, ready]]));
    this.#subscriptions.listeners.retarget(this.#stage === 'draining' ? noListeners : listeners);
  }

  #next(): readonly Response[] {
    const { clusters, endpoints, secrets, listeners, routes } = this.#subscriptions;
    const nonce = (): string => String((this.#responses += 1));
    const sent = clusters.send(nonce);
    for (const { name } of sent?.resources ?? []) this.#warm(name, this.#responses);
    const next = [sent, endpoints.send(nonce), secrets.send(nonce)];
    if (this.#hasClusters()) next.push(listeners.send(nonce));
    if (this.#hasClusters() && !listeners.isSending) next.push(routes.send(nonce));
    if (this.#stage === 'draining' || this.#hasRoutes()) next.push(listeners.remove(nonce, [...listeners.surplus]));
    if (this.#hasListeners()) next.push(clusters.remove(nonce, this.#idleClusters()));
    return next.filter((response) => response !== undefined);
  }

  #hasClusters(): boolean {
    return !this.#subscriptions.clusters.isSending && this.#warming.size === 0;
  }

  #hasRoutes(): boolean {
    const { listeners, routes } = this.#subscriptions;
    return this.#hasClusters() && !listeners.isSending && !routes.isSending;
  }

  /** Envoy has no other listeners and routes than it is to have, save for last good versions. */
  #hasListeners(): boolean {
    return this.#hasRoutes() && this.#subscriptions.listeners.surplus.size === 0;
  }

  /** The rollout is over. */
  #isDone(): boolean {
    return this.#hasListeners() && this.#idleClusters().length === 0;
  }

  /**
   * Clusters that are no longer wanted, and that no last good version refers to. If Envoy has a version that no snapshot had since
   * Gatehouse started, all stay.
   */
  #idleClusters(): readonly string[] {
    const { clusters, listeners, routes } = this.#subscriptions;
    if (clusters.surplus.size === 0) return [];
    const older = [listeners, routes].some((each) => each.rejections().length > 0)
      ? [...this.#known('listeners'), ...this.#known('routes')].filter((each) => this.#isOlder(each))
      : [];
    const needed = older.map((each) => this.#history.clustersOf(each));
    return [...clusters.surplus].filter((name) => needed.every((each) => each?.has(name) === false));
  }

  #isOlder({ kind, name, version }: Reference): boolean {
    return this.#subscriptions[kind].target.get(name)?.version !== version;
  }

  #settle({ kind, nonce, resources, removed }: Response, isRejected: boolean): void {
    const names = resources.map(({ name }) => name);
    if (kind === 'clusters') for (const name of [...removed, ...(isRejected ? names : [])]) this.#warming.delete(name);
    if (kind !== 'endpoints') return;
    // The resources of a rejected batch are sent again, each alone.
    const isOver = !isRejected || names.length === 1;
    for (const name of [...removed, ...(isOver ? names : [])]) {
      if (Number(nonce) > (this.#warming.get(name) ?? 0)) this.#warming.delete(name);
    }
  }

  /**
   * Envoy acknowledges clusters when they have endpoints. It asks for those of a new cluster. A changed cluster waits for
   * its endpoints too, even if Envoy has them, and does not ask.
   */
  #warm(name: string, response: number): void {
    const { endpoints } = this.#subscriptions;
    if (!endpoints.target.has(name)) return;
    this.#warming.set(name, response);
    if (endpoints.has(name)) endpoints.renew(name);
  }
}
