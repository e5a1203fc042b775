import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Stage } from '../readiness.ts';
import { type Resource, type ResourceKind, resourceKinds, type Snapshot } from '../snapshot.ts';
import { History, perKind } from './history.ts';
import { StreamState } from './stream-state.ts';
import { fakeResource, isBad, refsOf, SimulatedEnvoy } from './testing/simulated-envoy.ts';

const byName = (resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.map((each) => [each.name, each]));

const version = fc.constantFrom('v0', 'v1', 'v2', 'bad');
const goodVersion = fc.constantFrom('v0', 'v1', 'v2');

/** Each route table has a listener. Routes refer to good clusters only, so that it is a fault if one is missing. The clusters x… and their endpoints may be bad. */
const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    clusters: fc.dictionary(fc.constantFrom('c0', 'c1', 'c2', 'c3'), goodVersion),
    doubtful: fc.dictionary(fc.constantFrom('x0', 'x1'), version),
    endpoints: fc.array(version, { minLength: 6, maxLength: 6 }),
    secrets: fc.dictionary(fc.constantFrom('s0', 's1'), version),
    listeners: fc.dictionary(fc.constantFrom('l0', 'l1', 'l2'), fc.tuple(version, fc.nat(7))),
    routes: fc.array(fc.tuple(version, fc.nat(15)), { minLength: 3, maxLength: 3 }),
  })
  .map(({ clusters, doubtful, endpoints, secrets, listeners, routes }) => {
    const names = Object.keys(clusters).toSorted();
    const all = Object.entries({ ...clusters, ...doubtful });
    const tables = (mask: number): readonly string[] =>
      ['r0', 'r1', 'r2'].filter((_, bit) => (mask & (1 << bit)) !== 0);
    const used = new Set(Object.values(listeners).flatMap(([, mask]) => tables(mask)));
    return {
      clusters: byName(all.map(([name, each]) => fakeResource('clusters', name, each))),
      endpoints: byName(
        all.map(([name], index) =>
          fakeResource('endpoints', name, name.startsWith('x') ? (endpoints[index] ?? 'v0') : (clusters[name] ?? 'v0')),
        ),
      ),
      secrets: byName(Object.entries(secrets).map(([name, each]) => fakeResource('secrets', name, each))),
      listeners: byName(
        Object.entries(listeners).map(([name, [each, mask]]) => fakeResource('listeners', name, each, tables(mask))),
      ),
      routes: byName(
        routes
          .map(([each, mask], index) =>
            fakeResource(
              'routes',
              `r${index}`,
              each,
              names.filter((_, bit) => (mask & (1 << bit)) !== 0),
            ),
          )
          .filter(({ name }) => used.has(name)),
      ),
    };
  });

