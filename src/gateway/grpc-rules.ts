// The rules of a GRPCRoute: an HTTPRoute's, but for what they match.
import type { GrpcRoute, GrpcRouteMatch } from '../api/gateway-api.ts';
import { headerMatches } from './matches.ts';
import type { RouteContext } from './rule-context.ts';
import { resolveRule } from './rules.ts';
import type { GrpcMethod, PathMatch, RequestMatch, RuleTopology } from './topology.ts';

export function resolveGrpcRules(route: GrpcRoute, context: RouteContext): readonly RuleTopology[] {
  return (route.spec.rules ?? []).map((rule, index) => {
    const matches = rule.matches ?? [];
    return resolveRule(
      route,
      { ...rule, index },
      matches.length === 0 ? [grpcMatch({})] : matches.map(grpcMatch),
      context,
    );
  });
}

function grpcMatch({
  method: { type = 'Exact', service = '', method = '' } = {},
  headers = [],
}: GrpcRouteMatch): RequestMatch {
  const grpc: GrpcMethod = { type, ...(service !== '' && { service }), ...(method !== '' && { method }) };
  return { path: pathOf(grpc), headers: headerMatches(headers), queryParams: [], grpc };
}

/** gRPC over HTTP/2: "Path is a POST to /Service-Name/method-name". */
function pathOf({ type, service, method }: GrpcMethod): PathMatch {
  if (service === undefined && method === undefined) return { type: 'PathPrefix', value: '/' };
  if (type === 'Exact' && service !== undefined) {
    return method === undefined
      ? { type: 'PathPrefix', value: `/${service}` }
      : { type: 'Exact', value: `/${service}/${method}` };
  }
  // Neither a service nor a method has a slash. The names of an exact match have no other special character than a dot.
  const one = (name: string | undefined) => (name === undefined ? '[^/]+' : type === 'Exact' ? name : `(?:${name})`);
  return { type: 'RegularExpression', value: `^/${one(service)}/${one(method)}$` };
}
