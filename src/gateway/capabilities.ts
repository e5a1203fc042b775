// What a data plane can do. Each plane says it of itself.

import type { RouteKind } from '../api/route-kinds.ts';
import type { ServableProtocol } from './listener-protocols.ts';
import type { CertificateKey, RuleNeed } from './topology.ts';

/** What a plane can do. Translate needs only what a Gateway and its listeners can have. */
export interface Capabilities extends ListenerCapabilities {
  readonly http: HttpCapabilities;
  /** Features of the conformance suite that follow from no other capability. */
  readonly features?: readonly string[];
}

export interface ListenerCapabilities {
  /** Whether listeners can check the certificates of clients. Absent if not. */
  readonly clientCertificates?: true;
  readonly protocols: readonly ServableProtocol[];
  /** Kinds of routes that the plane does not serve with a protocol, though the Gateway API allows them there. */
  readonly excludedKinds?: Readonly<Partial<Record<ServableProtocol, readonly RouteKind[]>>>;
  /** The keys that certificates of listeners may have. */
  readonly certificateKeys: readonly CertificateKey[];
  /** The types of addresses that a Gateway may request. Absent if the plane chooses all addresses. */
  readonly addressTypes?: readonly string[];
}

export interface HttpCapabilities {
  readonly filters: readonly string[];
  /** The filters that a backendRef may have. */
  readonly backendFilters: readonly string[];
  /** Whether each backend may have its own rewrite. */
  readonly backendRewrites: boolean;
  readonly redirectStatusCodes: readonly number[];
  readonly ruleFields: readonly Extract<RuleNeed, { kind: 'field' }>['field'][];
  readonly matches: readonly (
    | 'path-exact'
    | 'path-prefix'
    | 'path-regex'
    | 'header'
    | 'header-regex'
    | 'query'
    | 'query-regex'
    | 'method'
  )[];
  readonly backendProtocols: readonly BackendProtocol[];
  /** Whether it speaks TLS to backends and checks their certificates, as a BackendTLSPolicy says. */
  readonly backendTls: boolean;
}

/** The protocol of a backend behind an HTTP or HTTPS listener. The last three use TLS. */
export type BackendProtocol = 'HTTP1' | 'H2C' | 'GRPC' | 'WS' | 'HTTPS' | 'GRPCS' | 'WSS';

export const rsa = (bits: number): CertificateKey => ({ type: 'RSA', bits });

/** ECDSA on P-256, P-384 and P-521. */
export const NIST_CURVES: readonly CertificateKey[] = ['prime256v1', 'secp384r1', 'secp521r1'].map((curve) => ({
  type: 'EC',
  curve,
}));
