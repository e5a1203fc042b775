// The findings of an invented provider reach conditions, and no condition mentions AWS.

import { expect, test } from 'vitest';
import type { Gateway, HttpRoute, ListenerSet } from '../api/gateway-api.ts';
import type { Problem } from '../aws/problem.ts';
import { translateForAws } from '../aws/translation.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { Problem as ApiProblem } from '../gateway/problem.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import { objectKey } from '../kube/object.ts';
import {
  type Finding,
  type GatewayEffect,
  type ListenerEffect,
  ofGateway,
  ofListener,
  ofListenerSet,
  ofParent,
  ofRule,
  type RuleEffect,
} from '../provider/finding.ts';
import { hindrance, inventedWords } from '../provider/testing/invented.ts';
import { GOLDEN_DEFAULTS, GOLDEN_NOW, loadCases } from '../testing/golden.ts';
import { apiFinding } from './api-findings.ts';
import { findingsOf } from './findings.ts';
import { attachedRoutes, gatewayStatus, removalStatus } from './gateway-status.ts';
import { listenerSetStatus, orphanStatus, undecidedStatus } from './listener-set-status.ts';
import { routeParents } from './route-status.ts';
import type { Provisioned } from './serving.ts';

const ofAws =
  /\bAWS\b|\bACM\b|\bALBs?\b|\barn\b|\bVPC\b|Amazon|Application Load|Elastic|security group|subnet|target group/i;

const gateway: Gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web', generation: 1 },
  spec: { gatewayClassName: 'lighthouse', listeners: [] },
};
const listenerSet: ListenerSet = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ListenerSet',
  metadata: { namespace: 'shop', name: 'more', generation: 1 },
  spec: { parentRef: { name: 'web' }, listeners: [] },
};
const route: HttpRoute = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'site', generation: 1 },
  spec: { parentRefs: [{ name: 'web' }] },
};
const key = objectKey(gateway.metadata);
const set = objectKey(listenerSet.metadata);
const routeRef = { kind: 'HTTPRoute', key: objectKey(route.metadata) } as const;
const parentRef = { name: 'web' };

const listener = (name: string, port: PortKey): ListenerResult => ({ name, port, supportedKinds: [], valid: true });
const own = listener('http', 'http/80');
const ofSet: ListenerResult = {
  ...listener('shop/more/http', 'http/8080'),
  ofSet: { listenerSet: set, section: 'http' },
};
const attachment = { route: routeRef, parentRef, generation: 1, listeners: ['http'], rules: 2 };

const gatewayEffects: { readonly [Kind in GatewayEffect['kind']]: Extract<GatewayEffect, { kind: Kind }> } = {
  refused: { kind: 'refused', accepted: 'UnsupportedAddress' },
  hindrance: { kind: 'hindrance', programmed: 'NoResources', upToDate: 'LampOut', concerns: 'everything' },
  insecure: { kind: 'insecure' },
  remark: { kind: 'remark' },
};
const listenerEffects: { readonly [Kind in ListenerEffect['kind']]: Extract<ListenerEffect, { kind: Kind }> } = {
  unsupported: { kind: 'unsupported', reason: 'UnsupportedProtocol' },
  conflict: { kind: 'conflict', reason: 'HostnameConflict' },
  'no-room': { kind: 'no-room', lack: 'port' },
  unresolved: { kind: 'unresolved', reason: 'InvalidCertificateRef' },
  overlap: { kind: 'overlap' },
  remark: { kind: 'remark' },
};
const ruleEffects: { readonly [Kind in RuleEffect['kind']]: Extract<RuleEffect, { kind: Kind }> } = {
  unresolved: { kind: 'unresolved', reason: 'BackendNotFound' },
  unreachable: { kind: 'unreachable', reason: 'ShipsInFog' },
  dropped: { kind: 'dropped', reason: 'UnsupportedValue' },
  kept: { kind: 'kept' },
  outdated: { kind: 'outdated', reason: 'LampOut' },
  remark: { kind: 'remark' },
};

const said = (text: string): string => `The keeper says ${text}.`;
const rulePlace = { kind: 'any', route: routeRef, rule: 0, field: 'matches' };
const listenerPlaces = [own, ofSet].map(({ name }) => ({ kind: 'any', listener: name, field: 'port' }));
const findings: readonly Finding[] = [
  ...Object.values(gatewayEffects).map((effect) => ofGateway({ kind: 'any' }, said(effect.kind), effect)),
  hindrance(said('fog'), { concerns: 'clients' }),
  hindrance(said('wait'), { passing: true }),
  ...(['http/80', 'http/8080'] as const).map((port) =>
    hindrance(said(`no lamp at ${port}`), { concerns: { ports: [port] } }),
  ),
  ...Object.values(listenerEffects).flatMap((effect) =>
    listenerPlaces.map((place) => ofListener(place, said(effect.kind), effect)),
  ),
  ofListenerSet({ kind: 'any', listenerSet: set }, said('no'), 'NotAllowed'),
  ofParent(
    { kind: 'any', route: routeRef, parentRef },
    said('unread'),
    { reason: 'UnsupportedValue', unread: true },
    '',
  ),
  ...Object.values(ruleEffects).map((effect) => ofRule(rulePlace, said(effect.kind), effect)),
];

