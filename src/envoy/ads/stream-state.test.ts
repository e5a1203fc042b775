import { expect, test } from 'vitest';
import { READY_TABLE } from '../readiness.ts';
import type { Resource, ResourceKind, Snapshot } from '../snapshot.ts';
import type { Request } from './delta.ts';
import { History } from './history.ts';
import { StreamState } from './stream-state.ts';
import { fakeResource } from './testing/simulated-envoy.ts';

const named = (...resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.map((each) => [each.name, each]));

const empty: Snapshot = {
  clusters: named(),
  endpoints: named(),
  secrets: named(),
  listeners: named(),
  routes: named(),
};

const shop = (version: string): Snapshot => ({
  ...empty,
  clusters: named(fakeResource('clusters', 'shop', version)),
  endpoints: named(fakeResource('endpoints', 'shop', version)),
  listeners: named(fakeResource('listeners', 'http', version)),
  routes: named(fakeResource('routes', 'http', version)),
});

/** Shows what is sent as lines such as `clusters shop other`, or `listeners -http` for a removal. */
class Driver {
  readonly state: StreamState;
  readonly #history: History;
  #inFlight = new Map<ResourceKind, string>();

  constructor(history = new History()) {
    this.#history = history;
    this.state = new StreamState(history);
  }

  publish(snapshot: Snapshot): readonly string[] {
    this.#history.keep(snapshot, this.state.references());
    this.state.publish(snapshot);
    return this.#sent();
  }

  ask(kind: ResourceKind, fields: Partial<Request> = {}): readonly string[] {
    const nothing = { subscribe: [], unsubscribe: [], initialVersions: {}, nonce: '', error: undefined };
    this.state.request({ kind, ...nothing, ...fields });
    return this.#sent();
  }

