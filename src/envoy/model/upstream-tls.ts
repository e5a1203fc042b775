// TLS to backends: whom Envoy calls, and which certificates it accepts. An Envoy never falls back to plaintext.
import type { Authorities, BackendTls, SubjectName } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { type Resource, resource } from '../snapshot.ts';
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

/** @param alpn the protocol inside TLS */
export const upstreamTls = ({ serverName, names, authorities }: BackendTls, alpn: 'h2' | 'http/1.1') =>
  extension('envoy.transport_sockets.tls', UpstreamTlsContextSchema, {
    sni: serverName,
    commonTlsContext: {
      // By default, clients use at most TLS 1.2.
      tlsParams: { tlsMinimumProtocolVersion: TlsVersion.TLSv1_2, tlsMaximumProtocolVersion: TlsVersion.TLSv1_3 },
      alpnProtocols: [alpn],
      ...validation(authorities, { matchTypedSubjectAltNames: names.map(nameMatcher) }),
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