const dark: Provisioned = {
  addresses: [],
  ports: new Set(),
  admits: false,
  waiting: 'It is being built.',
  complete: false,
};
const states: readonly (Provisioned | undefined)[] = [
  undefined,
  dark,
  { ...dark, ports: new Set<PortKey>(['http/80']), waiting: '' },
  { ...dark, ports: new Set<PortKey>(['http/80', 'http/8080']), waiting: '' },
  { ...dark, ports: new Set<PortKey>(['http/80', 'http/8080']), waiting: '', admits: true, complete: true },
];

interface Conditioned {
  readonly conditions?: readonly { readonly message: string }[];
}

/** The messages of all conditions, both of objects that are new and of objects that served before. */
function messages(found: readonly Finding[], provisioned: Provisioned | undefined): readonly string[] {
  const all = findingsOf({ listeners: [own, ofSet], attachments: [attachment] }, found, inventedWords);
  const outcome = { findings: all, attachedRoutes: attachedRoutes(all), provisioned, overdue: true };
  const ofRoute = {
    gateway: key,
    listenerSets: new Set([set]),
    controllerName: 'example.com/light',
    attachments: [attachment],
    findings: all,
  };
  const ended = findingsOf({ listeners: [own, ofSet], attachments: [attachment] }, [], inventedWords);
  const well = { ...outcome, findings: ended, provisioned: states.at(-1) };
  const good = gatewayStatus(undefined, { ...well, generation: 1 }, GOLDEN_NOW);
  const goodSet = listenerSetStatus(undefined, set, well, 1, GOLDEN_NOW);
  const parents = routeParents(route, ofRoute, GOLDEN_NOW);
  const statuses = [undefined, good].map((before) => gatewayStatus(before, { ...outcome, generation: 1 }, GOLDEN_NOW));
  const setStatuses = [undefined, goodSet].map((before) => listenerSetStatus(before, set, outcome, 1, GOLDEN_NOW));
  const removal = { found, overdue: true, words: inventedWords };
  const conditioned: readonly Conditioned[] = [
    ...[good, ...statuses, goodSet, ...setStatuses].flatMap((status) => [status, ...(status.listeners ?? [])]),
    removalStatus(gateway, removal, GOLDEN_NOW),
    orphanStatus(listenerSet, GOLDEN_NOW),
    undecidedStatus(listenerSet, GOLDEN_NOW),
    ...parents,
    ...routeParents({ ...route, status: { parents } }, { ...ofRoute, findings: ended }, GOLDEN_NOW),
  ];
  return conditioned.flatMap(({ conditions = [] }) => conditions.map(({ message }) => message));
}

test('every finding of an invented provider reaches a condition in its own words, and no condition mentions AWS', () => {
  for (const finding of findings) {
    const all = states.flatMap((provisioned) => messages([finding], provisioned));
    expect(all.some((message) => message.includes(finding.words))).toBe(true);
    for (const message of all) expect(message).not.toMatch(ofAws);
  }
});

test('an invented provider has its own words for what exists, what is missing and what a removal waits for', () => {
  const all = states.flatMap((provisioned) => messages([], provisioned));
  const { standingUnread, upToDate, removing, shut } = inventedWords;
  const expected = [standingUnread, upToDate, removing, shut('it'), shut('"http"')];
  expect(expected.filter((words) => !all.some((message) => message.includes(words)))).toEqual([]);
});

/** Excludes problems with words of the provider, and problems of objects that only AWS's golden cases have. */
const isOfApi = (problem: Problem): problem is ApiProblem =>
  !/^(certificate-arn|backend-without|parameters|listener-pair)\b/.test(problem.kind);

test("messages of the Gateway API's problems name what the provider supports, and never AWS", () => {
  const problems = loadCases()
    .flatMap(({ inputs }) => inputs)
    .flatMap((input) => translateForAws(input, GOLDEN_DEFAULTS).problems)
    .filter(isOfApi);
  expect(new Set(problems.map(({ kind }) => kind)).size).toBeGreaterThan(30);
  const sentences = problems.map((problem) => apiFinding(problem, inventedWords).words);
  for (const words of sentences) expect(words).not.toMatch(ofAws);
  expect(sentences.join(' ')).toMatch(/Use HTTP or TCP\..*a lighthouse/s);
});
