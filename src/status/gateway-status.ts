// A Gateway's conditions, out of all problems and of what stands in the cloud.
import type { Problem } from '../gateway/problem.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import { sentences, type Verdict } from './condition.ts';
import { explain } from './words.ts';

type Accepted = Verdict<
  'Accepted',
  'Accepted' | 'ListenersNotValid' | 'InvalidParameters' | 'UnsupportedAddress' | 'Invalid'
>;
type Programmed = Verdict<'Programmed', 'Programmed' | 'Invalid' | 'Pending' | 'NoResources'>;

export type GatewayCondition = Accepted | Programmed;

/** Problems that the Gateway as a whole reports; all others have a listener or a route that does. */
type WholeProblem = Exclude<Problem, { listener: string } | { route: unknown }>;

const notAccepted: Partial<Record<WholeProblem['kind'], Accepted['reason']>> = {
  'parameters-kind-unknown': 'InvalidParameters',
  'parameters-not-found': 'InvalidParameters',
  'parameters-invalid': 'InvalidParameters',
  'address-unsupported': 'UnsupportedAddress',
  'gateway-tls-unsupported': 'Invalid',
};

const notProgrammed: Partial<Record<WholeProblem['kind'], Programmed['reason']>> = {
  'subnets-too-few': 'NoResources',
  'subnets-invalid': 'Invalid',
  'vpc-unknown': 'Pending',
  'name-taken': 'Invalid',
  'cluster-name-taken': 'Invalid',
  'quota-reached': 'NoResources',
  'access-denied': 'Pending',
  'credentials-invalid': 'Pending',
  'cloud-unreachable': 'Pending',
  'cloud-refused': 'Invalid',
};

const told = (problems: readonly Problem[]): string => sentences(problems.map(explain));

export const isWholeProblem = (problem: Problem): problem is WholeProblem =>
  !('listener' in problem) && !('route' in problem);

/** Whether the Gateway may have a data plane: at least one good listener, and nothing wrong with the whole. */
export function acceptedCondition(problems: readonly Problem[], listeners: readonly ListenerResult[]): Accepted {
  const wrong = problems.filter(isWholeProblem).filter((problem) => notAccepted[problem.kind] !== undefined);
  const reason = wrong[0] && notAccepted[wrong[0].kind];
  if (reason) return { type: 'Accepted', status: 'False', reason, message: told(wrong) };
  const invalid = listeners.filter((listener) => !listener.valid).map((listener) => `"${listener.name}"`);
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is accepted.' };
  }
  const some = invalid.length < listeners.length;
  const message = `${some ? 'Some' : 'All'} listeners are not valid: ${invalid.join(', ')}. See their own conditions.`;
  return { type: 'Accepted', status: some ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

/**
 * True only when it is: the load balancer is active and every good listener is there.
 * @param waiting what is still missing, in words; empty when nothing is
 */
export function programmedCondition(accepted: boolean, problems: readonly Problem[], waiting: string): Programmed {
  if (!accepted) {
    const message = 'The Gateway is not accepted. What existed before stays as it is.';
    return { type: 'Programmed', status: 'False', reason: 'Invalid', message };
  }
  const cloud = problems.filter(isWholeProblem).filter((problem) => notAccepted[problem.kind] === undefined);
  const reason = cloud.map((problem) => notProgrammed[problem.kind]).find((found) => found !== undefined);
  if (waiting !== '') {
    return {
      type: 'Programmed',
      status: 'False',
      reason: reason ?? 'Pending',
      message: sentences([waiting, told(cloud)]),
    };
  }
  // The load balancer serves; what a part of it lacks is told, and does not make the whole untrue.
  const message = sentences(['The load balancer is active.', told(cloud)].filter((part) => part !== ''));
  return { type: 'Programmed', status: 'True', reason: 'Programmed', message };
}
