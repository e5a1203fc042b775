// One kind of resources on one stream: what Envoy asked for, what it has, and what it must still get. Pure.
import type { Resource, ResourceKind } from '../snapshot.ts';
import type { Rejection, Request, Response } from './delta.ts';
import type { History } from './history.ts';

/** Envoy subscribes to all clusters and listeners. It asks for the others by name. */
const wildcardKinds: ReadonlySet<ResourceKind> = new Set(['clusters', 'listeners']);

/**
 * A change goes alone, because Envoy applies only some of a batch that has a bad resource. Many changes go together: if
 * Envoy rejects them, each is sent once more, alone.
 */
type How = 'together' | 'alone' | 'change';

const fewChanges = 16;

/** Envoy keeps a Secret that its listeners then refuse. The same Secret once more is acknowledged, and still not used. */
const unrepeatable: ResourceKind = 'secrets';

const nothing: ReadonlyMap<string, Resource> = new Map();

export class Subscription {
  readonly #kind: ResourceKind;
  readonly #history: History;
  #target = nothing;
  /** Envoy has made its first request for the kind. */
  #isStarted = false;
  #isWildcard = false;
  readonly #names = new Set<string>();
  #namesLength = 0;
  /** What Envoy has accepted: version by name. */
  readonly #known = new Map<string, string>();
  readonly #pending = new Map<string, How>();
  /** Pending names that Envoy must get although it may have them. */
  readonly #again = new Set<string>();
  /** Envoy itself drops what it asked for by name. */
  readonly #surplus = new Set<string>();
  /** What Envoy rejected since the target last changed: its words by version, by name. */
  readonly #rejected = new Map<string, Map<string, string>>();
  /** Rejected names of which the target's version is sent again. */
  readonly #retried = new Set<string>();
  #inFlight: Response | undefined;
  /** Envoy waits for a first response, also if it has no resource. */
  #owesFirst = false;

  constructor(kind: ResourceKind, history: History) {
    this.#kind = kind;
    this.#history = history;
  }

  get known(): ReadonlyMap<string, string> {
    return this.#known;
  }

