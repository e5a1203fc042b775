// All problems of Envoy as a data plane, as data. The code that finds a problem says what and where; words.ts writes the message.
import type { Problem as GatewayProblem } from '../gateway/problem.ts';
import type { ListenerPlace, RulePlace } from '../gateway/problem-place.ts';

/** Envoy would refuse the regular expression, and with it the whole route table. The rule is left out. */
export interface RegexRefused extends RulePlace {
  readonly kind: 'regex-refused';
  readonly regex: string;
  /** In the words of RE2. */
  readonly detail: string;
}

/** To compile it would take long. The rule is left out. */
export interface RegexTooLong extends RulePlace {
  readonly kind: 'regex-too-long';
  /** In characters, like the limit. */
  readonly length: number;
  readonly limit: number;
}

/** Envoy does not change this header, or would refuse the value. The rule's requests are answered 500. */
export interface HeaderRefused extends RulePlace {
  readonly kind: 'header-refused';
  readonly header: string;
  readonly why: 'host' | 'connection' | 'name' | 'characters';
}

/** A rule with a filter or an error is left out. This wider rule of the same route would answer its requests. */
export interface GateMissing extends RulePlace {
  readonly kind: 'gate-missing';
  readonly gate: number;
}

/** The mirror's backend speaks a protocol that Envoy does not. Requests are forwarded without a copy. */
export interface MirrorProtocolUnsupported extends RulePlace {
  readonly kind: 'mirror-protocol-unsupported';
  readonly service: string;
  readonly protocol: string;
}

/** The rule asks for more retries than Envoy makes. */
export interface RetriesCapped extends RulePlace {
  readonly kind: 'retries-capped';
  readonly attempts: number;
  readonly limit: number;
}

/** Other routes need all the room that the route tables of a Gateway have. The route is left out. */
export interface TooManyRoutes extends RulePlace {
  readonly kind: 'too-many-routes';
  readonly limit: number;
}

/** Other routes need all the room that a Gateway has for regular expressions. The route is left out. */
export interface TooManyRegexes extends RulePlace {
  readonly kind: 'too-many-regexes';
  readonly limit: number;
}

/** Other routes need all the bytes that a Gateway has for filters and backends. The route is left out. */
export interface TooManyBytes extends RulePlace {
  readonly kind: 'too-many-bytes';
  readonly limit: number;
}

/** Other routes need all the clusters that a Gateway may have. The route is left out. */
export interface TooManyClusters extends RulePlace {
  readonly kind: 'too-many-clusters';
  readonly limit: number;
}

export type EnvoyProblem =
  | RegexRefused
  | RegexTooLong
  | HeaderRefused
  | GateMissing
  | MirrorProtocolUnsupported
  | RetriesCapped
  | TooManyRoutes
  | TooManyRegexes
  | TooManyBytes
  | TooManyClusters;

/** Other ListenerSets need all the room that the Gateway has for their listeners. */
interface TooManyListeners extends ListenerPlace {
  readonly kind: 'too-many-listeners';
  readonly limit: number;
}

/** Other ListenerSets need all the ports that they may add to the Gateway. */
interface TooManyPorts extends ListenerPlace {
  readonly kind: 'too-many-ports';
  readonly limit: number;
}

/** The listener of a ListenerSet is left out. */
export type LeftOutListener = TooManyListeners | TooManyPorts;

/** All problems in the pass of a Gateway: those of the Gateway API's rules, and Envoy's. */
export type Problem = GatewayProblem | EnvoyProblem;
