// The names of Envoy's resources. They are stable: what has the same name is changed in place, without closing connections.
import type { PortKey } from '../../gateway/listener-protocols.ts';
import type { ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';

/** A cluster that never exists. The route says how its share is answered. */
export const INVALID_CLUSTER = 'invalid';

/** Envoy's listener of a port: `tcp/443` for the Gateway's listeners of HTTP, HTTPS, TLS and TCP; `udp/53` for UDP. */
export const envoyListenerName = ({ port, serves }: Pick<PortTopology, 'port' | 'serves'>): string =>
  `${serves.kind === 'udp' ? 'udp' : 'tcp'}/${port}`;

/** The listeners of an HTTP port share a table. Those of an HTTPS port have one each. */
export const routeTableName = (port: PortKey, listener?: Pick<ListenerTopology, 'name'>): string =>
  listener === undefined ? port : `${port}/${listener.name}`;

/** The CA certificates of these ConfigMaps. No name in Kubernetes has a colon. */
export const authoritiesName = (configMaps: readonly ObjectKey[]): string => `authorities:${configMaps.join(',')}`;

/**
 * A certificate of one listener: `shop/tls https`. Listeners share no name, because Envoy would check a shared certificate while
 * it adds the second listener. A bad certificate would then block all changes of the port.
 */
export const secretName = (secret: ObjectKey, { name }: Pick<ListenerTopology, 'name'>): string => `${secret} ${name}`;