  /** Of all names that Envoy asked for. */
  get namesLength(): number {
    return this.#namesLength;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** A resource is on its way to Envoy, or waits. */
  get isSending(): boolean {
    return this.#owesFirst || this.#pending.size > 0 || (this.#inFlight?.resources.length ?? 0) > 0;
  }

  /** What Envoy has and the target has not. */
  get surplus(): ReadonlySet<string> {
    return this.#surplus;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** What Envoy is to have. */
  get target(): ReadonlyMap<string, Resource> {
    return this.#target;
  }

  /** The resources of the target that Envoy rejected. */
  rejections(): readonly Rejection[] {
    return [...this.#rejected].flatMap(([name, messages]) => {
      const version = this.#target.get(name)?.version ?? '';
      const message = messages.get(version);
      return message === undefined ? [] : [{ kind: this.#kind, name, version, message }];
    });
  }

  retarget(target: ReadonlyMap<string, Resource>): void {
    if (target === this.#target) return;
    const before = this.#target;
    this.#target = target;
    for (const name of changedNames(before, target)) {
      this.#change(name);
      this.#count(name);
    }
  }

  /** @returns the response that the request acknowledges or rejects */
  request(request: Request): Response | undefined {
    const { subscribe, unsubscribe, initialVersions } = request;
    const settled = this.#settle(request);
    const isFirst = !this.#isStarted;
    if (isFirst) {
      this.#isStarted = true;
      for (const [name, version] of Object.entries(initialVersions)) this.#known.set(name, version);
      if (subscribe.length === 0 && wildcardKinds.has(this.#kind)) this.#subscribe('*', true);
    }
    for (const name of unsubscribe) this.#unsubscribe(name);
    for (const name of subscribe) this.#subscribe(name, isFirst);
    return settled;
  }

  /** Sends a resource once more, although Envoy has it. */
  renew(name: string, how: How = 'together'): void {
    this.#again.add(name);
    this.#pending.set(name, how);
  }

  /** Sends what was rejected again, because the reason may be over: the port was in use, or there was no memory. */
  retry(): void {
    if (this.#kind === unrepeatable) return;
    for (const { name } of this.rejections()) {
      this.#retried.add(name);
      this.renew(name, 'alone');
    }
  }

  /** The next response with resources, unless a response is in flight. */
  send(nonce: () => string): Response | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const batch = this.#batch();
    if (batch.resources.length + batch.removed.length === 0) {
      const single = this.#single();
      if (single !== undefined) batch.resources.push(single);
      else if (!this.#owesFirst) return undefined;
    }
    this.#owesFirst = false;
    this.#inFlight = { kind: this.#kind, nonce: nonce(), ...batch };
    return this.#inFlight;
  }

  /** The response that removes these of the surplus, unless a response is in flight. */
  remove(nonce: () => string, removed: readonly string[]): Response | undefined {
    if (this.#inFlight !== undefined || removed.length === 0) return undefined;
    this.#inFlight = { kind: this.#kind, nonce: nonce(), resources: [], removed };
    return this.#inFlight;
  }

  #subscribe(name: string, isFirst: boolean): void {
    if (name === '*') {
      this.#isWildcard = true;
      this.#owesFirst = true;
      for (const each of this.#target.keys()) this.#consider(each, 'together');
      for (const each of this.#known.keys()) this.#count(each);
      return;
    }
    if (!this.#names.has(name)) this.#namesLength += name.length;
    this.#names.add(name);
    // Envoy has what its first request names a version of. Later a name means that Envoy has dropped the resource.
    if (isFirst && this.#known.has(name)) return this.#consider(name, 'together');
    this.#known.delete(name);
    this.#rejected.delete(name);
    this.renew(name);
  }

  #unsubscribe(name: string): void {
    if (name === '*') this.#isWildcard = false;
    if (this.#names.delete(name)) this.#namesLength -= name.length;
    if (this.#wants(name)) return;
    this.#known.delete(name);
    this.#rejected.delete(name);
    this.#pending.delete(name);
    this.#again.delete(name);
  }

  #settle({ nonce, error }: Request): Response | undefined {
    const settled = this.#inFlight;
    if (settled === undefined || settled.nonce !== nonce) return undefined;
    this.#inFlight = undefined;
    const { resources, removed } = settled;
    if (error === undefined) for (const each of resources) this.#accept(each);
    else for (const each of resources) this.#reject(each, error, resources.length > 1);
    for (const name of removed) {
      this.#known.delete(name);
      this.#count(name);
      this.#consider(name, 'change');
    }
    return settled;
  }

  #accept(resource: Resource): void {
    const { name, version } = resource;
    this.#history.accepted(this.#kind, resource);
    if (this.#retried.delete(name)) this.#rejected.delete(name);
    if (!this.#wants(name)) return;
    this.#known.set(name, version);
    this.#count(name);
    this.#consider(name, 'change');
  }

  #reject(resource: Resource, message: string, isOneOfMany: boolean): void {
    const { name, version } = resource;
    if (!isOneOfMany) this.#retried.delete(name);
    if (!isOneOfMany) this.#history.refused(this.#kind, resource);
    if (!this.#wants(name)) return;
    // Envoy has applied some of a rejected batch, at random. Sent alone, each good resource is applied.
    if (isOneOfMany) return this.renew(name, 'alone');
    const messages = this.#rejected.get(name) ?? new Map<string, string>();
    this.#rejected.set(name, messages.set(version, message));
    this.#consider(name, 'alone');
  }

  /** The target has another version of the resource, or has it no more, or has it now. */
  #change(name: string): void {
    this.#rejected.delete(name);
    this.#retried.delete(name);
    if (this.#again.has(name)) return;
    this.#pending.delete(name);
    this.#consider(name, 'change');
  }

  #count(name: string): void {
    const isSurplus = this.#isWildcard && this.#known.has(name) && !this.#target.has(name);
    if (isSurplus) this.#surplus.add(name);
    else this.#surplus.delete(name);
  }

  #wants(name: string): boolean {
    return this.#isWildcard || this.#names.has(name);
  }

  #consider(name: string, how: How): void {
    const chosen = this.#chosen(name);
    if (chosen === undefined || !this.#wants(name) || this.#again.has(name)) return;
    const known = this.#known.get(name);
    const isEnough = this.#isRejected(name) ? known !== undefined : known === chosen.version;
    if (isEnough) this.#pending.delete(name);
    else this.#pending.set(name, how);
  }

  #isRejected(name: string): boolean {
    const version = this.#target.get(name)?.version;
    return version !== undefined && this.#rejected.get(name)?.has(version) === true;
  }

  /** The target's version. If Envoy rejected it, the last good version: Envoy gets it if it has no other. */
  #chosen(name: string): Resource | undefined {
    const rejected = this.#rejected.get(name);
    if (rejected === undefined || !this.#isRejected(name) || this.#retried.has(name)) return this.#target.get(name);
    const good = this.#history.lastGood(this.#kind, name);
    return good === undefined || rejected.has(good.version) ? undefined : good;
  }

  /** Takes what goes together. Missing resources are named as removed, so that Envoy does not wait for them. */
  #batch(): { readonly resources: Resource[]; readonly removed: string[] } {
    const resources: Resource[] = [];
    const removed: string[] = [];
    const areMany = this.#pending.size > fewChanges;
    const mayRepeat = this.#kind !== unrepeatable;
    for (const [name, how] of this.#pending) {
      const chosen = this.#chosen(name);
      const isTogether = mayRepeat && (how === 'together' || (how === 'change' && areMany));
      if (chosen === undefined) {
        this.#take(name);
        removed.push(name);
      } else if (isTogether && this.#history.wasRefused(this.#kind, chosen)) this.#pending.set(name, 'alone');
      else if (isTogether) {
        this.#take(name);
        resources.push(chosen);
      }
    }
    return { resources, removed };
  }

  #single(): Resource | undefined {
    const [name] = this.#pending.keys();
    if (name === undefined) return undefined;
    this.#take(name);
    return this.#chosen(name);
  }

  #take(name: string): void {
    this.#pending.delete(name);
    this.#again.delete(name);
  }
}

/** Mostly few of thousands. What is the same object needs no look at its version. */
function changedNames(before: ReadonlyMap<string, Resource>, target: ReadonlyMap<string, Resource>): readonly string[] {
  const names = [...before.keys()].filter((name) => !target.has(name));
  for (const [name, resource] of target) {
    const old = before.get(name);
    if (old !== resource && old?.version !== resource.version) names.push(name);
  }
  return names;
}
