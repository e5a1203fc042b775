import { expect, test } from 'vitest';
import type { ServiceAnnouncement } from '../api/metallb.ts';
import type { Condition } from '../kube/object.ts';
import { announced } from './announced.ts';
import { bound, noWorld, wanting } from './testing/services.ts';

const by = (node: string, kind: ServiceAnnouncement['kind'] = 'ServiceL2Status'): ServiceAnnouncement => ({
  apiVersion: 'metallb.io/v1beta1',
  kind,
  metadata: { name: node },
  status: { node, serviceNamespace: 'shop', serviceName: 'web-0a1b2c3d' },
});

const worldWith = (announcements: Readonly<Record<string, readonly ServiceAnnouncement[]>>) => ({
  ...noWorld,
  metallb: {
    pools: [],
    namespaceLabels: {},
    configuration: [],
    announcements: (key: string) => announcements[key] ?? [],
  },
});

const first = bound('10.0.0.5');
const second = bound('10.0.0.6', wanting(undefined, '-2'));
const before: readonly Condition[] = [
  { type: 'gatehouse.dev/Announced', status: 'True', reason: 'Announced', message: '', lastTransitionTime: '' },
];

test('the nodes are named that announce an address', () => {
  const world = worldWith({
    'shop/web-0a1b2c3d': [by('node-b', 'ServiceBGPStatus'), by('node-a', 'ServiceBGPStatus')],
    'shop/web-0a1b2c3d-2': [by('node-c')],
  });
  expect(announced([first, second], world)).toEqual({
    type: 'gatehouse.dev/Announced',
    status: 'True',
    reason: 'Announced',
    message: 'The nodes node-a, node-b announce 10.0.0.5. Node node-c announces 10.0.0.6.',
  });
});

test('one address that no node announces is enough for False', () => {
  expect(announced([first, second], worldWith({ 'shop/web-0a1b2c3d': [by('node-a')] }))).toMatchObject({
    status: 'False',
    message:
      'Node node-a announces 10.0.0.5. No node announces 10.0.0.6. MetalLB needs an Envoy that is ready, and an advertisement for the pool.',
  });
});

test('nothing is said before the first announcement, because MetalLB may only assign addresses', () => {
  expect(announced([first], worldWith({}))).toBeUndefined();
  expect(announced([first], noWorld)).toBeUndefined();
  expect(announced([first], worldWith({}), before)).toMatchObject({ status: 'False', reason: 'NotAnnounced' });
});

test('when MetalLB is uninstalled, nobody knows who announces an address', () => {
  expect(announced([first], noWorld, before)).toMatchObject({ status: 'Unknown', reason: 'NotKnown' });
});
