import { expect, test } from 'vitest';
import type { Route } from '../api/route-kinds.ts';
import { objectKey } from '../kube/object.ts';
import { GOLDEN_NOW } from '../testing/golden.ts';
import { unservedParents } from './unserved-route-status.ts';

const controllerName = 'gatehouse.dev/aws';
const gateway = objectKey({ namespace: 'shop', name: 'web' });
const set = objectKey({ namespace: 'shop', name: 'more' });
const whose = { gateway, listenerSets: new Set([set]), controllerName };
const theirs = { parentRef: { name: 'web' }, controllerName: 'example.com/other', conditions: [] };
const route: Route = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GRPCRoute',
  metadata: { namespace: 'shop', name: 'api', generation: 3 },
  spec: { parentRefs: [{ name: 'web' }, { kind: 'ListenerSet', name: 'more' }, { name: 'elsewhere' }] },
  status: { parents: [theirs] },
};

test('a route of an unserved kind gets a condition from each of our parents, beside those of other controllers', () => {
  const [first, ...ours] = unservedParents(route, whose, true, GOLDEN_NOW);
  expect(first).toEqual(theirs);
  expect(ours.map(({ parentRef }) => parentRef.name)).toEqual(['web', 'more']);
  for (const { conditions } of ours) {
    expect(conditions).toMatchObject([
      { type: 'Accepted', status: 'False', reason: 'NotAllowedByListeners', observedGeneration: 3 },
    ]);
    expect(conditions?.[0]?.message).toMatch(/does not serve routes of kind GRPCRoute yet/);
  }
});

test('what was said of it goes when it moves, or when the Gateway is not ours any more', () => {
  const reported: Route = { ...route, status: { parents: unservedParents(route, whose, true, GOLDEN_NOW) } };
  const moved: Route = { ...reported, spec: { parentRefs: [{ name: 'elsewhere' }] } };
  expect(unservedParents(moved, whose, true, GOLDEN_NOW)).toEqual([theirs]);
  expect(unservedParents(reported, whose, false, GOLDEN_NOW)).toEqual([theirs]);
});
