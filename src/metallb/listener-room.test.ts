// More listeners than the Envoys of a Gateway have room for.
import { expect, test } from 'vitest';
import { fromManifests } from '../gateway/from-manifests.ts';
import { finish } from '../gateway/steps.ts';
import { translate } from '../gateway/translate.ts';
import { objectKey } from '../kube/object.ts';
import { GOLDEN_NOW } from '../testing/golden.ts';
import { reportedOnMetallb } from '../testing/metallb-statuses.ts';
import { METALLB_CAPABILITIES } from './capabilities.ts';
import { servingListeners } from './serving-listeners.ts';
import { narrowForMetallb } from './translation.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const controllerName = 'gatehouse.dev/metallb';

const gateway = {
  apiVersion,
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    gatewayClassName: 'metallb',
    allowedListeners: { namespaces: { from: 'All' } },
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP', hostname: 'shop.com' }],
  },
};

const programmed = (name: string, status: string) => ({
  name,
  attachedRoutes: 0,
  conditions: [{ type: 'Programmed', status, reason: 'Programmed', message: '', lastTransitionTime: '' }],
});

interface Sketch {
  readonly namespace: string;
  readonly index: number;
  readonly listener: (name: string, index: number) => object;
  readonly serves?: readonly number[];
}

/** 64 listeners. */
const set = ({ namespace, index, listener, serves = [] }: Sketch) => ({
  apiVersion,
  kind: 'ListenerSet',
  metadata: {
    namespace,
    name: `s${index}`,
    creationTimestamp: `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`,
  },
  spec: {
    parentRef: { name: 'web', namespace: 'shop' },
    listeners: Array.from({ length: 64 }, (_, each) => ({ name: `l${each}`, ...listener(`s${index}`, each) })),
  },
  status: { listeners: serves.map((each) => programmed(`l${each}`, 'True')) },
});

const hosts = (name: string, index: number) => ({ port: 80, protocol: 'HTTP', hostname: `h${index}.${name}.com` });
const tcpPorts = (first: number) => (_: string, index: number) => ({ port: first + index, protocol: 'TCP' });

const sets = (namespace: string, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => set({ namespace, index: from + index, listener: hosts }));

function inputOf(...manifests: readonly object[]) {
  const gatewayClass = { apiVersion, kind: 'GatewayClass', metadata: { name: 'metallb' }, spec: { controllerName } };
  const [input] = fromManifests([gatewayClass, gateway, ...manifests], { now: GOLDEN_NOW, controllerName }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  return input;
}

const namesOf = (input: ReturnType<typeof inputOf>): readonly string[] =>
  finish(narrowForMetallb(input, translate(input, METALLB_CAPABILITIES))).topology?.ports.flatMap(({ listeners }) =>
    listeners.map(({ name }) => name),
  ) ?? [];

test('1,000 listeners of ListenerSets have room, and a younger namespace has its share of them', () => {
  const names = namesOf(inputOf(...sets('greedy', 0, 20), ...sets('small', 20, 1)));
  const of = (namespace: string): number => names.filter((name) => name.startsWith(`${namespace}/`)).length;
  expect([names[0], of('greedy'), of('small')]).toEqual(['http', 936, 64]);
});

test('a listener without room has Accepted=False and TooManyListeners, and a route to it gets no traffic', async () => {
  const route = {
    apiVersion,
    kind: 'HTTPRoute',
    metadata: { namespace: 'shop', name: 'late' },
    spec: { parentRefs: [{ kind: 'ListenerSet', name: 's15', sectionName: 'l63' }] },
  };
  const { statuses } = await reportedOnMetallb(inputOf(...sets('shop', 0, 16), route));
  const all = statuses.listenerSets ?? {};
  const last = all[objectKey({ namespace: 'shop', name: 's15' })]?.listeners?.at(-1)?.conditions ?? [];
  expect(last.find(({ type }) => type === 'Accepted')).toMatchObject({
    status: 'False',
    reason: 'TooManyListeners',
    message:
      'spec.listeners["l63"]: the ListenerSets of a Gateway may have 1000 listeners, and others need them, so this listener is left out. Use fewer listeners, or another Gateway.',
  });
  const accepted = Object.values(all).flatMap(({ listeners = [] }) =>
    listeners.filter(({ conditions }) => conditions.some((c) => c.type === 'Accepted' && c.status === 'True')),
  );
  expect(accepted).toHaveLength(1000);
  expect(JSON.stringify(statuses.parents)).toContain('No listener that it is attached to is accepted');
});

test('64 ports of ListenerSets have room, and what serves on them stays', async () => {
  const old = set({ namespace: 'old', index: 0, listener: tcpPorts(1000) });
  const young = set({ namespace: 'young', index: 1, listener: tcpPorts(2000), serves: [62, 63] });
  const input = inputOf(old, young);
  const names = namesOf(input);
  expect(names).toHaveLength(65);
  expect(names.filter((name) => name.startsWith('old/'))).toHaveLength(32);
  expect(names).toEqual(expect.arrayContaining(['young/s1/l62', 'young/s1/l63']));
  const { statuses } = await reportedOnMetallb(input);
  expect(
    statuses.listenerSets?.[objectKey({ namespace: 'old', name: 's0' })]?.listeners?.at(-1)?.conditions,
  ).toContainEqual(
    expect.objectContaining({
      type: 'Accepted',
      status: 'False',
      reason: 'PortUnavailable',
      message:
        'spec.listeners["l63"].port: the ListenerSets of a Gateway may add 64 ports, and others need them, so this listener is left out. Use fewer ports, a port of the Gateway, or another Gateway.',
    }),
  );
});

test('a listener serves if its ListenerSet says that it is programmed', () => {
  const { status: _, ...young } = set({ namespace: 'shop', index: 1, listener: hosts });
  const old = {
    ...set({ namespace: 'shop', index: 0, listener: hosts }),
    status: { listeners: [programmed('l0', 'True'), programmed('l1', 'False')] },
  };
  expect([...servingListeners(inputOf(old, young))]).toEqual(['shop/s0/l0']);
});
