// Problems of one listener with a load balancer or with AWS.
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

/** AWS can't have both on one port, though the Gateway API can. */
export interface ListenerPair extends ListenerPlace {
  readonly kind: 'listener-pair';
  readonly port: number;
  /** Such as `UDP` or `TLS Passthrough`. */
  readonly own: string;
  readonly other: string;
  /** The listener that has the port. */
  readonly by: string;
}

/** An NLB has one set of targets a port, and listener `by` has others. */
export interface ListenerPortTaken extends ListenerPlace {
  readonly kind: 'listener-port-taken';
  readonly port: number;
  readonly why: 'server-name' | 'transport' | 'ip-version' | 'named-target-port';
  readonly by: string;
}

/** It has no backend with weight. Only said: it is there. */
export interface ListenerUnanswered extends ListenerPlace {
  readonly kind: 'listener-unanswered';
}

/** Its backends get connections for other names, too. Only said. */
export interface ServerNamesNotToldApart extends ListenerPlace {
  readonly kind: 'server-names-not-told-apart';
  readonly port: number;
}

/** UDP of a dual-stack load balancer needs IPv6 in all subnets. */
export interface UdpWithoutIpv6 extends ListenerPlace {
  readonly kind: 'udp-without-ipv6';
  readonly subnets: readonly string[];
}

/** AWS has no such policy. Only said: it serves without one. */
export interface AlpnPolicyUnknown extends ListenerPlace {
  readonly kind: 'alpn-policy-unknown';
  readonly value: string;
  readonly allowed: readonly string[];
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
  | ListenerPair
  | ListenerPortTaken
  | ListenerUnanswered
  | ServerNamesNotToldApart
  | UdpWithoutIpv6
  | AlpnPolicyUnknown
  | ListenerHostnameTooLong
  | CertificateRefused
  | ListenerSettingConflict
  | ListenerNotIsolated
  | TooManyCertificates
  | TooManyListeners
  | TooManyIngressRules;
