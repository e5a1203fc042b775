// Topologies for tests, with defaults for everything that a test does not set.

import type { HttpRouteMatch } from '../../../api/gateway-api.ts';
import type { LoadBalancerSettings } from '../../../api/load-balancer-configuration.ts';
import type { BackendService } from '../../../gateway/backend-service.ts';
import { ANY_REQUEST, requestMatches } from '../../../gateway/matches.ts';
import { compareStrings } from '../../../gateway/precedence.ts';
import type { RouteAction } from '../../../gateway/route-action.ts';
import { routeId } from '../../../gateway/route-id.ts';
import type {
  ListenerTopology,
  PortTopology,
  RequestMatch,
  RouteEntry,
  RouteTopology,
} from '../../../gateway/topology.ts';
import { type ObjectKey, objectKey } from '../../../kube/object.ts';
import type { AwsTopology } from '../../translation.ts';
import { stableJson } from '../hash.ts';
import { DEFAULT_QUOTAS, type ModelOptions } from '../options.ts';

export const options: ModelOptions = { clusterName: 'blue', clusterUid: 'uid-1', quotas: DEFAULT_QUOTAS };

export const settings: LoadBalancerSettings = {
  scheme: 'internal',
  ipAddressType: 'ipv4',
  sourceRanges: ['0.0.0.0/0'],
  targetType: 'ip',
  sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
  loadBalancerAttributes: {},
  targetGroupAttributes: {},
  tags: {},
};

export function backend(name: string, more: Partial<BackendService> = {}): BackendService {
  const service = objectKey({ namespace: 'shop', name });
  return { service, port: 80, portName: '', local: false, families: ['IPv4'], ...more };
}

export function forward(...names: readonly string[]): Extract<RouteAction, { kind: 'forward' }> {
  return {
    kind: 'forward',
    backends: names.map((name, index) => ({ service: backend(name), weight: 1, index })),
  };
}

/** What a route is to do on a port: several of one route and rule are its matches, or its hostnames. */
export interface EntrySketch extends Omit<RouteEntry, 'source'> {
  readonly source: Extract<RouteEntry['source'], { kind: 'rule' }>;
  readonly created?: string;
}

/** As a route has it. */
export const requestMatch = (written: HttpRouteMatch = {}): RequestMatch =>
  requestMatches({ matches: [written] })[0] ?? ANY_REQUEST;

interface EntryOptions extends Partial<Omit<EntrySketch, 'match'>> {
  readonly match?: HttpRouteMatch;
  readonly rule?: number;
  readonly route?: string;
}

export function entry({ rule = 0, route = 'api', match, ...rest }: EntryOptions = {}): EntrySketch {
  return {
    listener: 'http',
    match: requestMatch(match),
    source: {
      kind: 'rule',
      route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: route }) },
      rule,
      match: 0,
    },
    action: forward('api'),
    ...rest,
  };
}

export function listener(name: string, more: Partial<ListenerTopology> = {}): ListenerTopology {
  return { name, certificates: [], tlsOptions: {}, routes: [], ...more };
}

export interface PortSketch extends PortTopology {
  readonly entries: readonly EntrySketch[];
}

interface PortOptions extends Partial<PortTopology> {
  readonly protocol?: 'HTTP' | 'HTTPS';
}

export function httpPort(
  entries: readonly EntrySketch[],
  { protocol = 'HTTP', ...more }: PortOptions = {},
): PortSketch {
  return {
    port: 80,
    serves: { kind: 'http', tls: protocol === 'HTTPS' },
    listeners: [listener('http')],
    entries,
    ...more,
  };
}

export function topology(ports: readonly PortSketch[], more: Partial<LoadBalancerSettings> = {}): AwsTopology {
  return {
    gateway: objectKey({ namespace: 'shop', name: 'web' }),
    settings: { ...settings, ...more },
    planes: ['alb'],
    ports: ports.map(({ entries, listeners, ...port }) => ({ ...port, listeners: listeners.map(attached(entries)) })),
    routes: routesOf(ports.flatMap(({ entries }) => entries)),
  };
}

const keyOf = ({ source }: EntrySketch): ObjectKey => source.route.key;

const attached =
  (entries: readonly EntrySketch[]) =>
  (each: ListenerTopology): ListenerTopology => {
    const own = entries.filter(({ listener: name }) => name === each.name);
    return { ...each, routes: [...new Set(own.map(({ source }) => routeId(source.route)))].toSorted(compareStrings) };
  };

const routesOf = (entries: readonly EntrySketch[]): readonly RouteTopology[] =>
  [...Map.groupBy(entries, keyOf)]
    .toSorted(([a], [b]) => compareStrings(a, b))
    .map(([key, own]) => {
      const hosts = new Set(own.map(({ hostname }) => hostname));
      const created = own.find((each) => each.created !== undefined)?.created;
      return {
        route: { kind: 'HTTPRoute', key },
        ...(created !== undefined && { created }),
        hostnames: [...hosts].flatMap((hostname) => (hostname === undefined || hosts.has(undefined) ? [] : hostname)),
        rules: rulesOf(own),
      };
    });

const rulesOf = (entries: readonly EntrySketch[]): RouteTopology['rules'] =>
  [...Map.groupBy(entries, ({ source }) => source.rule)]
    .toSorted(([a], [b]) => a - b)
    .map(([rule, own]) => ({
      rule,
      matches: [...new Map(own.map(({ match }) => [stableJson(match), match])).values()],
      action: own[0]?.action ?? forward('api'),
      backends: [],
    }));
