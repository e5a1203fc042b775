import { expect, test } from 'vitest';
import { GOLDEN_PROTOCOLS } from '../testing/golden.ts';
import { fromManifests } from './from-manifests.ts';
import { shadowedRules } from './shadowed.ts';
import { translate } from './translate.ts';

const gatewayApi = 'gateway.networking.k8s.io/v1';

interface RouteSketch {
  readonly name: string;
  readonly kind?: 'GRPCRoute';
  readonly hostnames?: readonly string[];
  readonly rules: readonly (readonly object[])[];
}

/** `by: rule, rule`, of all rules. */
function shadowed(routes: readonly RouteSketch[]): readonly string[] {
  const { inputs } = fromManifests(
    [
      {
        apiVersion: gatewayApi,
        kind: 'GatewayClass',
        metadata: { name: 'lb' },
        spec: { controllerName: 'gatehouse.dev/aws' },
      },
      {
        apiVersion: gatewayApi,
        kind: 'Gateway',
        metadata: { name: 'gw' },
        spec: { gatewayClassName: 'lb', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
      },
      ...routes.map(({ name, kind = 'HTTPRoute', hostnames, rules }, age) => ({
        apiVersion: gatewayApi,
        kind,
        metadata: { name, creationTimestamp: `2026-01-0${age + 1}T00:00:00Z` },
        spec: { parentRefs: [{ name: 'gw' }], hostnames, rules: rules.map((matches) => ({ matches })) },
      })),
    ],
    { now: 0 },
  );
  const topology = inputs[0] && translate(inputs[0], GOLDEN_PROTOCOLS).topology;
  if (topology === undefined) throw new Error('Expected a topology');
  const all = topology.routes.flatMap(({ route, rules }) => rules.map(({ rule }) => ({ route, rule })));
  const words = (each: (typeof all)[number]): string => `${each.route.key.split('/')[1]}/${each.rule}`;
  return shadowedRules(topology, all).map(({ by, ...rule }) => `${words(rule)}: ${by.map(words).join(', ')}`);
}

const path = (value: string, type = 'PathPrefix') => ({ path: { type, value } });

test('of two routes that say the same, the younger one never answers', () => {
  const rules = [[path('/shop')]];
  expect(
    shadowed([
      { name: 'old', rules },
      { name: 'young', rules },
    ]),
  ).toEqual(['young/0: old/0']);
});

test('a GRPCRoute takes nothing from an HTTPRoute of its host but calls, and of these a wider rule of its own takes all', () => {
  const orders = { method: { service: 'shop.Orders' } };
  expect(
    shadowed([
      { name: 'calls', kind: 'GRPCRoute', rules: [[], [orders]] },
      { name: 'all', rules: [[path('/')], [path('/shop.Orders')]] },
      { name: 'late', kind: 'GRPCRoute', rules: [[orders]] },
    ]),
  ).toEqual(['late/0: calls/1']);
});

test('a rule with a match that is left to it answers', () => {
  const young = [[path('/shop'), path('/cart')]];
  expect(
    shadowed([
      { name: 'old', rules: [[path('/shop')]] },
      { name: 'young', rules: young },
    ]),
  ).toEqual([]);
  const both = [[path('/shop')], [path('/cart')]];
  expect(
    shadowed([
      { name: 'old', rules: both },
      { name: 'young', rules: young },
    ]),
  ).toEqual(['young/0: old/0, old/1']);
});

test('a longer path, another host, a method and a header go first, and answer', () => {
  expect(
    shadowed([
      { name: 'all', rules: [[path('/')]] },
      { name: 'path', rules: [[path('/shop')]] },
      { name: 'host', hostnames: ['a.example.com'], rules: [[path('/')]] },
      { name: 'method', rules: [[{ ...path('/'), method: 'POST' }]] },
      { name: 'header', rules: [[{ ...path('/'), headers: [{ name: 'X-Beta', value: '1' }] }]] },
    ]),
  ).toEqual([]);
});

test('headers are compared without regard to case, and a regular expression by its text', () => {
  const header = (name: string) => [[{ ...path('/'), headers: [{ name, value: '1' }] }]];
  expect(
    shadowed([
      { name: 'old', rules: header('X-Beta') },
      { name: 'young', rules: header('x-beta') },
    ]),
  ).toEqual(['young/0: old/0']);
  const regex = [[path('/a.*', 'RegularExpression')]];
  expect(
    shadowed([
      { name: 'old', rules: regex },
      { name: 'young', rules: regex },
    ]),
  ).toEqual(['young/0: old/0']);
});

test('a rule of one host is not shadowed where it has another', () => {
  const rules = [[path('/')]];
  const old = { name: 'old', hostnames: ['a.example.com'], rules };
  expect(shadowed([old, { name: 'young', hostnames: ['a.example.com', 'b.example.com'], rules }])).toEqual([]);
  expect(shadowed([old, { name: 'young', hostnames: ['a.example.com'], rules }])).toEqual(['young/0: old/0']);
});

test('a match that stands twice in one rule shadows nothing', () => {
  expect(shadowed([{ name: 'one', rules: [[path('/'), path('/')]] }])).toEqual([]);
});