  accept(kind: ResourceKind): readonly string[] {
    return this.ask(kind, { nonce: this.#inFlight.get(kind) ?? 'none' });
  }

  reject(kind: ResourceKind, error = 'no'): readonly string[] {
    return this.ask(kind, { nonce: this.#inFlight.get(kind) ?? 'none', error });
  }

  /** Envoy takes all of a Gateway with the cluster `shop`. */
  load(snapshot: Snapshot): void {
    this.publish(snapshot);
    this.ask('clusters');
    this.ask('endpoints', { subscribe: [...snapshot.endpoints.keys()] });
    for (const kind of ['endpoints', 'clusters'] as const) this.accept(kind);
    this.ask('listeners');
    this.accept('listeners');
    this.ask('routes', { subscribe: [...snapshot.routes.keys()] });
    this.accept('routes');
    if (!this.state.isCurrent) throw new Error('Expected Envoy to have all');
  }

  #sent(): readonly string[] {
    return this.state.send().map(({ kind, nonce, resources, removed }) => {
      this.#inFlight.set(kind, nonce);
      return [kind, ...resources.map(({ name }) => name), ...removed.map((name) => `-${name}`)].join(' ');
    });
  }
}

test('a new Envoy gets everything of a kind together', () => {
  const driver = new Driver();
  const clusters = named(...['a', 'b', 'c'].map((name) => fakeResource('clusters', name, 'v1')));
  driver.publish({ ...empty, clusters });
  expect(driver.ask('clusters')).toEqual(['clusters a b c']);
});

test('an Envoy of a Gateway without listeners gets an empty answer, and does not wait', () => {
  const driver = new Driver();
  driver.publish(empty);
  expect(driver.ask('clusters')).toEqual(['clusters']);
  driver.accept('clusters');
  expect(driver.ask('listeners')).toEqual(['listeners']);
});

test('a name that does not exist is answered, and sent when it exists', () => {
  const driver = new Driver();
  driver.publish(empty);
  expect(driver.ask('secrets', { subscribe: ['tls'] })).toEqual(['secrets -tls']);
  driver.accept('secrets');
  expect(driver.publish({ ...empty, secrets: named(fakeResource('secrets', 'tls', 'v1')) })).toEqual(['secrets tls']);
});

test('changes go one by one, each when the one before is acknowledged', () => {
  const driver = new Driver();
  const endpoints = (version: string) => named(...['a', 'b'].map((name) => fakeResource('endpoints', name, version)));
  driver.publish({ ...empty, endpoints: endpoints('v1') });
  driver.ask('endpoints', { subscribe: ['a', 'b'] });
  driver.accept('endpoints');
  expect(driver.publish({ ...empty, endpoints: endpoints('v2') })).toEqual(['endpoints a']);
  expect(driver.accept('endpoints')).toEqual(['endpoints b']);
  expect(driver.accept('endpoints')).toEqual([]);
});

test('many changes go together, and one by one if Envoy rejects them', () => {
  const names = [...Array(20).keys()].map((index) => `s${index}`);
  const endpoints = (version: string) => named(...names.map((name) => fakeResource('endpoints', name, version)));
  const driver = new Driver();
  driver.publish({ ...empty, endpoints: endpoints('v1') });
  driver.ask('endpoints', { subscribe: names });
  driver.accept('endpoints');
  expect(driver.publish({ ...empty, endpoints: endpoints('v2') })).toEqual([`endpoints ${names.join(' ')}`]);
  expect(driver.reject('endpoints')).toEqual(['endpoints s0']);
  for (const name of names.slice(1)) expect(driver.accept('endpoints')).toEqual([`endpoints ${name}`]);
  driver.reject('endpoints', 'no address');
  expect(driver.state.rejections()).toEqual([
    { kind: 'endpoints', name: 's19', version: 'v2 []', message: 'no address' },
  ]);
});

test('Secrets go one by one, and what Envoy rejected is not sent again before it changes', () => {
  const driver = new Driver();
  const secrets = (version: string) => named(...['a', 'b'].map((name) => fakeResource('secrets', name, version)));
  driver.publish({ ...empty, secrets: secrets('v1') });
  expect(driver.ask('secrets', { subscribe: ['a', 'b'] })).toEqual(['secrets a']);
  expect(driver.reject('secrets', 'short key')).toEqual(['secrets b']);
  driver.accept('secrets');
  driver.state.retry();
  expect(driver.publish({ ...empty, secrets: secrets('v1') })).toEqual([]);
  expect(driver.state.rejections()).toEqual([{ kind: 'secrets', name: 'a', version: 'v1 []', message: 'short key' }]);
  expect(driver.publish({ ...empty, secrets: secrets('v2') })).toEqual(['secrets a']);
  expect(driver.state.rejections()).toEqual([]);
});

test('a change that is taken back while it is on its way is taken back in Envoy, too', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  const changed = { ...shop('v1'), routes: named(fakeResource('routes', 'http', 'v2')) };
  expect(driver.publish(changed)).toEqual(['routes http']);
  driver.publish(shop('v1'));
  expect(driver.accept('routes')).toEqual(['routes http']);
  driver.accept('routes');
  expect(driver.state.acknowledged('routes').get('http')).toBe('v1 []');
});

test('clusters and endpoints come before listeners, and listeners before routes', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  expect(driver.publish(shop('v2'))).toEqual(['clusters shop', 'endpoints shop']);
  expect(driver.accept('endpoints')).toEqual([]);
  expect(driver.accept('clusters')).toEqual(['listeners http']);
  expect(driver.accept('listeners')).toEqual(['routes http']);
  driver.accept('routes');
  expect(driver.state.isCurrent).toBe(true);
});

test('a cluster is removed when the routes without it are acknowledged', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  const without = { ...empty, listeners: shop('v1').listeners, routes: named(fakeResource('routes', 'http', 'v2')) };
  expect(driver.publish(without)).toEqual(['routes http']);
  expect(driver.accept('routes')).toEqual(['clusters -shop']);
});

test('while a route table is rejected, the clusters of its last good version stay', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  const without = { ...empty, listeners: shop('v1').listeners, routes: named(fakeResource('routes', 'http', 'v2')) };
  driver.publish(without);
  expect(driver.reject('routes')).toEqual([]);
  const good = { ...without, routes: named(fakeResource('routes', 'http', 'v3')) };
  expect(driver.publish(good)).toEqual(['routes http']);
  expect(driver.accept('routes')).toEqual(['clusters -shop']);
});

/** Another backend than `shop`, and another version of the route table. */
const renamed = (backend: string): Snapshot => ({
  ...shop('v1'),
  clusters: named(fakeResource('clusters', backend, 'v1')),
  endpoints: named(fakeResource('endpoints', backend, 'v1')),
  routes: named(fakeResource('routes', 'http', `to ${backend}`)),
});

/** Envoy takes the cluster, and then answers the route table. */
function take(driver: Driver, backend: string, answer: 'accept' | 'reject'): readonly string[] {
  driver.ask('endpoints', { subscribe: [backend] });
  driver.accept('endpoints');
  expect(driver.accept('clusters')).toEqual(['routes http']);
  return driver[answer]('routes');
}

test('while a route table is rejected, clusters that only rejected versions had go when they are not wanted', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  driver.publish(renamed('one'));
  expect(take(driver, 'one', 'reject')).toEqual([]);
  driver.publish(renamed('two'));
  expect(take(driver, 'two', 'reject')).toEqual(['clusters -one']);
  driver.accept('clusters');
  expect([...driver.state.acknowledged('clusters').keys()].toSorted()).toEqual(['shop', 'two']);
});

