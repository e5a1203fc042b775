// Violations of the Gateway API's rules, as data. Translate says what is wrong and where, and src/status writes the message. A
// problem concerns only the object that it names.
import type { Fault, ObjectKey } from '../kube/object.ts';
import type { ListenerProblem } from './listener-problem.ts';
import type { PolicyProblem } from './policy-problem.ts';
import type { RouteProblem } from './route-problem.ts';

/** The parametersRef of the class or the Gateway. */
interface ParametersPlace {
  readonly on: 'class' | 'gateway';
  /** `LoadBalancerConfiguration infra/all`. */
  readonly reference: string;
}

/** The parametersRef names a kind that we do not support. */
export interface ParametersKindUnknown extends ParametersPlace {
  readonly kind: 'parameters-kind-unknown';
}

/** The object that the parametersRef names does not exist. */
export interface ParametersNotFound extends ParametersPlace {
  readonly kind: 'parameters-not-found';
}

/** The object that the parametersRef names has an invalid value. */
export interface ParametersInvalid extends ParametersPlace {
  readonly kind: 'parameters-invalid';
  /** A path below its `spec`. Empty for the whole spec. */
  readonly field: string;
  readonly detail: string;
}

/** We do not know the Gateway's format. */
export interface GatewayUnreadable {
  readonly kind: 'gateway-unreadable';
  readonly fault: Fault;
}

/** The Gateway requests an address of a type that is not supported. */
export interface AddressUnsupported {
  readonly kind: 'address-unsupported';
  readonly type: string;
  readonly field: string;
  readonly value: string;
}

/** The Gateway's `spec.tls` has a field that no data plane supports. */
export interface GatewayTlsUnsupported {
  readonly kind: 'gateway-tls-unsupported';
  readonly field: string;
}

/** The Gateway also serves clients whose certificates are missing or not valid. This is a warning. */
export interface ClientsNotChecked {
  readonly kind: 'clients-not-checked';
  readonly field: string;
}

/** The API server does not serve kinds that decide about traffic: not yet, or no longer. */
export interface KindsMissing {
  readonly kind: 'kinds-missing';
  readonly kinds: readonly string[];
}

/** The Gateway does not allow the ListenerSet. */
export interface ListenerSetNotAllowed {
  readonly kind: 'listener-set-not-allowed';
  readonly listenerSet: ObjectKey;
}

/** We do not know the format of the ListenerSet or of one of its listeners. */
export interface ListenerSetUnreadable {
  readonly kind: 'listener-set-unreadable';
  readonly listenerSet: ObjectKey;
  readonly fault: Fault;
}

/** Problems with the parameters of the class or the Gateway. */
export type ParametersProblem = ParametersKindUnknown | ParametersNotFound | ParametersInvalid;

export type GatewayProblem =
  | GatewayUnreadable
  | AddressUnsupported
  | GatewayTlsUnsupported
  | ClientsNotChecked
  | KindsMissing;

export type ListenerSetProblem = ListenerSetNotAllowed | ListenerSetUnreadable;

export type Problem =
  | ParametersProblem
  | GatewayProblem
  | ListenerSetProblem
  | ListenerProblem
  | PolicyProblem
  | RouteProblem;

export type ProblemKind = Problem['kind'];

/** A stage calls it for each problem that it finds. */
export type Report = (problem: Problem) => void;
