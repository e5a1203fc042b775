// Problems of one listener with an ALB or with AWS.
import type { ListenerPlace } from '../gateway/problem-place.ts';
import type { RefusalProblem } from './cloud-problem.ts';

/** The hostname is too long for a condition of a rule. */
export interface ListenerHostnameTooLong extends ListenerPlace {
  readonly kind: 'listener-hostname-too-long';
  readonly limit: number;
}

/** AWS refused the listener's certificate. The call is tried again. */
export interface CertificateRefused extends ListenerPlace {
  readonly kind: 'certificate-refused';
  readonly cause: RefusalProblem;
}

/** Listeners of one port must have the same value of this setting. The first listener's value is used. */
export interface ListenerSettingConflict extends ListenerPlace {
  readonly kind: 'listener-setting-conflict';
  readonly setting: string;
  readonly port: number;
  readonly other: string;
}

/** Requests for its host without a matching route go to less specific listeners. This is a warning: the listener is served. */
export interface ListenerNotIsolated extends ListenerPlace {
  readonly kind: 'listener-not-isolated';
  readonly port: number;
  readonly limit: number;
}

/** The listener's certificate does not fit on the load balancer. */
export interface TooManyCertificates extends ListenerPlace {
  readonly kind: 'too-many-certificates';
  readonly limit: number;
}

/** The listener does not fit on the load balancer. */
export interface TooManyListeners extends ListenerPlace {
  readonly kind: 'too-many-listeners';
  readonly limit: number;
}

/** The security groups have room for the source ranges of only `ports` ports. */
export interface TooManyIngressRules extends ListenerPlace {
  readonly kind: 'too-many-ingress-rules';
  readonly ranges: number;
  readonly ports: number;
  readonly limit: number;
}

/** The listener's option is not the ARN of a certificate. */
export interface CertificateArnMalformed extends ListenerPlace {
  readonly kind: 'certificate-arn-malformed';
  readonly arn: string;
}

/** The certificate was imported from a Secret that the listener may not use, in this cluster or another one. */
export interface CertificateArnNotPermitted extends ListenerPlace {
  readonly kind: 'certificate-arn-not-permitted';
  readonly arn: string;
}

/** The certificate does not exist. */
export interface CertificateArnNotFound extends ListenerPlace {
  readonly kind: 'certificate-arn-not-found';
  readonly arn: string;
}

/** The owner of the certificate is not known. */
export interface CertificateArnUnknown extends ListenerPlace {
  readonly kind: 'certificate-arn-unknown';
  readonly arn: string;
  readonly detail: string;
}

export type CertificateArnProblem =
  | CertificateArnMalformed
  | CertificateArnNotPermitted
  | CertificateArnNotFound
  | CertificateArnUnknown;

export type ListenerProblem =
  | CertificateArnProblem
  | ListenerHostnameTooLong
  | CertificateRefused
  | ListenerSettingConflict
  | ListenerNotIsolated
  | TooManyCertificates
  | TooManyListeners
  | TooManyIngressRules;
