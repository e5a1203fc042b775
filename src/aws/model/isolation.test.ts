import { expect, test } from 'vitest';
import { buildModel } from './build.ts';
import type { ModelQuotas } from './options.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import {
  type EntrySketch,
  entry,
  forward,
  httpPort,
  listener,
  options,
  requestMatch,
  topology,
} from './testing/sample.ts';

const listeners = [listener('http'), listener('shop', { hostname: 'shop.com' })];
const ruleIds = (entries: readonly EntrySketch[], quotas: Partial<ModelQuotas> = {}): readonly string[] =>
  (
    buildModel(topology([httpPort(entries, { listeners })]), PLACEHOLDER_NETWORK, {
      ...options,
      quotas: { ...options.quotas, ...quotas },
    }).model?.resources ?? []
  )
    .filter(({ kind }) => kind === 'rule')
    .map(({ id }) => id.replace('rule/internal/80/', '').replace(/isolate\/.*/, 'isolate'));

test("a listener's 404 costs no rule while a route of its own answers all of its requests", () => {
  const own = entry({ listener: 'shop', hostname: 'shop.com', route: 'shop', action: forward('shop') });
  const all = entry({ route: 'all' });
  expect(ruleIds([own, all])).toEqual(['shop/shop/0/0', 'shop/all/0/0']);
  const partial = { ...own, match: requestMatch({ path: { value: '/api' } }) };
  expect(ruleIds([partial, all])).toEqual(['shop/shop/0/0', 'isolate', 'shop/all/0/0']);
});

test('a listener whose route does not fit answers 404, and not as a less specific listener does', () => {
  const young = entry({
    listener: 'shop',
    hostname: 'shop.com',
    action: forward('shop'),
    created: '2026-02-02T00:00:00Z',
  });
  const old = entry({ route: 'all', rule: 1, action: forward('all') });
  expect(ruleIds([young, old], { rulesPerLoadBalancer: 2 })).toEqual(['shop/api/0/0', 'shop/all/1/0']);
  expect(ruleIds([young, old], { targetGroupsPerLoadBalancer: 1 })).toEqual(['isolate', 'shop/all/1/0']);
});
