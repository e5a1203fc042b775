// The sizes that the API allows: the pure stages are done in many short steps, so that nothing else has to wait for them.
import { expect, test } from 'vitest';
import { awsFinding } from '../aws/findings.ts';
import { buildingModel } from '../aws/model/build.ts';
import { DEFAULT_QUOTAS } from '../aws/model/options.ts';
import { placeholderNetwork } from '../aws/model/placeholder-network.ts';
import { NOTHING_STANDS } from '../aws/model/standing.ts';
import { translatingForAws } from '../aws/translation.ts';
import { awsWords } from '../aws/words.ts';
import { fromManifests } from '../gateway/from-manifests.ts';
import type { Steps } from '../gateway/steps.ts';
import { objectKey } from '../kube/object.ts';
import { findingsOf } from '../status/findings.ts';
import { attachedRoutes } from '../status/gateway-status.ts';
import { listenerSetStatus } from '../status/listener-set-status.ts';
import { GOLDEN_DEFAULTS, GOLDEN_NOW } from './golden.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const many = <T>(length: number, each: (index: number) => T): readonly T[] =>
  Array.from({ length }, (_, index) => each(index));

const gatewayClass = {
  apiVersion,
  kind: 'GatewayClass',
  metadata: { name: 'aws' },
  spec: { controllerName: 'gatehouse.dev/aws' },
};
const gateway = (ports: readonly number[]) => ({
  apiVersion,
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    gatewayClassName: 'aws',
    allowedListeners: { namespaces: { from: 'All' } },
    listeners: ports.map((port) => ({ name: `p${port}`, port, protocol: 'HTTP' })),
  },
});
const largeRoute = (index: number) => ({
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: `r${index}` },
  spec: {
    parentRefs: [{ name: 'web' }],
    hostnames: many(16, (host) => `h${host}.example.com`),
    rules: many(2, (rule) => ({
      matches: many(64, (match) => ({ path: { type: 'Exact', value: `/${index}/${rule}/${match}` } })),
    })),
  },
});
const listenerSet = (set: number) => ({
  apiVersion,
  kind: 'ListenerSet',
  metadata: { namespace: 'shop', name: `s${set}` },
  spec: {
    parentRef: { name: 'web' },
    listeners: many(64, (index) => ({
      name: `l${index}`,
      port: 80,
      protocol: 'HTTP',
      hostname: `h${index}.s${set}.example.com`,
    })),
  },
});
const catchAll = {
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'all' },
  spec: { parentRefs: [{ name: 'web' }] },
};

/** Far from what a step takes, and farther from what these sizes took in one: a machine may have other work. In milliseconds. */
const longestMs = 2000;

function inShortSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const started = performance.now();
    const step = steps.next();
    expect(performance.now() - started).toBeLessThan(longestMs);
    if (step.done === true) return step.value;
  }
}

test.each<readonly [string, readonly unknown[]]>([
  ['1,000 routes of 128 matches × 16 hostnames', [gateway([80]), ...many(1000, largeRoute)]],
  ['64 ports with 2 of these routes', [gateway(many(64, (index) => 8000 + index)), ...many(2, largeRoute)]],
  ['300 ListenerSets × 64 listeners', [gateway([80]), ...many(300, listenerSet), catchAll]],
])('%s hold up nobody', { timeout: 60_000 }, (_, manifests) => {
  const [input] = fromManifests([gatewayClass, ...manifests], { now: GOLDEN_NOW }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  const translation = inShortSteps(translatingForAws(input, GOLDEN_DEFAULTS));
  const { topology } = translation;
  if (topology === undefined) throw new Error('Expected a topology');
  const options = { clusterName: 'blue', clusterUid: 'uid-1', quotas: DEFAULT_QUOTAS };
  const { model, problems } = inShortSteps(buildingModel(topology, placeholderNetwork([]), options, NOTHING_STANDS));
  expect(model?.resources.filter(({ kind }) => kind === 'rule').length).toBeLessThanOrEqual(100);
  const started = performance.now();
  const findings = findingsOf(translation, [...translation.problems, ...problems].map(awsFinding), awsWords);
  const outcome = { findings, attachedRoutes: attachedRoutes(findings), provisioned: undefined, overdue: false };
  for (const { metadata } of input.listenerSets) {
    listenerSetStatus(undefined, objectKey(metadata), outcome, 1, GOLDEN_NOW);
  }
  expect(performance.now() - started).toBeLessThan(5 * longestMs);
});
