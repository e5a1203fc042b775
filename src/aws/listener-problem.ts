// What an ALB, or AWS, does not take of one listener.
import type { ListenerPlace } from '../gateway/problem-place.ts';
import type { RefusalProblem } from './cloud-problem.ts';

/** No condition of a rule can hold the hostname. */
export interface ListenerHostnameTooLong extends ListenerPlace {
  readonly kind: 'listener-hostname-too-long';
  readonly limit: number;
}

/** AWS refused its certificate, and is asked again. */
export interface CertificateRefused extends ListenerPlace {
  readonly kind: 'certificate-refused';
  readonly cause: RefusalProblem;
}

/** Listeners that share a port can't differ in this setting. The first one's value is in force. */
export interface ListenerSettingConflict extends ListenerPlace {
  readonly kind: 'listener-setting-conflict';
  readonly setting: string;
  readonly port: number;
  readonly other: string;
}

/** Requests for its host that no route of it takes go to less specific listeners. Only said: it serves. */
export interface ListenerNotIsolated extends ListenerPlace {
  readonly kind: 'listener-not-isolated';
  readonly port: number;
  readonly limit: number;
}

/** There is no room for its certificate. */
export interface TooManyCertificates extends ListenerPlace {
  readonly kind: 'too-many-certificates';
  readonly limit: number;
}

/** There is no room for it. */
export interface TooManyListeners extends ListenerPlace {
  readonly kind: 'too-many-listeners';
  readonly limit: number;
}

/** The source ranges of one more port do not fit into the security groups: `ports` is how many of `ranges` do. */
export interface TooManyIngressRules extends ListenerPlace {
  readonly kind: 'too-many-ingress-rules';
  readonly ranges: number;
  readonly ports: number;
  readonly limit: number;
}

/** A listener option names no ARN of a certificate. */
export interface CertificateArnMalformed extends ListenerPlace {
  readonly kind: 'certificate-arn-malformed';
  readonly arn: string;
}

/** The certificate was imported from a Secret that the listener may not refer to, here or in another cluster. */
export interface CertificateArnNotPermitted extends ListenerPlace {
  readonly kind: 'certificate-arn-not-permitted';
  readonly arn: string;
}

/** There is no such certificate. */
export interface CertificateArnNotFound extends ListenerPlace {
  readonly kind: 'certificate-arn-not-found';
  readonly arn: string;
}

/** It is not known whose the certificate is. */
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
