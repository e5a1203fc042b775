import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import type { Resource, ResourceKind, Snapshot } from '../snapshot.ts';
import { Publications } from './publications.ts';
import type { Stream } from './stream.ts';
import { fakeResource } from './testing/simulated-envoy.ts';

const web = objectKey({ namespace: 'shop', name: 'web' });

const only = (kind: ResourceKind, name: string, refs: readonly string[] = []): ReadonlyMap<string, Resource> =>
  new Map([[name, fakeResource(kind, name, 'v1', refs)]]);

const snapshot = (backend: string): Snapshot => ({
  clusters: only('clusters', backend),
  endpoints: only('endpoints', backend),
  secrets: new Map(),
  listeners: only('listeners', 'http', ['http']),
  routes: only('routes', 'http', [backend]),
});

/** It asks for clusters, and never answers what it gets. */
function connectSilent(publications: Publications, name: string): Stream {
  const identity = {
    pod: objectKey({ namespace: 'shop', name }),
    serviceAccount: objectKey({ namespace: 'shop', name: 'envoy' }),
    podUid: name,
  };
  const stream = publications.open(identity, { gateway: web, stage: 'serving' });
  const nothing = { subscribe: [], unsubscribe: [], initialVersions: {}, nonce: '', error: undefined };
  publications.request(web, stream, { kind: 'clusters', ...nothing });
  return stream;
}

test('an Envoy that never answers keeps no clusters but its own, however often backends are renamed', async () => {
  const publications = new Publications(
    () => undefined,
    () => undefined,
  );
  publications.publish(web, snapshot('first'));
  connectSilent(publications, 'silent');
  for (let index = 0; index < 20; index += 1) publications.publish(web, snapshot(`renamed-${index}`));
  expect([...publications.clusters(web)].toSorted()).toEqual(['first', 'renamed-19']);
  const { value } = await connectSilent(publications, 'later').responses().next();
  expect(value?.resources.map((each: Resource) => each.name)).toEqual(['renamed-19']);
});
