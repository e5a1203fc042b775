// What the Gateway API's rules find wrong with one listener.
import type { ObjectKey } from '../kube/object.ts';
import type { ListenerPlace, Others, SecretPlace } from './problem-place.ts';

/** No data plane supports the protocol. */
export interface ListenerProtocolUnsupported extends ListenerPlace {
  readonly kind: 'listener-protocol-unsupported';
  readonly protocol: string;
}

/** Other listeners of its port have another protocol. */
export interface ListenerProtocolConflict extends ListenerPlace, Others {
  readonly kind: 'listener-protocol-conflict';
  readonly port: number;
}

/** Other listeners have the same port and hostname. */
export interface ListenerHostnameConflict extends ListenerPlace, Others {
  readonly kind: 'listener-hostname-conflict';
  readonly port: number;
  /** Empty for any host. Absent for a protocol without hostnames. */
  readonly hostname?: string;
}

/** `allowedRoutes.kinds` names a kind that the protocol does not support. */
export interface RouteKindUnsupported extends ListenerPlace {
  readonly kind: 'route-kind-unsupported';
  readonly routeKind: string;
  /** The kinds that it supports. */
  readonly supported: readonly string[];
}

/** `allowedRoutes.kinds` names only kinds that the data plane serves with other protocols. */
export interface RouteKindsElsewhere extends ListenerPlace {
  readonly kind: 'route-kinds-elsewhere';
  readonly routeKinds: readonly string[];
  readonly protocols: readonly string[];
}

/** No data plane supports the TLS mode. */
export interface TlsModeUnsupported extends ListenerPlace {
  readonly kind: 'tls-mode-unsupported';
  readonly mode: string;
}

/** The listener must terminate TLS, but names no certificate. */
export interface TlsMissing extends ListenerPlace {
  readonly kind: 'tls-missing';
  readonly protocol: string;
}

/** The hostname overlaps with that of another HTTPS listener. This is a warning: the listener is served. */
export interface TlsOverlap extends ListenerPlace, Others {
  readonly kind: 'tls-overlap';
}

/** The certificateRef does not name a Secret. */
export interface CertificateKindUnsupported extends ListenerPlace {
  readonly kind: 'certificate-kind-unsupported';
  readonly reference: string;
}

/** No ReferenceGrant allows the listener to use the Secret. */
export interface CertificateNotPermitted extends ListenerPlace {
  readonly kind: 'certificate-not-permitted';
  readonly secret: ObjectKey;
}

/** The Secret does not exist, or has another type. */
export interface CertificateNotFound extends SecretPlace {
  readonly kind: 'certificate-not-found';
}

/** The Secret has no readable certificate. */
export interface CertificateMalformed extends SecretPlace {
  readonly kind: 'certificate-malformed';
  readonly detail: string;
}

/** The Secret's key does not match its certificate. */
export interface CertificateKeyMismatch extends SecretPlace {
  readonly kind: 'certificate-key-mismatch';
}

/** The certificate has expired. */
export interface CertificateExpired extends SecretPlace {
  readonly kind: 'certificate-expired';
  readonly notAfter: string;
}

/** The certificate is not valid yet. */
export interface CertificateNotYetValid extends SecretPlace {
  readonly kind: 'certificate-not-yet-valid';
  readonly notBefore: string;
}

/** The type of the certificate's key is not supported. */
export interface CertificateAlgorithmUnsupported extends SecretPlace {
  readonly kind: 'certificate-algorithm-unsupported';
  readonly algorithm: string;
}

type CertificateProblem =
  | CertificateKindUnsupported
  | CertificateNotPermitted
  | CertificateNotFound
  | CertificateMalformed
  | CertificateKeyMismatch
  | CertificateExpired
  | CertificateNotYetValid
  | CertificateAlgorithmUnsupported;

/** A place in the Gateway's `spec.tls.frontend` that concerns the listener. `field` is a path below the Gateway's spec. */
interface ClientAuthorityPlace extends ListenerPlace {
  readonly configMap: ObjectKey;
}

/** A caCertificateRef for clients does not name a ConfigMap. */
export interface ClientsAuthorityKindUnsupported extends ListenerPlace {
  readonly kind: 'clients-authority-kind-unsupported';
  readonly reference: string;
}

/** No ReferenceGrant allows the Gateway to use the ConfigMap. */
export interface ClientsAuthorityNotPermitted extends ClientAuthorityPlace {
  readonly kind: 'clients-authority-not-permitted';
}

/** The ConfigMap does not exist, or has no CA certificates. */
export interface ClientsAuthorityNotFound extends ClientAuthorityPlace {
  readonly kind: 'clients-authority-not-found';
}

/** The CA certificates cannot be read. */
export interface ClientsAuthorityMalformed extends ClientAuthorityPlace {
  readonly kind: 'clients-authority-malformed';
  readonly detail: string;
}

/** No caCertificateRef for clients can be used. The listener serves nobody. */
export interface ClientsWithoutAuthority extends ListenerPlace {
  readonly kind: 'clients-without-authority';
}

export type ClientProblem =
  | ClientsAuthorityKindUnsupported
  | ClientsAuthorityNotPermitted
  | ClientsAuthorityNotFound
  | ClientsAuthorityMalformed
  | ClientsWithoutAuthority;

export type ListenerProblem =
  | ClientProblem
  | ListenerProtocolUnsupported
  | ListenerProtocolConflict
  | ListenerHostnameConflict
  | RouteKindUnsupported
  | RouteKindsElsewhere
  | TlsModeUnsupported
  | TlsMissing
  | TlsOverlap
  | CertificateProblem;
