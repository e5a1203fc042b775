// Topologies for the tests of any plane.

import { objectKey } from '../../kube/object.ts';
import type { BackendService, BackendTls } from '../backend-service.ts';
import { ANY_REQUEST } from '../matches.ts';
import type { RouteAction } from '../route-action.ts';
import { routeId } from '../route-id.ts';
import { forwardTo as actionTo } from '../rules.ts';
import type { ListenerTopology, PortTopology, RequestMatch, RouteTopology, Topology } from '../topology.ts';

export const service = (name: string, more: Partial<BackendService> = {}): BackendService => ({
  service: objectKey({ namespace: 'shop', name }),
  port: 80,
  portName: '',
  local: false,
  families: ['IPv4'],
  ...more,
});

/** TLS to a backend whose certificate ConfigMap `shop/ca` vouches for. @param policy the name of the BackendTLSPolicy */
export const backendTls = (policy: string, more: Partial<BackendTls> = {}): BackendTls => ({
  policy: objectKey({ namespace: 'shop', name: policy }),
  serverName: 'app.example.com',
  names: [{ kind: 'dns', value: 'app.example.com' }],
  authorities: { kind: 'config-maps', configMaps: [objectKey({ namespace: 'shop', name: 'ca' })] },
  ...more,
});

export const forwardTo = (name: string): RouteAction => ({
  kind: 'forward',
  backends: [{ service: service(name), weight: 1, index: 0 }],
});

export interface RuleSketch {
  readonly matches?: readonly Partial<RequestMatch>[];
  readonly action?: RouteAction;
}

/** A rule's action forwards to the Service `ROUTE-RULE`, if nothing else is said. */
export const route = (
  name: string,
  rules: readonly RuleSketch[],
  more: Partial<RouteTopology> = {},
): RouteTopology => ({
  route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name }) },
  hostnames: [],
  rules: rules.map((sketch, rule) => {
    const { matches = [{}], action = forwardTo(`${name}-${rule}`) } = sketch;
    return {
      rule,
      matches: matches.map((match) => ({ ...ANY_REQUEST, ...match })),
      action,
      backends: action.kind === 'forward' ? action.backends : [],
    };
  }),
  ...more,
});

/** The Secret of all HTTPS listeners. */
export const certificate = objectKey({ namespace: 'shop', name: 'tls' });

/**
 * A TLSRoute, TCPRoute or UDPRoute.
 * @param weights by the Service's name. `invalid` stands for a backend without a Service
 * @param tls by the Service's name
 */
export const connectionRoute = (
  kind: 'TLSRoute' | 'TCPRoute' | 'UDPRoute',
  name: string,
  weights: Readonly<Record<string, number>>,
  more: Partial<RouteTopology> = {},
  tls: Readonly<Record<string, BackendTls>> = {},
): RouteTopology => {
  const backends = Object.entries(weights).map(([each, weight], index) => ({
    ...(each !== 'invalid' && {
      service: service(each, {
        ...(kind === 'UDPRoute' && { transport: 'UDP' }),
        ...(tls[each] && { tls: tls[each] }),
      }),
    }),
    weight,
    index,
  }));
  const ref = { kind, key: objectKey({ namespace: 'shop', name }) };
  return {
    route: ref,
    hostnames: [],
    rules: [{ rule: 0, matches: [], action: actionTo({ backends }, ref), backends }],
    ...more,
  };
};

type ListenerSketch = Pick<ListenerTopology, 'name'> & Partial<ListenerTopology>;

/** The routes are attached to all listeners, unless a listener says to which. */
export function portOf(
  { port, serves }: Pick<PortTopology, 'port' | 'serves'>,
  listeners: readonly ListenerSketch[],
  routes: readonly RouteTopology[],
): PortTopology {
  const summary = { fingerprint: '', key: { type: 'RSA', bits: 2048 }, domainNames: [], notAfter: '' } as const;
  return {
    port,
    serves,
    listeners: listeners.map((listener) => {
      const terminates = serves.kind === 'http' ? serves.tls : listener.tlsMode === 'Terminate';
      return {
        certificates: terminates ? [{ kind: 'secret', secret: certificate, certificate: summary }] : [],
        tlsOptions: {},
        routes: routes.map((each) => routeId(each.route)),
        ...listener,
      };
    }),
  };
}

export const topologyOf = (ports: readonly PortTopology[], routes: readonly RouteTopology[]): Topology => ({
  gateway: objectKey({ namespace: 'shop', name: 'web' }),
  ports,
  routes,
});

export const httpTopology = (
  listeners: readonly ListenerSketch[],
  routes: readonly RouteTopology[],
  { port = 80, tls = false }: { readonly port?: number; readonly tls?: boolean } = {},
): Topology => topologyOf([portOf({ port, serves: { kind: 'http', tls } }, listeners, routes)], routes);
