import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../../localstack/cluster/cluster.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { mergeConditions } from '../../src/kube/conditions.ts';
import { connect } from '../../src/kube/connect.ts';
import { Elector } from '../../src/kube/elector.ts';
import { EventRecorder, events } from '../../src/kube/events.ts';
import { addFinalizer, removeFinalizer } from '../../src/kube/finalizers.ts';
import type { Kind } from '../../src/kube/kinds.ts';
import { isConflict, isForbidden, isInvalid, isNotFound } from '../../src/kube/kube-error.ts';
import { type Condition, type KubeObject, objectKey } from '../../src/kube/object.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { writeStatus } from '../../src/kube/status.ts';
import { silentLogger } from '../../src/kube/testing/silent-logger.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface Sprocket extends KubeObject {
  readonly spec?: { readonly teeth?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

const configMaps: Kind<ConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const namespaces: Kind = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
const definitions: Kind<KubeObject & { readonly spec: object }> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
const sprockets: Kind<Sprocket> = {
  group: 'example.io',
  version: 'v1',
  plural: 'sprockets',
  kind: 'Sprocket',
  namespaced: true,
};

const { signal } = new AbortController();
let cluster: Cluster;
let client: KubeClient;

const connectAs = (kubeconfig: string) =>
  connect({ kubeconfig, userAgent: 'gatehouse-test', clock: systemClock, random: Math.random, env: {} });

// Its own cluster, because the test kills the API server and installs a kind.
beforeAll(async () => {
  cluster = await startCluster({ crds: false });
  client = await connectAs(cluster.kubeconfig);
});
afterAll(async () => {
  client.close();
  await cluster.stop();
});

async function newNamespace(): Promise<string> {
  const name = `kube-${randomUUID().slice(0, 8)}`;
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, signal);
  return name;
}

const configMap = (namespace: string, name: string, value: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data: { value },
});

