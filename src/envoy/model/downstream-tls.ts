// How Envoy terminates TLS of clients.
import type { ClientValidation, ListenerTopology } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { FilterChainSchema } from '../xds/envoy/config/listener/v3/listener_components_pb.ts';
import { CertificateValidationContext_TrustChainVerification as Trust } from '../xds/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import {
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
} from '../xds/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { TIMEOUTS } from './edge.ts';
import { extension, FROM_ADS, type Init, seconds } from './messages.ts';
import { authoritiesName, secretName } from './names.ts';

/** The part of a filter chain. @param alpnProtocols what Envoy speaks inside of TLS; empty if it does not know */
export const downstreamTls = (
  listener: ListenerTopology,
  alpnProtocols: readonly string[],
): Pick<Init<typeof FilterChainSchema>, 'transportSocket' | 'transportSocketConnectTimeout'> => ({
  transportSocket: extension('envoy.transport_sockets.tls', DownstreamTlsContextSchema, {
    ...(listener.clients?.mode === 'required' && { requireClientCertificate: true }),
    commonTlsContext: {
      ...clientValidation(listener.clients),
      alpnProtocols: [...alpnProtocols],
      tlsCertificateSdsSecretConfigs: secretsOf(listener).map((secret) => ({
        name: secretName(secret, listener),
        sdsConfig: FROM_ADS,
      })),
    },
  }),
  transportSocketConnectTimeout: seconds(TIMEOUTS.tlsHandshake),
});

/** Without the requirement, a certificate that is not valid counts as none. */
function clientValidation(clients: ClientValidation | undefined): Init<typeof CommonTlsContextSchema> {
  if (clients === undefined) return {};
  const validationContextSdsSecretConfig = { name: authoritiesName(clients.configMaps), sdsConfig: FROM_ADS };
  const trustChainVerification = clients.mode === 'required' ? Trust.VERIFY_TRUST_CHAIN : Trust.ACCEPT_UNTRUSTED;
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: { defaultValidationContext: { trustChainVerification }, validationContextSdsSecretConfig },
    },
  };
}

/** The CA certificates that clients are checked with, by ConfigMaps. */
export const clientAuthoritiesOf = ({ clients }: ListenerTopology): readonly (readonly ObjectKey[])[] =>
  clients === undefined ? [] : [clients.configMaps];

/** Also those that are unusable now: Envoy keeps the certificate that it has. */
export const secretsOf = ({ certificates }: ListenerTopology): readonly ObjectKey[] =>
  certificates.flatMap((each) => (each.kind === 'external' ? [] : each.secret));
