// Which ports count as served, and whether somebody looks again without a change.
import { expect, test } from 'vitest';
import type { Service } from '../api/core.ts';
import type { Pod } from '../api/workloads.ts';
import type { Summary } from '../envoy/ads/summary.ts';
import { addressPlan } from './addresses.ts';
import type { MetallbModel } from './stages.ts';
import { standingOf } from './standing.ts';
import { bound, noWorld, optionsFor, wanting } from './testing/services.ts';

const model: MetallbModel = Object({
  topology: { ports: [{ port: 80, listeners: [], serves: { kind: 'http' } }], routes: [] },
  envoy: { ports: new Map([[80, 10_080]]) },
});

const podOf = (name: string, ready = true): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

type Group = Summary['groups'][number];

const group = (pod: string, more: Partial<Group> = {}): Group => ({
  pods: [`shop/${pod}`],
  isCurrent: true,
  listeners: ['tcp/80'],
  ...more,
});

interface Seen {
  readonly services?: readonly Service[];
  readonly pods?: readonly Pod[];
  readonly groups?: readonly Group[];
  readonly addresses?: readonly string[];
}

function standing({ services = [bound('10.249.0.1')], pods, groups, addresses }: Seen, of = model) {
  return standingOf({
    gateway: undefined,
    model: of,
    services,
    plan: addressPlan(optionsFor({ live: services }, addresses), noWorld),
    conditions: [],
    pods: pods ?? [podOf('a'), podOf('b')],
    summaries: [{ groups: [...(groups ?? [group('a'), group('b')])], rejected: [] }],
  });
}

const isServed = (seen: Seen): boolean => standing(seen).ports.size > 0;

test('a port is served if all Envoys have its listener', () => {
  expect(standing({})).toMatchObject({ complete: true, isProvisioning: false });
  expect(isServed({})).toBe(true);
});

test('a port is not served if a ready Envoy has rejected its listener, because it gets a share of the connections', () => {
  expect(isServed({ groups: [group('a'), group('b', { listeners: [] })] })).toBe(false);
});

test.each<[string, readonly Pod[], readonly Group[]]>([
  ['is not ready yet', [podOf('a'), podOf('b', false)], [group('a'), group('b', { listeners: [] })]],
  ['is on the way', [podOf('a'), podOf('b')], [group('a'), group('b', { listeners: [], isCurrent: false })]],
  ['is between two replicas', [podOf('a'), podOf('b')], [group('a')]],
])('an Envoy that %s takes nothing from the others', (_, pods, groups) => {
  expect(isServed({ pods, groups })).toBe(true);
});

test('a port is not served if no Envoy has its listener', () => {
  expect(isServed({ groups: [] })).toBe(false);
  expect(isServed({ groups: [group('a', { listeners: [], isCurrent: false })] })).toBe(false);
});

test('a port is not served if the Service leads to another port than that of Envoy', () => {
  const service = bound('10.249.0.1');
  const ports = [{ name: 'tcp-80', protocol: 'TCP', port: 80, targetPort: 5000 }] as const;
  expect(isServed({ services: [{ ...service, spec: { ...service.spec, ports } }] })).toBe(false);
});

test('TCP and UDP of one number are served apart', () => {
  const both: MetallbModel = Object({
    topology: {
      ports: [
        { port: 53, listeners: [], serves: { kind: 'tcp' } },
        { port: 53, listeners: [], serves: { kind: 'udp' } },
      ],
      routes: [],
    },
    envoy: { ports: new Map([[53, 10_053]]) },
  });
  const service = bound('10.249.0.1');
  const tcp = { name: 'tcp-53', protocol: 'TCP', port: 53, targetPort: 10_053 } as const;
  const udp = { ...tcp, name: 'udp-53', protocol: 'UDP' } as const;
  const ports = (of: readonly (typeof tcp | typeof udp)[], listeners: readonly string[]): readonly string[] => {
    const services = [{ ...service, spec: { ...service.spec, ports: of } }];
    return [...standing({ services, groups: [group('a', { listeners: [...listeners] })] }, both).ports];
  };
  expect(ports([tcp, udp], ['tcp/53', 'udp/53'])).toEqual(['tcp/53', 'udp/53']);
  expect(ports([tcp, udp], ['tcp/53'])).toEqual(['tcp/53']);
  expect(ports([tcp], ['tcp/53', 'udp/53'])).toEqual(['tcp/53']);
});

test('an address that is not assigned yet is looked at again, and one that cannot be had waits for a change', () => {
  const waits = standing({ services: [wanting()] });
  expect(waits).toMatchObject({ complete: false, isProvisioning: true, needsChange: false });
  const refused = standing({ addresses: ['nonsense'] });
  expect(refused).toMatchObject({ complete: false, isProvisioning: false, needsChange: true });
});
