// Evaluates listeners and route tables as Envoy documents it. Tests compare with it. It is slow and simple, and knows only what the
// model uses.
import { fromBinary } from '@bufbuild/protobuf';
import { RE2JS } from 're2js';
import type { SampleRequest } from '../../../gateway/testing/reference.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type FilterChain } from '../../xds/envoy/config/listener/v3/listener_components_pb.ts';
import { ListenerSchema } from '../../xds/envoy/config/listener/v3/listener_pb.ts';
import type {
  RedirectAction,
  Route,
  RouteAction,
  RouteMatch,
  VirtualHost,
} from '../../xds/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../../xds/envoy/config/route/v3/route_pb.ts';
import type { StringMatcher } from '../../xds/envoy/type/matcher/v3/string_pb.ts';

/** The name of the filter chain, which is also its table's. Undefined if Envoy closes the connection. */
export function chainFor(
  { listeners }: Pick<Snapshot, 'listeners'>,
  listener: string,
  serverName: string | undefined,
): string | undefined {
  const bytes = listeners.get(listener)?.bytes;
  const chains = bytes === undefined ? [] : fromBinary(ListenerSchema, bytes).filterChains;
  return mostSpecific(chains, namesOf, serverName?.toLowerCase() ?? '')?.name;
}

const namesOf = ({ filterChainMatch }: FilterChain): readonly string[] => {
  const names = filterChainMatch?.serverNames ?? [];
  return names.length === 0 ? ['*'] : names;
};

/** Exact first, then the longest wildcard. `*` is all the rest. */
function mostSpecific<T>(all: readonly T[], patternsOf: (each: T) => readonly string[], host: string): T | undefined {
  const labels = host.split('.');
  const wanted = [host, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`), '*'];
  for (const pattern of wanted) {
    const found = all.find((each) => patternsOf(each).includes(pattern));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The route that answers. Undefined for 404. */
export function routeFor(
  { routes }: Pick<Snapshot, 'routes'>,
  table: string,
  request: SampleRequest,
): Route | undefined {
  const bytes = routes.get(table)?.bytes;
  if (bytes === undefined) throw new Error(`There is no table ${table}`);
  const { virtualHosts, ignorePortInHostMatching } = fromBinary(RouteConfigurationSchema, bytes);
  const host = request.host.toLowerCase();
  const plain = ignorePortInHostMatching ? host.replace(/:\d+$/, '') : host;
  const chosen = mostSpecific(virtualHosts, ({ domains }: VirtualHost) => domains, plain);
  return chosen?.routes.find(({ match }) => match !== undefined && holds(match, request));
}

function holds({ pathSpecifier, headers, queryParameters, grpc }: RouteMatch, request: SampleRequest): boolean {
  const values: Readonly<Record<string, string>> = { ...request.headers, ':method': request.method };
  return (
    pathHolds(pathSpecifier, request.path) &&
    headers.every(({ name, headerMatchSpecifier }) => valueHolds(headerMatchSpecifier, values[name])) &&
    queryParameters.every((each) => valueHolds(each.queryParameterMatchSpecifier, request.query[each.name])) &&
    (grpc === undefined || request.headers['content-type'] === 'application/grpc')
  );
}

function pathHolds(specifier: RouteMatch['pathSpecifier'], path: string): boolean {
  switch (specifier.case) {
    case 'path':
      return path === specifier.value;
    case 'prefix':
      return path.startsWith(specifier.value);
    case 'pathSeparatedPrefix':
      return path === specifier.value || path.startsWith(`${specifier.value}/`);
    case 'safeRegex':
      return RE2JS.matches(specifier.value.regex, path);
    case 'connectMatcher':
    case 'pathMatchPolicy':
    case undefined:
      throw new Error(`The model does not use ${specifier.case}`);
    default:
      return specifier satisfies never;
  }
}

function valueHolds(
  specifier: { readonly case: string | undefined; readonly value?: unknown },
  value: string | undefined,
) {
  if (specifier.case !== 'stringMatch') throw new Error(`The model does not use ${specifier.case}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the case says it
  const { matchPattern } = specifier.value as StringMatcher;
  if (value === undefined) return false;
  if (matchPattern.case === 'exact') return value === matchPattern.value;
  if (matchPattern.case === 'safeRegex') return RE2JS.matches(matchPattern.value.regex, value);
  throw new Error(`The model does not use ${matchPattern.case}`);
}

/** The path that the backend gets. @param matched the prefix that the route matches */
export function rewrittenPath({ prefixRewrite, regexRewrite }: RouteAction, match: RouteMatch, path: string): string {
  if (regexRewrite !== undefined) return replaced(regexRewrite.pattern?.regex, regexRewrite.substitution, path);
  return prefixRewrite === '' ? path : prefixRewrite + path.slice(prefixOf(match).length);
}

const prefixOf = ({ pathSpecifier: { case: kind, value } }: RouteMatch): string =>
  (kind === 'prefix' || kind === 'pathSeparatedPrefix') && typeof value === 'string' ? value : '';

const replaced = (regex = '', substitution: string, path: string): string =>
  path.replaceAll(new RegExp(regex, 'g'), () => substitution.replaceAll('\\\\', '\\'));

/** The Location header. */
export function locationOf(
  { schemeRewriteSpecifier: scheme, hostRedirect, portRedirect, pathRewriteSpecifier: change }: RedirectAction,
  match: RouteMatch,
  { host, path, from }: { readonly host: string; readonly path: string; readonly from: 'http' | 'https' },
): string {
  const toScheme = scheme.case === 'schemeRedirect' ? scheme.value : from;
  const port = portRedirect === 0 ? '' : `:${portRedirect}`;
  const toHost = hostRedirect === '' ? host : hostRedirect;
  return `${toScheme}://${port === '' ? toHost : toHost.replace(/:\d+$/, '')}${port}${pathOf()}`;

  function pathOf(): string {
    switch (change.case) {
      case undefined:
        return path;
      case 'pathRedirect':
        return change.value;
      case 'prefixRewrite':
        return change.value + path.slice(prefixOf(match).length);
      case 'regexRewrite':
        return replaced(change.value.pattern?.regex, change.value.substitution, path);
      case 'pathRewrite':
        throw new Error(`The model does not use ${change.case}`);
      default:
        return change satisfies never;
    }
  }
}
