import { expect, test } from 'vitest';
import type { Deployment } from '../api/workloads.ts';
import type { KubeObject } from '../kube/object.ts';
import { fleetTurn } from './fleet-turn.ts';

const deployment = (
  name: string,
  release: string,
  more: Readonly<Record<string, string>> = {},
  ready = 1,
): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, generation: 1, annotations: { 'gatehouse.dev/release': release, ...more } },
  spec: { replicas: 1 },
  status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: ready },
});
const service: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } };

const turn = (all: readonly Deployment[], taken = false) =>
  fleetTurn({ desired: [service, deployment('a', 'new')], existing: [service, deployment('a', 'old')] }, all, taken);

test('a fleet gets a new release in its turn', () => {
  const { isNext, waits, desired } = turn([deployment('a', 'old')]);
  expect([isNext, waits]).toEqual([true, undefined]);
  expect(desired[1]).toHaveProperty(['metadata', 'annotations', 'gatehouse.dev/rolled'], 'new');
});

test.each([
  ['another fleet is not ready with it', [deployment('b', 'new', { 'gatehouse.dev/rolled': 'new' }, 0)], false],
  ['the turn of another fleet has just begun', [], true],
])('while %s, the Deployment is neither applied nor deleted, and a remark says so', (_, others, taken) => {
  const { isNext, waits, desired, existing } = turn(others, taken);
  expect({ isNext, desired, existing }).toEqual({ isNext: false, desired: [service], existing: [service] });
  expect(waits).toMatchObject({ problem: 'fleet-waits', effect: { kind: 'remark' } });
});

test('a fleet that is new, or that is removed, has no turn', () => {
  expect(fleetTurn({ desired: [deployment('a', 'new')], existing: [] }, [], true)).toMatchObject({ isNext: false });
  const removed = { desired: [], existing: [deployment('a', 'old')] };
  expect(fleetTurn(removed, [], true)).toEqual({ ...removed, isNext: false });
});
