import { expect, test } from 'vitest';
import type { RouteEntry } from '../../gateway/topology.ts';
import { buildModel } from './build.ts';
import type { ModelQuotas } from './options.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import { entry, forward, httpPort, options, topology } from './sample.ts';

const isolate = (hostname: string) =>
  entry({ listener: 'shop', hostname, source: { kind: 'isolate' }, action: { kind: 'respond', statusCode: 404 } });
const ruleIds = (entries: readonly RouteEntry[], quotas: Partial<ModelQuotas> = {}): readonly string[] =>
  (
    buildModel(topology([httpPort(entries)]), PLACEHOLDER_NETWORK, {
      ...options,
      quotas: { ...options.quotas, ...quotas },
    }).model?.resources ?? []
  )
    .filter(({ kind }) => kind === 'rule')
    .map(({ id }) => id.replace('rule/internal/80/', '').replace(/isolate\/.*/, 'isolate'));

test("a listener's 404 costs no rule while a route of its own answers all of its requests", () => {
  const own = entry({ listener: 'shop', hostname: 'shop.com', route: 'shop', action: forward('shop') });
  const all = entry({ route: 'all' });
  expect(ruleIds([own, isolate('shop.com'), all])).toEqual(['shop/shop/0/0', 'shop/all/0/0']);
  const partial = { ...own, match: { path: { type: 'PathPrefix', value: '/api' } } } as const;
  expect(ruleIds([partial, isolate('shop.com'), all])).toEqual(['shop/shop/0/0', 'isolate', 'shop/all/0/0']);
});

test('a listener whose route does not fit answers 404, and not as a less specific listener does', () => {
  const later = { ...entry().source, created: '2026-02-02T00:00:00Z' };
  const young = entry({ listener: 'shop', hostname: 'shop.com', action: forward('shop'), source: later });
  const old = entry({ route: 'all', rule: 1, action: forward('all') });
  expect(ruleIds([young, isolate('shop.com'), old], { rulesPerLoadBalancer: 2 })).toEqual([
    'shop/api/0/0',
    'shop/all/1/0',
  ]);
  expect(ruleIds([young, isolate('shop.com'), old], { targetGroupsPerLoadBalancer: 1 })).toEqual([
    'isolate',
    'shop/all/1/0',
  ]);
});