/** Runs a reflector until the test ends; `changes` lists the changes that a handler saw. */
function reflect<T extends KubeObject>(kind: Kind<T>, namespace: string, from = client, versionCheckMs = 30_000) {
  const reflector = new Reflector<T>({
    client: from,
    kind,
    namespace,
    indexers: {},
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    timing: { backoffBaseMs: 50, backoffMaxMs: 500, missingMaxMs: 200, versionCheckMs },
  });
  const changes: string[] = [];
  reflector.store.onChange((old, current) => {
    const change = old === undefined ? 'added' : current === undefined ? 'deleted' : 'updated';
    changes.push(`${change} ${(current ?? old)?.metadata.name}`);
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return { reflector, changes };
}

const untilAborted = (working: AbortSignal) =>
  new Promise<void>((resolve) => working.addEventListener('abort', () => resolve(), { once: true }));

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

test('the API server tells its version', async () => {
  expect(await client.version(signal)).toMatch(/^v1\.\d+\.\d+/);
});

test('a reflector sees what is there, then each addition, change and deletion once', async () => {
  const namespace = await newNamespace();
  await client.create(configMaps, configMap(namespace, 'a', '1'), signal);
  const { reflector, changes } = reflect(configMaps, namespace);
  await reflector.synced;
  const created = await client.create(configMaps, configMap(namespace, 'b', '1'), signal);
  await client.update(configMaps, { ...created, data: { value: '2' } }, signal);
  await client.delete(configMaps, objectKey({ namespace, name: 'a' }), signal);
  await eventually(() => expect(changes).toEqual(['added a', 'added b', 'updated b', 'deleted a']));
  expect(reflector.store.get(objectKey({ namespace, name: 'b' }))).toMatchObject({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: { value: '2' },
  });
});

test('a list longer than a page is complete', async () => {
  const namespace = await newNamespace();
  const names = Array.from({ length: 520 }, (_, number) => `n${number}`);
  while (names.length > 0) {
    const batch = names.splice(0, 40);
    await Promise.all(batch.map((name) => client.create(configMaps, configMap(namespace, name, ''), signal)));
  }
  const { reflector } = reflect(configMaps, namespace);
  await reflector.synced;
  expect(reflector.store.size).toBe(520);
});

test('a reflector outlives the API server, and misses nothing of what happened around its restart', async () => {
  const namespace = await newNamespace();
  await client.create(configMaps, configMap(namespace, 'before', '1'), signal);
  const { reflector, changes } = reflect(configMaps, namespace);
  await reflector.synced;
  await cluster.killApiServer();
  const error = await client
    .get(configMaps, objectKey({ namespace, name: 'before' }), signal)
    .catch((thrown: unknown) => thrown);
  expect(String(error)).toContain(`The Kubernetes API server ${cluster.url}`);
  await cluster.restartApiServer();
  await client.create(configMaps, configMap(namespace, 'after', '1'), signal);
  await client.delete(configMaps, objectKey({ namespace, name: 'before' }), signal);
  await eventually(() => expect(changes).toEqual(['added before', 'added after', 'deleted before']));
});

test('a reflector notices that etcd was restored from a backup, though the server says nothing on its watches', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-restored-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const etcd = join(dir, 'etcd');
  const backup = join(dir, 'backup');
  const namespace = 'default';
  let restored = await startCluster({ dir, crds: false });
  onTestFinished(() => restored.stop());
  const port = Number(new URL(restored.url).port);
  const again = await connectAs(restored.kubeconfig);
  onTestFinished(() => again.close());
  const named = (name: string) => configMap(namespace, name, '1');
  const existing = await again.create(configMaps, named('existing'), signal);
  await restored.stop();
  await cp(etcd, backup, { recursive: true });
  restored = await startCluster({ dir, crds: false, port });

  const { reflector } = reflect(configMaps, namespace, again, 1000);
  await reflector.synced;
  await again.delete(configMaps, objectKey(existing.metadata), signal);
  for (let index = 0; index < 200; index += 1) await again.create(configMaps, named(`lost-${index}`), signal);
  await eventually(() => expect(reflector.store.size).toBeGreaterThanOrEqual(200));
  await restored.stop();
  await rm(etcd, { recursive: true });
  await cp(backup, etcd, { recursive: true });
  restored = await startCluster({ dir, crds: false, port });

  await again.create(configMaps, named('after'), signal);
  const ours = () => reflector.store.list().map(({ metadata }) => metadata.name);
  await eventually(() => expect(ours()).toEqual(expect.arrayContaining(['existing', 'after'])));
  expect(ours().filter((name) => name.startsWith('lost'))).toEqual([]);
}, 180_000);

const objectSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'sprockets.example.io' },
  spec: {
    group: 'example.io',
    scope: 'Namespaced',
    names: { plural: 'sprockets', singular: 'sprocket', kind: 'Sprocket' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: objectSchema, status: objectSchema } } },
        subresources: { status: {} },
      },
    ],
  },
};

test('a kind that is installed later is picked up, and its status and finalizers are guarded against stale writes', async () => {
  const namespace = await newNamespace();
  const { reflector } = reflect(sprockets, namespace);
  await reflector.settled;
  expect(reflector.state).toBe('waiting-for-crd');
  await client.create(definitions, definition, signal);
  await reflector.synced;

  const key = objectKey({ namespace, name: 'wheel' });
  const stale = await client.create(
    sprockets,
    { apiVersion: 'example.io/v1', kind: 'Sprocket', metadata: { namespace, name: 'wheel' }, spec: { teeth: 8 } },
    signal,
  );
  await eventually(() => expect(reflector.store.get(key)).toBeDefined());
  await client.patch(sprockets, key, { kind: 'merge', body: { metadata: { labels: { a: 'b' } } } }, signal);

  const accepted = { type: 'Accepted', status: 'True', reason: 'Fine', message: '', observedGeneration: 1 } as const;
  const report = (current: Sprocket): Sprocket => ({
    ...current,
    status: { conditions: mergeConditions(current.status?.conditions ?? [], [accepted], systemClock.now()) },
  });
  let calls = 0;
  const outcome = await writeStatus(
    client,
    sprockets,
    stale,
    (current) => {
      calls += 1;
      return report(current);
    },
    signal,
  );
  expect([outcome, calls]).toEqual(['written', 2]);
  expect(await writeStatus(client, sprockets, key, report, signal)).toBe('unchanged');

  const guarded = await addFinalizer(client, sprockets, stale, 'example.io/ours', signal);
  expect(guarded?.metadata).toMatchObject({ finalizers: ['example.io/ours'], labels: { a: 'b' } });
  expect(guarded?.status?.conditions).toHaveLength(1);
  await client.delete(sprockets, key, signal);
  await eventually(() => expect(reflector.store.get(key)?.metadata.deletionTimestamp).toBeDefined());
  expect(await addFinalizer(client, sprockets, stale, 'example.io/late', signal)).toBeUndefined();
  await removeFinalizer(client, sprockets, guarded ?? stale, 'example.io/ours', signal);
  await eventually(() => expect(reflector.store.size).toBe(0));
  expect(await writeStatus(client, sprockets, stale, report, signal)).toBe('gone');
});

