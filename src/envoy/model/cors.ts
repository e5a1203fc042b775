// CORS: a filter of Envoy answers preflight requests, and says in each response which pages may read it.
import type { Cors, CorsOrigin, RouteAction } from '../../gateway/route-action.ts';
import type { RequestMatch } from '../../gateway/topology.ts';
import type { RouteMatchSchema, RouteSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { CorsPolicySchema } from '../xds/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import type { StringMatcherSchema } from '../xds/envoy/type/matcher/v3/string_pb.ts';
import { routeMatch } from './match.ts';
import { type Init, packed } from './messages.ts';
import { escapeRegex } from './regex.ts';

export const CORS_FILTER = 'envoy.filters.http.cors';

/** Of the backend's response. Only the filter says who may read it. */
const ofBackend = ['access-control-allow-credentials', 'access-control-allow-origin', 'access-control-expose-headers'];

/** The fields of a route. @param removed the headers that the route removes from responses anyway */
export const corsFields = (cors: Cors, removed: readonly string[]): Init<typeof RouteSchema> => ({
  typedPerFilterConfig: { [CORS_FILTER]: packed(CorsPolicySchema, policy(cors)) },
  responseHeadersToRemove: [...removed, ...ofBackend],
});

const policy = ({ origins, credentials, methods, headers, exposed, maxAge }: Cors): Init<typeof CorsPolicySchema> => ({
  allowOriginStringMatch: origins.map(originMatcher),
  allowCredentials: credentials,
  // Instead of `*`, the filter answers with what the browser asks for.
  allowMethods: methods.join(', '),
  allowHeaders: headers.join(', '),
  // Browsers read `*` as a name if there are credentials, and the Gateway API forbids it.
  exposeHeaders: exposed.filter((name) => !(credentials && name === '*')).join(', '),
  maxAge: String(maxAge),
  // The backend never decides about a page of another origin.
  forwardNotMatchingPreflights: false,
});

function originMatcher(origin: CorsOrigin): Init<typeof StringMatcherSchema> {
  const regex = originRegex(origin);
  if (regex !== undefined) return { matchPattern: { case: 'safeRegex', value: { regex } } };
  // The filter takes every origin if a matcher accepts `*`.
  return { matchPattern: { case: 'exact', value: origin.kind === 'any' ? '*' : written(origin, origin.host) } };
}

/** Undefined if the origin needs none. */
export function originRegex(origin: CorsOrigin): string | undefined {
  if (origin.kind === 'any') return undefined;
  const { host } = origin;
  if (host === '*') return written(origin, `(${labels}|${ipv6})`);
  return host.startsWith('*.') ? written(origin, labels + escapeRegex(host.slice(1))) : undefined;
}

const written = ({ scheme, port }: Extract<CorsOrigin, { kind: 'host' }>, host: string): string =>
  `${scheme}://${host}${port === undefined ? '' : `:${port}`}`;

/** One or more labels of a host name. */
const labels = '[-_.a-z0-9]+';
const ipv6 = String.raw`\[[0-9a-f:.]+\]`;

/** Whether preflight requests need a route of their own: their method is OPTIONS, and the match has another one. */
export const needsPreflight = ({ method }: Pick<RequestMatch, 'method'>, action: RouteAction): boolean =>
  method !== undefined &&
  method !== 'OPTIONS' &&
  action.kind === 'forward' &&
  [action, ...action.backends].some(({ cors }) => cors !== undefined);

/** The preflight requests before requests of this match. The filter passes on those with an empty header. */
export const preflightMatch = ({ method = '', ...match }: RequestMatch): Init<typeof RouteMatchSchema> =>
  routeMatch({
    ...match,
    method: 'OPTIONS',
    headers: [
      ...match.headers,
      { type: 'RegularExpression', name: 'origin', value: '.+' },
      { type: 'Exact', name: 'access-control-request-method', value: method },
    ],
  });
