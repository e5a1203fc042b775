// What the Gateway API's rules find wrong, as data: translate says what and where, and src/status turns it into words. A problem
// concerns the thing that it names and nothing beside it.
import type { Fault, ObjectKey } from '../kube/object.ts';
import type { ListenerProblem } from './listener-problem.ts';
import type { RouteProblem } from './route-problem.ts';

/** The class's parametersRef, or the Gateway's. */
interface ParametersPlace {
  readonly on: 'class' | 'gateway';
  /** `LoadBalancerConfiguration infra/all`. */
  readonly reference: string;
}

/** The parametersRef names a kind that has no parameters for us. */
export interface ParametersKindUnknown extends ParametersPlace {
  readonly kind: 'parameters-kind-unknown';
}

/** The object that the parametersRef names does not exist. */
export interface ParametersNotFound extends ParametersPlace {
  readonly kind: 'parameters-not-found';
}

/** The object that the parametersRef names has a value that can't be used. */
export interface ParametersInvalid extends ParametersPlace {
  readonly kind: 'parameters-invalid';
  /** A path below its `spec`; empty for the whole. */
  readonly field: string;
  readonly detail: string;
}

/** The Gateway has a shape that we don't know. */
export interface GatewayUnreadable {
  readonly kind: 'gateway-unreadable';
  readonly fault: Fault;
}

/** The Gateway asks for an address that it can't have. */
export interface AddressUnsupported {
  readonly kind: 'address-unsupported';
  readonly field: string;
  readonly value: string;
}

/** The Gateway's `spec.tls` asks for something that no data plane does. */
export interface GatewayTlsUnsupported {
  readonly kind: 'gateway-tls-unsupported';
  readonly field: string;
}

/** The API server does not know kinds that decide about traffic, so far or any more. */
export interface KindsMissing {
  readonly kind: 'kinds-missing';
  readonly kinds: readonly string[];
}

/** The Gateway does not take the ListenerSet. */
export interface ListenerSetNotAllowed {
  readonly kind: 'listener-set-not-allowed';
  readonly listenerSet: ObjectKey;
}

/** The ListenerSet, or a listener of it, has a shape that we don't know. */
export interface ListenerSetUnreadable {
  readonly kind: 'listener-set-unreadable';
  readonly listenerSet: ObjectKey;
  readonly fault: Fault;
}

/** Problems of the class or of its parameters, or of the Gateway's. */
export type ParametersProblem = ParametersKindUnknown | ParametersNotFound | ParametersInvalid;

export type GatewayProblem = GatewayUnreadable | AddressUnsupported | GatewayTlsUnsupported | KindsMissing;

export type ListenerSetProblem = ListenerSetNotAllowed | ListenerSetUnreadable;

export type Problem = ParametersProblem | GatewayProblem | ListenerSetProblem | ListenerProblem | RouteProblem;

export type ProblemKind = Problem['kind'];

/** How a stage says what it finds wrong. */
export type Report = (problem: Problem) => void;