test('of two electors one leads, and the other as soon as the first one stops', async () => {
  const namespace = await newNamespace();
  const runs = ['first', 'second'].map((identity) => {
    const elector = new Elector({
      client,
      namespace,
      name: 'leader',
      identity,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      timing: { retryPeriodMs: 100 },
    });
    const stop = new AbortController();
    return { elector, stop, run: elector.run({ onStarted: untilAborted }, stop.signal) };
  });
  await eventually(() => expect(runs.filter(({ elector }) => elector.isLeader())).toHaveLength(1));
  const [leader, other] = runs.toSorted((a, b) => Number(b.elector.isLeader()) - Number(a.elector.isLeader()));
  leader?.stop.abort();
  expect(await leader?.run).toBe('stopped');
  await eventually(() => expect(other?.elector.isLeader()).toBe(true));
  expect(leader?.elector.isLeader()).toBe(false);
  other?.stop.abort();
  expect(await other?.run).toBe('stopped');
});

test('a repeated event is one event with a count', async () => {
  const namespace = await newNamespace();
  const recorder = new EventRecorder({
    client,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    reportingController: 'example.io/test',
    reportingInstance: 'pod-1',
  });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  const regarding = await client.create(configMaps, configMap(namespace, 'a', ''), signal);
  const note = { type: 'Warning', reason: 'Failed', action: 'Testing', note: 'x'.repeat(5000) } as const;
  recorder.record(regarding, note);
  await eventually(async () => expect((await client.list(events, { namespace }, signal)).items).toHaveLength(1));
  recorder.record(regarding, note);
  await eventually(async () => {
    const { items } = await client.list(events, { namespace }, signal);
    expect(items).toMatchObject([{ reason: 'Failed', regarding: { name: 'a' }, series: { count: 2 } }]);
  });
  stop.abort();
  await running;
});

test('the errors of a real server are distinguished', async () => {
  const namespace = await newNamespace();
  const created = await client.create(configMaps, configMap(namespace, 'a', '1'), signal);
  await client.update(configMaps, { ...created, data: { value: '2' } }, signal);
  const key = objectKey({ namespace, name: 'a' });
  expect(isConflict(await failure(client.update(configMaps, { ...created, data: {} }, signal)))).toBe(true);
  expect(isNotFound(await failure(client.get(configMaps, objectKey({ namespace, name: 'b' }), signal)))).toBe(true);
  expect(isInvalid(await failure(client.create(configMaps, configMap(namespace, 'No Name', ''), signal)))).toBe(true);
  const preconditions = { preconditions: { uid: randomUUID() } };
  expect(isConflict(await failure(client.delete(configMaps, key, signal, preconditions)))).toBe(true);
  const nobody = await connectAs(await cluster.userKubeconfig('nobody'));
  expect(isForbidden(await failure(nobody.get(configMaps, key, signal)))).toBe(true);
  nobody.close();
});

test('a server with a certificate of an unknown authority is not trusted, and the message says where to look', async () => {
  const text = await readFile(cluster.kubeconfig, 'utf8');
  const kubeconfig = join(cluster.dir, 'kubeconfig-without-authority');
  await writeFile(kubeconfig, text.replace(/certificate-authority-data: \S+/, 'tls-server-name: localhost'));
  const stranger = await connectAs(kubeconfig);
  const error = await stranger.list(namespaces, {}, signal).catch((thrown: unknown) => thrown);
  stranger.close();
  expect(error).toMatchObject({ status: 0, reason: 'Untrusted' });
  expect(String(error)).toContain('check the authority in');
});
