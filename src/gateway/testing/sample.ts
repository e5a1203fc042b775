// Topologies for the tests of any plane.

import { objectKey } from '../../kube/object.ts';
import { ANY_REQUEST } from '../matches.ts';
import { routeId } from '../route-id.ts';
import type {
  BackendService,
  ListenerTopology,
  RequestMatch,
  RouteAction,
  RouteTopology,
  Topology,
} from '../topology.ts';

export const service = (name: string, more: Partial<BackendService> = {}): BackendService => ({
  service: objectKey({ namespace: 'shop', name }),
  port: 80,
  portName: '',
  local: false,
  families: ['IPv4'],
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

/** The routes are attached to all listeners, unless a listener says to which. */
export function httpTopology(
  listeners: readonly (Pick<ListenerTopology, 'name'> & Partial<ListenerTopology>)[],
  routes: readonly RouteTopology[],
  { port = 80, tls = false }: { readonly port?: number; readonly tls?: boolean } = {},
): Topology {
  const summary = { fingerprint: '', key: { type: 'RSA', bits: 2048 }, domainNames: [], notAfter: '' } as const;
  return {
    gateway: objectKey({ namespace: 'shop', name: 'web' }),
    ports: [
      {
        port,
        serves: { kind: 'http', tls },
        listeners: listeners.map((listener) => ({
          certificates: tls ? [{ kind: 'secret', secret: certificate, certificate: summary }] : [],
          tlsOptions: {},
          routes: routes.map((each) => routeId(each.route)),
          ...listener,
        })),
      },
    ],
    routes,
  };
}
