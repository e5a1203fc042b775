// How Envoy terminates TLS of clients.
import type { ListenerTopology } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { FilterChainSchema } from '../xds/envoy/config/listener/v3/listener_components_pb.ts';
import { DownstreamTlsContextSchema } from '../xds/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { TIMEOUTS } from './edge.ts';
import { extension, FROM_ADS, type Init, seconds } from './messages.ts';
import { secretName } from './names.ts';

/** The part of a filter chain. @param alpnProtocols what Envoy speaks inside of TLS; empty if it does not know */
export const downstreamTls = (
  listener: ListenerTopology,
  alpnProtocols: readonly string[],
): Pick<Init<typeof FilterChainSchema>, 'transportSocket' | 'transportSocketConnectTimeout'> => ({
  transportSocket: extension('envoy.transport_sockets.tls', DownstreamTlsContextSchema, {
    commonTlsContext: {
      alpnProtocols: [...alpnProtocols],
      tlsCertificateSdsSecretConfigs: secretsOf(listener).map((secret) => ({
        name: secretName(secret, listener),
        sdsConfig: FROM_ADS,
      })),
    },
  }),
  transportSocketConnectTimeout: seconds(TIMEOUTS.tlsHandshake),
});

/** Also those that are unusable now: Envoy keeps the certificate that it has. */
export const secretsOf = ({ certificates }: ListenerTopology): readonly ObjectKey[] =>
  certificates.flatMap((each) => (each.kind === 'external' ? [] : each.secret));
