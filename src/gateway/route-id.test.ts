import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { inventedWords } from '../provider/testing/invented.ts';
import { apiFinding } from '../status/api-findings.ts';
import { findingsOf } from '../status/findings.ts';
import { routeId } from './route-id.ts';

const key = objectKey({ namespace: 'shop', name: 'web' });

test('a route is known by its kind and its name, and an HTTPRoute by its name as in the tags of before', () => {
  expect(routeId({ kind: 'HTTPRoute', key })).toBe('shop/web');
  expect(routeId({ kind: 'GRPCRoute', key })).toBe('GRPCRoute/shop/web');
});

test('what is wrong with a GRPCRoute is not said of the HTTPRoute of its name', () => {
  const grpc = { kind: 'GRPCRoute', key } as const;
  const problem = { kind: 'backend-not-found', route: grpc, rule: 0, field: 'backendRefs[0]', service: key } as const;
  const findings = findingsOf({ listeners: [], attachments: [] }, [apiFinding(problem, inventedWords)], inventedWords);
  expect(findings.ofRoute(grpc)).toHaveLength(1);
  expect(findings.ofRoute({ kind: 'HTTPRoute', key })).toEqual([]);
});