test('the clusters of a version that Envoy accepted when a newer snapshot was there are known, too', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  driver.publish(renamed('one'));
  driver.publish(renamed('two'));
  expect(take(driver, 'one', 'accept')).toEqual(['clusters -shop']);
  expect(driver.accept('clusters')).toEqual(['clusters two']);
  expect(take(driver, 'two', 'reject')).toEqual([]);
  driver.publish(renamed('three'));
  expect(take(driver, 'three', 'reject')).toEqual(['clusters -two']);
});

test('an Envoy that comes back with a route table that nobody knows keeps all clusters while it rejects a newer one', () => {
  const driver = new Driver();
  driver.publish(shop('v1'));
  driver.ask('clusters', { initialVersions: { shop: 'v1 []', old: 'v1 []' } });
  driver.ask('endpoints', { subscribe: ['shop'], initialVersions: { shop: 'v1 []' } });
  driver.ask('listeners', { initialVersions: { http: 'v1 []' } });
  const known = { http: 'v0 []' };
  expect(driver.ask('routes', { subscribe: ['http'], initialVersions: known })).toEqual(['routes http']);
  driver.accept('clusters');
  driver.accept('listeners');
  expect(driver.reject('routes')).toEqual([]);
  expect(driver.publish({ ...shop('v1'), routes: named(fakeResource('routes', 'http', 'v2')) })).toEqual([
    'routes http',
  ]);
  expect(driver.accept('routes')).toEqual(['clusters -old']);
});

test('endpoints do not wait for a rollout', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  driver.publish({ ...shop('v1'), routes: named(fakeResource('routes', 'http', 'v2')) });
  const endpoints = named(fakeResource('endpoints', 'shop', 'v2'));
  expect(driver.publish({ ...shop('v1'), endpoints })).toEqual(['endpoints shop']);
});

test('however often clusters change, routes get their turn', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  driver.publish(shop('v2'));
  for (let version = 3; version < 10; version += 1) driver.publish(shop(`v${version}`));
  driver.accept('endpoints');
  driver.accept('clusters');
  expect(driver.accept('listeners')).toEqual(['routes http']);
  expect(driver.accept('routes')).toEqual(['clusters shop']);
  expect(driver.state.acknowledged('routes').get('http')).toBe('v2 []');
});

test('an Envoy that starts while a resource is bad gets its last good version', () => {
  const history = new History();
  const first = new Driver(history);
  first.load(shop('v1'));
  const bad = { ...shop('v1'), routes: named(fakeResource('routes', 'http', 'bad')) };
  first.publish(bad);
  first.reject('routes');

  const second = new Driver(history);
  second.publish(bad);
  second.ask('clusters');
  second.ask('endpoints', { subscribe: ['shop'] });
  second.accept('endpoints');
  second.accept('clusters');
  second.ask('listeners');
  second.accept('listeners');
  expect(second.ask('routes', { subscribe: ['http'] })).toEqual(['routes http']);
  expect(second.reject('routes')).toEqual(['routes http']);
  second.accept('routes');
  expect(second.state.acknowledged('routes').get('http')).toBe('v1 []');
  expect(second.state.isCurrent).toBe(true);
});

test('a draining Envoy loses its listeners at once, and gets them again when it stays', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  driver.publish(shop('v2'));
  driver.state.enter('draining');
  expect(driver.publish(shop('v2'))).toEqual(['listeners -http']);
  driver.accept('listeners');
  driver.accept('endpoints');
  driver.accept('clusters');
  driver.accept('routes');
  driver.state.enter('serving');
  expect(driver.publish(shop('v2'))).toEqual(['listeners http']);
});

test('an Envoy that leaves keeps its listeners, and only its readiness changes', () => {
  const driver = new Driver();
  driver.load(shop('v1'));
  driver.ask('routes', { subscribe: [READY_TABLE] });
  driver.accept('routes');
  const ready = driver.state.acknowledged('routes').get(READY_TABLE);
  expect(ready).toBeDefined();
  driver.state.enter('leaving');
  expect(driver.publish(shop('v1'))).toEqual([`routes ${READY_TABLE}`]);
  driver.accept('routes');
  expect(driver.state.acknowledged('routes').get(READY_TABLE)).not.toBe(ready);
  expect(driver.state.acknowledged('listeners').has('http')).toBe(true);
});

test('an answer to an older response changes nothing', () => {
  const driver = new Driver();
  driver.publish(shop('v1'));
  driver.ask('clusters');
  expect(driver.ask('clusters', { nonce: 'older', error: 'no' })).toEqual([]);
  expect(driver.state.rejections()).toEqual([]);
});
