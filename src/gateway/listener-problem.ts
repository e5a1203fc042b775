// What the Gateway API's rules find wrong with one listener.
import type { ObjectKey } from '../kube/object.ts';
import type { ListenerPlace, Others, SecretPlace } from './problem-place.ts';

/** No data plane has the protocol. */
export interface ListenerProtocolUnsupported extends ListenerPlace {
  readonly kind: 'listener-protocol-unsupported';
  readonly protocol: string;
}

/** Others on its port have another protocol. */
export interface ListenerProtocolConflict extends ListenerPlace, Others {
  readonly kind: 'listener-protocol-conflict';
  readonly port: number;
}

/** Others have its port and its hostname. */
export interface ListenerHostnameConflict extends ListenerPlace, Others {
  readonly kind: 'listener-hostname-conflict';
  readonly port: number;
  /** Empty for any host. */
  readonly hostname: string;
}

/** `allowedRoutes.kinds` names a kind that its protocol does not take. */
export interface RouteKindUnsupported extends ListenerPlace {
  readonly kind: 'route-kind-unsupported';
  readonly routeKind: string;
}

/** No data plane has the TLS mode. */
export interface TlsModeUnsupported extends ListenerPlace {
  readonly kind: 'tls-mode-unsupported';
  readonly mode: string;
}

/** A listener that is to terminate TLS names no certificate. */
export interface TlsMissing extends ListenerPlace {
  readonly kind: 'tls-missing';
}

/** Its hostname overlaps with that of another HTTPS listener. Only said: it serves. */
export interface TlsOverlap extends ListenerPlace, Others {
  readonly kind: 'tls-overlap';
}

/** The certificateRef names something else than a Secret. */
export interface CertificateKindUnsupported extends ListenerPlace {
  readonly kind: 'certificate-kind-unsupported';
  readonly reference: string;
}

/** No ReferenceGrant lets the listener use the Secret. */
export interface CertificateNotPermitted extends ListenerPlace {
  readonly kind: 'certificate-not-permitted';
  readonly secret: ObjectKey;
}

/** The Secret does not exist, or is of another type. */
export interface CertificateNotFound extends SecretPlace {
  readonly kind: 'certificate-not-found';
}

/** The Secret holds no certificate that can be read. */
export interface CertificateMalformed extends SecretPlace {
  readonly kind: 'certificate-malformed';
  readonly detail: string;
}

/** The Secret's key is not that of its certificate. */
export interface CertificateKeyMismatch extends SecretPlace {
  readonly kind: 'certificate-key-mismatch';
}

/** The certificate is not valid any more. */
export interface CertificateExpired extends SecretPlace {
  readonly kind: 'certificate-expired';
  readonly notAfter: string;
}

/** The certificate is not valid yet. */
export interface CertificateNotYetValid extends SecretPlace {
  readonly kind: 'certificate-not-yet-valid';
  readonly notBefore: string;
}

/** The certificate's key is of a type that is not served. */
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

export type ListenerProblem =
  | ListenerProtocolUnsupported
  | ListenerProtocolConflict
  | ListenerHostnameConflict
  | RouteKindUnsupported
  | TlsModeUnsupported
  | TlsMissing
  | TlsOverlap
  | CertificateProblem;
