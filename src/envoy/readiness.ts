// Whether the pod of an Envoy takes new connections. The pod's readiness probe is answered by this route table. So a new pod is
// ready only with its configuration, and a pod that is about to end leaves its Service before it loses its listeners.
import type { Init } from './model/messages.ts';
import { type Resource, resource } from './snapshot.ts';
import type { RouteSchema } from './xds/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from './xds/envoy/config/route/v3/route_pb.ts';

/** How near the end of its pod an Envoy is. */
export type Stage =
  | 'serving'
  /** The pod is not ready, and its listeners still serve. */
  | 'leaving'
  /** The Envoy has no listeners. It closes its connections when their requests are answered. */
  | 'draining';

/** The name of the table, and of the bootstrap's cluster that it refers to. */
export const READY_TABLE = 'ready';
export const ADMIN_CLUSTER = 'admin';

type RouteInit = Init<typeof RouteSchema>;

type Action = NonNullable<RouteInit['action']>;

const get = (path: string, action: Action): RouteInit => ({
  match: {
    pathSpecifier: { case: 'path', value: path },
    headers: [
      {
        name: ':method',
        headerMatchSpecifier: {
          case: 'stringMatch',
          value: { matchPattern: { case: 'exact', value: 'GET' } },
        },
      },
    ],
  },
  action,
});

const fromAdmin: Action = {
  case: 'route',
  value: { clusterSpecifier: { case: 'cluster', value: ADMIN_CLUSTER } },
};

const table = (ready: Action): Resource =>
  resource(RouteConfigurationSchema, READY_TABLE, {
    name: READY_TABLE,
    virtualHosts: [
      { name: READY_TABLE, domains: ['*'], routes: [get('/ready', ready), get('/stats/prometheus', fromAdmin)] },
    ],
  });

const ready = table(fromAdmin);
const leaving = table({ case: 'directResponse', value: { status: 503 } });

export const readyTable = (stage: Stage): Resource => (stage === 'serving' ? ready : leaving);
