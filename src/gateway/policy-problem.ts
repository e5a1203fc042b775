// What the Gateway API's rules find wrong with one BackendTLSPolicy.
import type { Fault, ObjectKey } from '../kube/object.ts';

/** Of a policy's status. The CRD accepts no more. */
export const MAX_ANCESTORS = 16;

/** A place in a BackendTLSPolicy: `field` is a path below its spec. */
export interface PolicyPlace {
  readonly policy: ObjectKey;
  readonly field: string;
}

/** We do not know the policy's format. */
export interface PolicyUnreadable extends PolicyPlace {
  readonly kind: 'policy-unreadable';
  readonly fault: Fault;
}

/** An older policy has the same target. */
export interface PolicyConflicted extends PolicyPlace {
  readonly kind: 'policy-conflicted';
  readonly service: ObjectKey;
  readonly by: ObjectKey;
}

/** The Service has no port of the target's name. */
export interface PolicyTargetNotFound extends PolicyPlace {
  readonly kind: 'policy-target-not-found';
  readonly service: ObjectKey;
  readonly section: string;
  /** The names of its ports. */
  readonly available: readonly string[];
}

/** `wellKnownCACertificates` is none that we know. */
export interface PolicyAuthoritiesUnknown extends PolicyPlace {
  readonly kind: 'policy-authorities-unknown';
  readonly value: string;
}

/** No caCertificateRef can be used. */
export interface PolicyWithoutAuthority extends PolicyPlace {
  readonly kind: 'policy-without-authority';
}

/** A caCertificateRef does not name a ConfigMap. */
export interface PolicyAuthorityKindUnsupported extends PolicyPlace {
  readonly kind: 'policy-authority-kind-unsupported';
  readonly reference: string;
}

/** The ConfigMap does not exist, or has no CA certificates. */
export interface PolicyAuthorityNotFound extends PolicyPlace {
  readonly kind: 'policy-authority-not-found';
  readonly configMap: ObjectKey;
}

/** The CA certificates cannot be read. */
export interface PolicyAuthorityMalformed extends PolicyPlace {
  readonly kind: 'policy-authority-malformed';
  readonly configMap: ObjectKey;
  readonly detail: string;
}

/** The data plane cannot check the certificates of backends. */
export interface PolicyUnsupported extends PolicyPlace {
  readonly kind: 'policy-unsupported';
}

export type PolicyProblem =
  | PolicyUnreadable
  | PolicyConflicted
  | PolicyTargetNotFound
  | PolicyAuthoritiesUnknown
  | PolicyWithoutAuthority
  | PolicyAuthorityKindUnsupported
  | PolicyAuthorityNotFound
  | PolicyAuthorityMalformed
  | PolicyUnsupported;
