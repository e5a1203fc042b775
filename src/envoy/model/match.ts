// Which requests a route of Envoy matches.
import type { PathMatch, RequestMatch, ValueMatch } from '../../gateway/topology.ts';
import type { RouteMatchSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import type { StringMatcherSchema } from '../xds/envoy/type/matcher/v3/string_pb.ts';
import type { Init } from './messages.ts';
import { regexMatcher } from './regex.ts';

export const routeMatch = ({
  path,
  headers,
  queryParams,
  method,
  grpc,
}: RequestMatch): Init<typeof RouteMatchSchema> => ({
  pathSpecifier: pathSpecifier(path),
  headers: [
    ...(method === undefined ? [] : [{ type: 'Exact' as const, name: ':method', value: method }]),
    ...headers,
  ].map((header) => ({
    name: header.name,
    headerMatchSpecifier: { case: 'stringMatch' as const, value: stringMatcher(header) },
  })),
  queryParameters: queryParams.map((query) => ({
    name: query.name,
    queryParameterMatchSpecifier: { case: 'stringMatch' as const, value: stringMatcher(query) },
  })),
  ...(grpc !== undefined && { grpc: {} }),
});

function pathSpecifier({ type, value }: PathMatch): NonNullable<Init<typeof RouteMatchSchema>['pathSpecifier']> {
  switch (type) {
    case 'Exact':
      return { case: 'path', value };
    case 'PathPrefix':
      return value === '/' ? { case: 'prefix', value } : { case: 'pathSeparatedPrefix', value };
    case 'RegularExpression':
      return { case: 'safeRegex', value: regexMatcher(value) };
    default:
      return type satisfies never;
  }
}

const stringMatcher = ({ type, value }: ValueMatch): Init<typeof StringMatcherSchema> => ({
  matchPattern: type === 'Exact' ? { case: 'exact', value } : { case: 'safeRegex', value: regexMatcher(value) },
});
