import { expect, test } from 'vitest';
import { defaultProxySettings, type ProxySettings } from '../../api/proxy-configuration.ts';
import type { Deployment } from '../../api/workloads.ts';
import type { KubeObject } from '../../kube/object.ts';
import { fleetObjects } from './objects.ts';
import { type Turn, turnOf } from './rollout.ts';

const ads = { address: '10.0.0.1:18000', serverName: 'ads', audience: 'gatehouse.dev/ads', authorities: 'a' };

/** The Deployment of the Gateway, as we want it. */
function wanted(name: string, settings: Partial<ProxySettings> = {}): KubeObject {
  const objects = fleetObjects({
    gateway: { namespace: 'shop', name, uid: name },
    name,
    labels: { 'gatehouse.dev/gateway': name },
    annotations: {},
    settings: { ...defaultProxySettings, ...settings },
    ads,
    families: ['IPv4'],
  });
  const found = objects.find(({ kind }) => kind === 'Deployment');
  if (found === undefined) throw new Error('Expected a Deployment');
  return found;
}

/** The same in the cluster. */
function live(object: KubeObject, ready = 2): Deployment {
  const { metadata } = object;
  return {
    ...object,
    kind: 'Deployment',
    metadata: { ...metadata, generation: 3 },
    spec: { replicas: 2 },
    status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: ready },
  };
}

const old = { image: 'envoy:1' };
const fresh = { image: 'envoy:2' };

/** What the fleet may do when the image changes, beside these others. */
const turn = (name: string, ...others: readonly Deployment[]): Turn => {
  const own = live(wanted(name, old));
  return turnOf(wanted(name, fresh), own, [own, ...others]);
};

/** The fleet's Deployment after its turn. */
function afterTurn(name: string, ready: number): Deployment {
  const own = turn(name);
  if (own.kind !== 'next') throw new Error(`Expected a turn, got ${own.kind}`);
  return live(own.deployment, ready);
}

test('a new fleet waits for nobody', () => {
  expect(turnOf(wanted('b', fresh), undefined, [afterTurn('a', 1)]).kind).toBe('now');
});

test('a fleet gets a new image when no other fleet is on its way', () => {
  expect(turn('b').kind).toBe('next');
  expect(turn('b', afterTurn('a', 2)).kind).toBe('next');
});

test('a fleet waits until the one before it is ready', () => {
  expect(turn('b', afterTurn('a', 1))).toMatchObject({ kind: 'waits', for: { metadata: { name: 'a' } } });
});

test('a fleet whose turn it was may be applied again, and nothing changes', () => {
  const own = afterTurn('a', 1);
  const again = turnOf(wanted('a', fresh), own, [own]);
  expect(again).toEqual({ kind: 'now', deployment: { ...wanted('a', fresh), metadata: expect.anything() } });
  expect(again).toMatchObject({ deployment: { metadata: { annotations: own.metadata.annotations } } });
});

test('what the owner of a Gateway changes waits for nobody, and takes the new image along', () => {
  const own = live(wanted('b', old));
  expect(turnOf(wanted('b', { ...fresh, logLevel: 'debug' }), own, [afterTurn('a', 1)]).kind).toBe('now');
});

test('a fleet that its owner made not ready holds nobody', () => {
  const broken = live(wanted('a', { ...fresh, nodeSelector: { no: 'node' } }), 0);
  expect(turn('b', broken).kind).toBe('next');
});

test('a fleet that is not ready before its turn holds nobody', () => {
  const own = live(wanted('a', old), 1);
  const its = turnOf(wanted('a', fresh), own, [own]);
  expect(its.kind).toBe('now');
  expect(turn('b', live(wanted('a', fresh), 1)).kind).toBe('next');
});

test('what Gatehouse writes for all fleets alike is a release, too', () => {
  const own = live(wanted('b'));
  const changed = {
    ...own,
    metadata: { ...own.metadata, annotations: { ...own.metadata.annotations, 'gatehouse.dev/release': 'older' } },
  };
  expect(turnOf(wanted('b'), changed, [changed]).kind).toBe('next');
});

test('more replicas are no release', () => {
  expect(turnOf(wanted('b', { replicas: 5 }), live(wanted('b')), [afterTurn('a', 1)]).kind).toBe('now');
});