type Event =
  | { readonly kind: 'publish'; readonly snapshot: Snapshot }
  | { readonly kind: 'enter'; readonly stage: Stage }
  | { readonly kind: 'reconnect' | 'to-envoy' | 'to-server' };

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: snapshots.map((snapshot) => ({ kind: 'publish' as const, snapshot })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Stage[]>('serving', 'leaving', 'draining')
      .map((stage) => ({ kind: 'enter' as const, stage })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reconnect' as const }) },
  { weight: 10, arbitrary: fc.constantFrom({ kind: 'to-envoy' as const }, { kind: 'to-server' as const }) },
);

/** One Envoy and its stream. Each direction keeps its order; between them any order is possible. */
class Run {
  readonly history = new History();
  readonly envoy: SimulatedEnvoy;
  state = new StreamState(this.history);
  #published: Snapshot | undefined;
  #stage: Stage = 'serving';
  #responses: ReturnType<StreamState['send']>[number][] = [];
  #unanswered: Record<ResourceKind, number> = { ...perKind(() => 0) };

  constructor(random: () => number) {
    this.envoy = new SimulatedEnvoy(random);
    this.envoy.connect();
  }

  play(event: Event): void {
    switch (event.kind) {
      case 'publish':
        this.#published = event.snapshot;
        this.history.keep(event.snapshot, this.state.references());
        this.state.publish(event.snapshot);
        break;
      case 'enter':
        this.#stage = event.stage;
        this.state.enter(event.stage);
        break;
      case 'reconnect':
        this.#reconnect();
        break;
      case 'to-envoy':
        this.#toEnvoy();
        break;
      case 'to-server':
        this.#toServer();
        break;
      default:
        event satisfies never;
    }
    this.#send();
  }

  /** Until both have nothing to say. */
  finish(): void {
    for (let round = 0; round < 10_000; round += 1) {
      const went = this.#toEnvoy() || this.#toServer();
      this.#send();
      if (!went && this.#responses.length === 0) return;
    }
    throw new Error('They never come to an end');
  }

  #toEnvoy(): boolean {
    const response = this.#responses.shift();
    if (response !== undefined) this.envoy.receive(response);
    return response !== undefined;
  }

  #toServer(): boolean {
    const request = this.envoy.nextRequest();
    if (request === undefined) return false;
    if (request.nonce !== '') this.#unanswered[request.kind] -= 1;
    this.state.request(request);
    return true;
  }

  #send(): void {
    for (const response of this.state.send()) {
      this.#unanswered[response.kind] += 1;
      if (this.#unanswered[response.kind] > 1) this.envoy.faults.push(`two ${response.kind} responses in flight`);
      this.#responses.push(response);
    }
  }

  #reconnect(): void {
    this.#responses = [];
    this.#unanswered = { ...perKind(() => 0) };
    this.state = new StreamState(this.history);
    this.state.enter(this.#stage);
    if (this.#published !== undefined) this.state.publish(this.#published);
    this.envoy.connect();
  }
}

const runs = Number(process.env['GATEHOUSE_TEST_RUNS'] ?? 300);

function property(check: (run: Run, snapshot: Snapshot) => void): void {
  fc.assert(
    fc.property(
      fc.array(events, { maxLength: 60 }),
      snapshots,
      fc.infiniteStream(fc.nat(99)),
      (story, last, numbers) => {
        const run = new Run(() => (numbers.next().value ?? 0) / 100);
        for (const event of story) run.play(event);
        run.play({ kind: 'enter', stage: 'serving' });
        run.play({ kind: 'publish', snapshot: last });
        run.finish();
        check(run, last);
      },
    ),
    { numRuns: runs },
  );
}

test('whatever comes in whatever order, Envoy ends with each good resource, and the last good version of each bad one', () => {
  property(({ envoy, history, state }, snapshot) => {
    const subscribed: Record<ResourceKind, (name: string) => boolean> = {
      clusters: () => true,
      endpoints: (name) => envoy.has.clusters.has(name),
      secrets: () => false,
      listeners: () => true,
      routes: (name) => [...envoy.has.listeners.values()].some((each) => refsOf(each).includes(name)),
    };
    // Their last good versions may refer to clusters that the snapshot has no more.
    const mayKeep = state.rejections().some(({ kind }) => kind === 'listeners' || kind === 'routes');
    for (const kind of resourceKinds) {
      const has = envoy.has[kind];
      const wanted = [...snapshot[kind].values()].filter(({ name }) => subscribed[kind](name));
      const isMissing = (each: Resource): boolean =>
        isBad(each)
          ? !has.has(each.name) && history.lastGood(kind, each.name) !== undefined
          : has.get(each.name)?.version !== each.version;
      expect(wanted.filter(isMissing)).toEqual([]);
      const others = [...has.keys()].filter((name) => !snapshot[kind].has(name));
      expect(kind === 'listeners' || !mayKeep ? others : []).toEqual([]);
    }
    expect(state.isCurrent).toBe(true);
    expect([...envoy.warming].filter((name) => history.lastGood('endpoints', name) !== undefined)).toEqual([]);
  });
});

test('routes come after their clusters and endpoints, clusters go after the routes, and one response of a kind is in flight', () => {
  property(({ envoy }) => expect(envoy.faults).toEqual([]));
});

test('the rejected resources are named, and no others', () => {
  property(({ state }, snapshot) => {
    for (const { kind, name, message } of state.rejections()) {
      const rejected = snapshot[kind].get(name);
      expect(rejected !== undefined && isBad(rejected)).toBe(true);
      expect(message).toBe(`${name} is bad`);
    }
    const named = new Set(state.rejections().map(({ kind, name }) => `${kind} ${name}`));
    for (const kind of ['clusters', 'listeners'] as const) {
      for (const each of snapshot[kind].values()) expect(named.has(`${kind} ${each.name}`)).toBe(isBad(each));
    }
  });
});
