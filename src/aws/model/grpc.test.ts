import { expect, test } from 'vitest';
import { GOLDEN_DEFAULTS, loadCases } from '../../testing/golden.ts';
import { translateForAws } from '../translation.ts';
import { buildModel } from './build.ts';
import { modelContext } from './context.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import type { RuleResource } from './resources.ts';
import { targetGroup } from './target-groups.ts';
import { firstMatch } from './testing/reference-alb.ts';
import { backend, options, topology } from './testing/sample.ts';

/** The rules of a golden case, by what they match, and in the order in which an ALB looks at them. */
function rulesOf(name: string): readonly (RuleResource['spec'] & { readonly id: string })[] {
  const inputs = loadCases('grpc').find((each) => each.name === `grpc/${name}`)?.inputs ?? [];
  const topologies = inputs.flatMap((input) => translateForAws(input, GOLDEN_DEFAULTS).topology ?? []);
  return topologies
    .flatMap((each) => buildModel(each, PLACEHOLDER_NETWORK, options).model?.resources ?? [])
    .flatMap((resource) => (resource.kind === 'rule' ? { id: resource.id, ...resource.spec } : []));
}

const asked = (name: string, host: string, path: string, headers: Readonly<Record<string, string>>) =>
  firstMatch(rulesOf(name), { method: 'POST', host, path, headers, query: [] })?.id;

test.each([
  ['/shop.v1.Orders/Create', {}, 'GRPCRoute/shop/orders/create/1'],
  ['/shop.v1.Orders/Create', { version: '2', tenant: 'abc' }, 'GRPCRoute/shop/orders/create/0'],
  ['/shop.v1.Orders/Create', { version: '2', tenant: 'xyz' }, 'GRPCRoute/shop/orders/create/1'],
  ['/shop.v1.Orders/Get', {}, 'GRPCRoute/shop/older/0/0'],
  ['/shop.v2.Users/List', {}, 'GRPCRoute/shop/orders/4/0'],
  ['/shop.v2.Users/Lists', {}, 'GRPCRoute/shop/orders/0/0'],
  ['/grpc.health/Health', {}, 'GRPCRoute/shop/orders/3/0'],
])('a gRPC call of %s with %o is answered by %s', (path, headers, rule) => {
  const all = { 'content-type': 'application/grpc', ...headers };
  expect(asked('matching', 'grpc.example.com', path, all)).toBe(`rule/internal/443/${rule}`);
});

test.each([
  ['application/grpc', 'GRPCRoute/shop/api/0/0'],
  ['application/grpc+proto', 'GRPCRoute/shop/api/0/0'],
  ['Application/gRPC; charset=utf-8', 'GRPCRoute/shop/api/0/0'],
  ['application/grpc-web', 'shop/api/0/0'],
  ['application/json', 'shop/api/0/0'],
])('of an HTTPRoute and a GRPCRoute with one host, a request of type %s is answered by %s', (contentType, rule) => {
  const headers = { 'content-type': contentType };
  expect(asked('beside-http', 'api.example.com', '/shop.v1.Orders/Create', headers)).toBe(`rule/internal/443/${rule}`);
});

test('a Service behind an HTTPRoute and a GRPCRoute has a target group for each', () => {
  const context = modelContext(topology([]), PLACEHOLDER_NETWORK, options);
  const [http, grpc] = [backend('api'), backend('api', { grpc: true })].map((each) => targetGroup(context, each));
  expect([http?.spec.protocolVersion, grpc?.spec.protocolVersion]).toEqual(['HTTP1', 'GRPC']);
  expect(http?.id).not.toBe(grpc?.id);
  // An HTTPRoute whose Service says `grpc` shares that of the GRPCRoute.
  expect(targetGroup(context, backend('api', { appProtocol: 'grpc' }))).toEqual(grpc);
});

test('kube-proxy speaks no gRPC: nodes with a local endpoint are checked at the node port itself', () => {
  const context = modelContext(topology([], { targetType: 'instance' }), PLACEHOLDER_NETWORK, options);
  const local = { nodePort: 30_080, local: true, healthCheckNodePort: 31_000 };
  expect(targetGroup(context, backend('api', { ...local, grpc: true })).spec.healthCheck).toMatchObject({
    path: '/AWS.ALB/healthcheck',
    port: 'traffic-port',
    matcher: { grpcCode: '0-12' },
  });
  expect(targetGroup(context, backend('api', { ...local, appProtocol: 'https' })).spec.healthCheck).toMatchObject({
    protocol: 'HTTP',
    path: '/healthz',
    port: '31000',
  });
});
