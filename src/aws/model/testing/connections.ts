// Routes of connections, and their ports, for tests.
import type { RouteKind } from '../../../api/route-kinds.ts';
import type { RouteAction } from '../../../gateway/route-action.ts';
import { routeId } from '../../../gateway/route-id.ts';
import type { ListenerTopology, PortTopology, RouteTopology } from '../../../gateway/topology.ts';
import { objectKey } from '../../../kube/object.ts';
import { listener } from './sample.ts';

export const routeOf = (kind: RouteKind, name: string, action: RouteAction, more: Partial<RouteTopology> = {}) => ({
  route: { kind, key: objectKey({ namespace: 'shop', name }) },
  hostnames: [],
  rules: [{ rule: 0, matches: [], action, backends: [] }],
  ...more,
});

/** @param route attached to its one listener */
export const portOf = (
  kind: 'tcp' | 'udp',
  port: number,
  route?: RouteTopology,
  more: Partial<ListenerTopology> = {},
): PortTopology => ({
  port,
  serves: { kind },
  listeners: [listener(`${kind}-${port}`, { routes: route === undefined ? [] : [routeId(route.route)], ...more })],
});
