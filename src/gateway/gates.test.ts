import { expect, test } from 'vitest';
import { isGate } from './gates.ts';
import type { ForwardFilters, TopologyBackend } from './route-action.ts';
import { service } from './testing/sample.ts';

const headers = { set: [], add: [], remove: ['x'] };
const cors = { origins: [], credentials: false, methods: [], headers: [], exposed: [], maxAge: 5 };

const forward = (filters: ForwardFilters = {}, ofBackend: Partial<TopologyBackend> = {}) => ({
  action: {
    kind: 'forward' as const,
    backends: [
      { service: service('a'), weight: 1, index: 0 },
      { service: service('b'), weight: 1, index: 1, ...ofBackend },
    ],
    ...filters,
  },
});

test('a rule that changes or answers requests is a gate', () => {
  expect(isGate({ action: { kind: 'respond', statusCode: 500 } })).toBe(true);
  expect(isGate({ action: { kind: 'redirect', redirect: { statusCode: 302 } } })).toBe(true);
});

test.each<[string, ForwardFilters]>([
  ['request headers', { requestHeaders: headers }],
  ['response headers', { responseHeaders: headers }],
  ['a rewrite', { rewrite: { hostname: 'a.com' } }],
  ['a CORS filter', { cors }],
])('a rule with %s is a gate, and so is one with a backend that has them', (_, filters) => {
  expect(isGate(forward(filters))).toBe(true);
  expect(isGate(forward({}, filters))).toBe(true);
});

test('a rule that redirects the share of a backend is a gate', () => {
  expect(isGate(forward({}, { redirect: { statusCode: 302 } }))).toBe(true);
});

test('a rule without a filter is no gate, and time limits, retries and copies are none', () => {
  const mirrors = [{ service: service('c'), numerator: 1, denominator: 1 }];
  expect(isGate(forward())).toBe(false);
  expect(isGate(forward({ timeouts: { request: 1 }, retry: { codes: [], attempts: 1 }, mirrors }))).toBe(false);
  expect(isGate(forward({}, { mirrors }))).toBe(false);
});
