import type { Resource } from '../snapshot.ts';
import type {
  FilterChainSchema,
  ListenerFilterSchema,
} from '../xds/envoy/config/listener/v3/listener_components_pb.ts';
import type { Init } from './messages.ts';
import type { PortTables } from './route-tables.ts';

/** What one port of the topology adds to Envoy's listener of the port number. */
export interface PortParts {
  /** For connections. */
  readonly chains: readonly Init<typeof FilterChainSchema>[];
  /** For datagrams. */
  readonly filters: readonly Init<typeof ListenerFilterSchema>[];
  readonly tables: readonly Resource[];
  /** For the next model of the port. */
  readonly made?: PortTables;
}
