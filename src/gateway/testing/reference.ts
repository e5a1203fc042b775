// Which rule answers a request, as the Gateway API says it: slow, simple, and without the entries that planes are made from.
import { compareSpecificity, covers, overlaps } from '../hostnames.ts';
import { type Candidate, comparePrecedence } from '../precedence.ts';
import { routeId } from '../route-id.ts';
import type {
  ListenerTopology,
  PathMatch,
  PortTopology,
  RequestMatch,
  RouteTopology,
  ValueMatch,
} from '../topology.ts';

export interface SampleRequest {
  readonly method: string;
  /** As the client sent it: any case, perhaps with a port. */
  readonly host: string;
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** The most specific listener that covers the host. */
export const listenerFor = (
  { listeners }: Pick<PortTopology, 'listeners'>,
  host: string,
): ListenerTopology | undefined =>
  listeners
    .filter(({ hostname }) => covers(hostname, host))
    .toSorted((a, b) => compareSpecificity(a.hostname, b.hostname))[0];

/** In lower case, and without the port. */
export const plainHost = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');

/** The rule that answers on the listener, or undefined for 404. */
export function answering(
  listener: ListenerTopology,
  routes: readonly RouteTopology[],
  request: SampleRequest,
): Candidate | undefined {
  const host = plainHost(request.host);
  return routes
    .filter(({ route }) => listener.routes.includes(routeId(route)))
    .flatMap((route) => candidates(listener, route, host))
    .filter(({ match }) => holds(match, request))
    .toSorted(comparePrecedence)[0];
}

function candidates(listener: ListenerTopology, route: RouteTopology, host: string): readonly Candidate[] {
  const hostnames = route.hostnames.length === 0 ? [undefined] : route.hostnames;
  return hostnames
    .filter((hostname) => overlaps(listener.hostname, hostname) && covers(hostname, host))
    .flatMap((routeHostname) =>
      route.rules.flatMap((rule) =>
        rule.matches.map((match, matchIndex) => ({
          routeHostname,
          match,
          creationTimestamp: route.created,
          route: route.route,
          ruleIndex: rule.rule,
          matchIndex,
        })),
      ),
    );
}

const holds = ({ path, headers, queryParams, method, grpc }: RequestMatch, request: SampleRequest): boolean =>
  pathHolds(path, request.path) &&
  headers.every((each) => valueHolds(each, request.headers)) &&
  queryParams.every((each) => valueHolds(each, request.query)) &&
  (method === undefined || method === request.method) &&
  (grpc === undefined || request.headers['content-type'] === 'application/grpc');

function pathHolds({ type, value }: PathMatch, path: string): boolean {
  switch (type) {
    case 'Exact':
      return path === value;
    case 'PathPrefix':
      return value === '/' || path === value || path.startsWith(`${value}/`);
    case 'RegularExpression':
      return new RegExp(value).test(path);
    default:
      return type satisfies never;
  }
}

function valueHolds({ type, name, value }: ValueMatch, values: Readonly<Record<string, string>>): boolean {
  const has = values[name];
  return has !== undefined && (type === 'Exact' ? has === value : new RegExp(value).test(has));
}
