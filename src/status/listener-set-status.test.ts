import { expect, test } from 'vitest';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { Translation } from '../gateway/topology.ts';
import { objectKey } from '../kube/object.ts';
import type { Finding, ListenerFinding } from '../provider/finding.ts';
import { hindrance, inventedWords } from '../provider/testing/invented.ts';
import { GOLDEN_NOW } from '../testing/golden.ts';
import { findingsOf } from './findings.ts';
import { type GatewayOutcome, gatewayStatus } from './gateway-status.ts';
import { listenerSetStatus } from './listener-set-status.ts';

const set = objectKey({ namespace: 'team', name: 'more' });
const id = 'team/more/http';
const listener = { supportedKinds: [], valid: true };
const translation: Pick<Translation, 'listeners' | 'attachments'> = {
  listeners: [
    { ...listener, name: 'http', port: 'http/80' as const },
    { ...listener, name: id, ofSet: { listenerSet: set, section: 'http' }, port: 'http/8080' as const },
  ],
  attachments: [],
};
const active = { addresses: [], ports: new Set<PortKey>(['http/80']), admits: true, waiting: '', complete: false };
const outcome = (found: readonly Finding[], provisioned: GatewayOutcome['provisioned'] = active) => ({
  generation: 1,
  findings: findingsOf(translation, found, inventedWords),
  attachedRoutes: new Map(),
  provisioned,
  overdue: false,
});

const said = (conditions: readonly { type: string; status: string; reason: string }[] | undefined) =>
  conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);

const refusedAt = (port: PortKey) =>
  hindrance('There is no lamp for it.', {
    programmed: 'NoResources',
    upToDate: 'NoResources',
    concerns: { ports: [port] },
  });
const refused = refusedAt('http/8080');
const crowdedOut: ListenerFinding = {
  kind: 'listener',
  problem: 'no-lamp',
  listener: id,
  words: 'A lighthouse has one lamp.',
  effect: { kind: 'no-room', lack: 'listeners' },
};
const unreadable: GatewayOutcome = { ...outcome([]), provisioned: undefined };

test.each<readonly [string, GatewayOutcome, readonly string[], string]>([
  ['is being created', outcome([]), ['Accepted=True/Accepted', 'Programmed=Unknown/Pending'], 'Unknown/Pending'],
  [
    'is refused',
    outcome([refused]),
    ['Accepted=True/Accepted', 'Programmed=False/PortUnavailable', 'gatehouse.dev/UpToDate=False/NoResources'],
    'False/PortUnavailable',
  ],
  [
    'has no room',
    outcome([crowdedOut]),
    ['Accepted=False/ListenersNotValid', 'Programmed=False/PortUnavailable'],
    'False/PortUnavailable',
  ],
  [
    'waits for the load balancer',
    outcome([], { ...active, ports: new Set(), waiting: 'The load balancer does not exist yet.' }),
    ['Accepted=True/Accepted', 'Programmed=False/ParentNotProgrammed'],
    'Unknown/Pending',
  ],
  ['cannot be read', unreadable, ['Accepted=True/Accepted', 'Programmed=Unknown/Pending'], 'Unknown/Pending'],
  [
    'is served',
    outcome([], { ...active, ports: new Set<PortKey>(['http/80', 'http/8080']) }),
    ['Accepted=True/Accepted', 'Programmed=True/Programmed'],
    'True/Programmed',
  ],
])("if a ListenerSet's listener %s, both report it with the reasons of ListenerSets", (_, given, ofSet, ofListener) => {
  const status = listenerSetStatus(undefined, set, given, 1, GOLDEN_NOW);
  expect(said(status.conditions)).toEqual(ofSet);
  expect(said(status.listeners?.[0]?.conditions)).toContain(`Programmed=${ofListener}`);
});

test("a Gateway is programmed even if a ListenerSet's listener is refused", () => {
  const status = gatewayStatus(undefined, outcome([refused]), GOLDEN_NOW);
  expect(said(status.conditions)).toEqual([
    'Accepted=True/Accepted',
    'Programmed=True/Programmed',
    'gatehouse.dev/UpToDate=False/NoResources',
  ]);
});

test('a served ListenerSet stays programmed if a new listener is refused, or if the provider cannot be asked', () => {
  const more = {
    ...listener,
    name: 'team/more/next',
    port: 'http/8443' as const,
    ofSet: { listenerSet: set, section: 'next' },
  };
  const grown = { ...translation, listeners: [...translation.listeners, more] };
  const serving = { ...active, ports: new Set<PortKey>(['http/80', 'http/8080']) };
  const before = listenerSetStatus(undefined, set, outcome([], serving), 1, GOLDEN_NOW);
  const after = { ...outcome([], serving), findings: findingsOf(grown, [refusedAt('http/8443')], inventedWords) };
  const status = listenerSetStatus(before, set, after, 2, GOLDEN_NOW);
  expect(said(status.conditions)).toEqual([
    'Accepted=True/Accepted',
    'Programmed=True/Programmed',
    'gatehouse.dev/UpToDate=False/NoResources',
  ]);
  expect(status.listeners?.map(({ conditions }) => said(conditions)?.at(-1))).toEqual([
    'Programmed=True/Programmed',
    'Programmed=False/PortUnavailable',
  ]);
  const unseen = listenerSetStatus(before, set, unreadable, 1, GOLDEN_NOW);
  expect(said(unseen.conditions)).toEqual(said(before.conditions));
  expect(said(unseen.listeners?.[0]?.conditions)).toContain('Programmed=True/Programmed');
});

test('a listener without room has the reason TooManyListeners', () => {
  const status = listenerSetStatus(undefined, set, outcome([crowdedOut]), 1, GOLDEN_NOW);
  expect(said(status.listeners?.[0]?.conditions)).toContain('Accepted=False/TooManyListeners');
});

test('a ListenerSet keeps the conditions of other controllers', () => {
  const foreign = { type: 'Scanned', status: 'True', reason: 'Done', message: '', lastTransitionTime: '' } as const;
  const status = listenerSetStatus({ conditions: [foreign] }, set, outcome([]), 1, GOLDEN_NOW);
  expect(status.conditions).toContainEqual(foreign);
});
