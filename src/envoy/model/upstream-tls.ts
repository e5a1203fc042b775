// TLS to backends: whom Envoy calls, and which certificates it accepts. An Envoy never falls back to plaintext.
import type { Authorities, BackendService, BackendTls, SubjectName } from '../../gateway/backend-service.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { type Resource, resource } from '../snapshot.ts';
import type { Cluster_TransportSocketMatchSchema } from '../xds/envoy/config/cluster/v3/cluster_pb.ts';
import type { MetadataSchema } from '../xds/envoy/config/core/v3/base_pb.ts';
import { RawBufferSchema } from '../xds/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts';
import {
  type CertificateValidationContextSchema,
  SubjectAltNameMatcher_SanType as SanType,
  TlsParameters_TlsProtocol as TlsVersion,
} from '../xds/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { SecretSchema } from '../xds/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import {
  type CommonTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../xds/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { extension, FROM_ADS, type Init } from './messages.ts';
import { authoritiesName } from './names.ts';

/** Envoy's image has the CA certificates of its distribution there. */
const SYSTEM_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** By default, clients use at most TLS 1.2. */
const tlsParams = { tlsMinimumProtocolVersion: TlsVersion.TLSv1_2, tlsMaximumProtocolVersion: TlsVersion.TLSv1_3 };

/** @param alpn the protocol inside TLS. Absent if it is not known */
export const upstreamTls = ({ serverName, names, authorities }: BackendTls, alpn?: 'h2' | 'http/1.1') =>
  extension('envoy.transport_sockets.tls', UpstreamTlsContextSchema, {
    sni: serverName,
    commonTlsContext: {
      tlsParams,
      ...(alpn && { alpnProtocols: [alpn] }),
      ...validation(authorities, { matchTypedSubjectAltNames: names.map(nameMatcher) }),
    },
  });

/** The sockets of a cluster whose backends differ in TLS. The metadata of an endpoint names one of them. */
export function endpointSockets(backends: readonly BackendService[]) {
  const byPolicy = new Map(backends.flatMap(({ tls }) => (tls === undefined ? [] : [[tls.policy, tls] as const])));
  const matches: readonly Init<typeof Cluster_TransportSocketMatchSchema>[] = [
    { name: 'plaintext', match: { plaintext: true }, transportSocket: plaintext },
    ...[...byPolicy].map(([policy, tls]) => ({ name: policy, match: { policy }, transportSocket: upstreamTls(tls) })),
  ];
  return { transportSocket: nobody, transportSocketMatches: [...matches] };
}

/** Which socket of `endpointSockets` an endpoint needs. */
export const socketChoice = (tls: BackendTls | undefined): Init<typeof MetadataSchema> => ({
  filterMetadata: {
    'envoy.transport_socket_match': tls === undefined ? { plaintext: true } : { policy: tls.policy },
  },
});

const plaintext = extension('envoy.transport_sockets.raw_buffer', RawBufferSchema, {});

/**
 * No certificate has this hash. A cluster changes before its endpoints do, so endpoints may name the socket of a policy that is gone:
 * plaintext must not take its place.
 */
const nobody = extension('envoy.transport_sockets.tls', UpstreamTlsContextSchema, {
  commonTlsContext: {
    validationContextType: { case: 'validationContext', value: { verifyCertificateHash: ['0'.repeat(64)] } },
  },
});

function validation(
  authorities: Authorities,
  names: Init<typeof CertificateValidationContextSchema>,
): Init<typeof CommonTlsContextSchema> {
  switch (authorities.kind) {
    case 'system': {
      const trustedCa = { specifier: { case: 'filename' as const, value: SYSTEM_AUTHORITIES } };
      return { validationContextType: { case: 'validationContext', value: { ...names, trustedCa } } };
    }
    case 'config-maps':
      return {
        validationContextType: {
          case: 'combinedValidationContext',
          value: {
            defaultValidationContext: names,
            validationContextSdsSecretConfig: {
              name: authoritiesName(authorities.configMaps),
              sdsConfig: FROM_ADS,
            },
          },
        },
      };
    case 'none':
      throw new Error('A backend that nobody may reach must have no cluster');
    default:
      return authorities satisfies never;
  }
}

/** For a DNS name, a wildcard in the certificate counts, too. */
const nameMatcher = ({ kind, value }: SubjectName) => ({
  sanType: kind === 'dns' ? SanType.DNS : SanType.URI,
  matcher: { matchPattern: { case: 'exact' as const, value } },
});

/**
 * CA certificates, once for all that trust the same ConfigMaps.
 * @param pem by ConfigMap
 */
export function authoritiesSecrets(
  wanted: readonly (readonly ObjectKey[])[],
  pem: Readonly<Record<ObjectKey, string>> = {},
): readonly Resource[] {
  const sets = new Map(wanted.map((configMaps) => [authoritiesName(configMaps), configMaps]));
  return [...sets].map(([name, configMaps]) => {
    const value = configMaps.map((key) => pem[key] ?? '').join('');
    const trustedCa = { specifier: { case: 'inlineString' as const, value } };
    return resource(SecretSchema, name, { name, type: { case: 'validationContext', value: { trustedCa } } });
  });
}
