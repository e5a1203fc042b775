// A Gateway's status, out of all problems and of what stands in the cloud.
import type { Gateway, GatewayAddress, ListenerStatus } from '../api/gateway-api.ts';
import type { Problem } from '../gateway/problem.ts';
import type { ListenerResult, Translation } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import { sentences, updated, type Verdict } from './condition.ts';
import { isValid, listenerConditions, problemsOfListener } from './listener-status.ts';
import { problemsByRoute, problemsOfAttachment, routeConditions } from './route-status.ts';
import { explain } from './words.ts';

type GatewayStatus = NonNullable<Gateway['status']>;

/** What stands in the cloud for a Gateway. */
export interface Provisioned {
  readonly addresses: readonly GatewayAddress[];
  /** The ports on which an active load balancer listens. */
  readonly ports: ReadonlySet<number>;
  /** What the load balancer itself is waiting for, in words; empty when it is there. */
  readonly waiting: string;
  /** Whether it is there with every listener that it should have, those of ListenerSets included. */
  readonly complete: boolean;
}

/** How a pass over a Gateway ended. */
export interface GatewayOutcome {
  /** The generation of the Gateway that the pass was over. */
  readonly generation: number;
  readonly translation: Translation;
  /** Of all stages. */
  readonly problems: readonly Problem[];
  /** Undefined where AWS could not be asked. */
  readonly provisioned: Provisioned | undefined;
  /** How many ListenerSets are accepted; undefined where there is none to ask. */
  readonly attachedListenerSets?: number;
}

/** @param now in milliseconds since the epoch */
export function gatewayStatus(
  existing: Gateway['status'],
  { generation, translation, problems, provisioned, attachedListenerSets }: GatewayOutcome,
  now: number,
): GatewayStatus {
  const listeners = translation.listeners.filter(isOwn);
  const accepted = acceptedCondition(problems, translation.listeners);
  const waiting = waitingFor(listeners, problems, provisioned);
  const programmed = programmedCondition(accepted.status === 'True', problems, provisioned, waiting);
  const attached = attachedRoutes(translation, problems);
  return {
    ...existing,
    // Of a load balancer that can't be seen now, clients are still to find the address.
    ...(provisioned !== undefined && { addresses: provisioned.addresses }),
    ...(attachedListenerSets !== undefined && { attachedListenerSets }),
    conditions: updated(existing?.conditions, [accepted, programmed], generation, now),
    listeners: listeners.map((listener): ListenerStatus => {
      const { name, supportedKinds, port } = listener;
      const own = problemsOfListener(name, problems);
      const serving = provisioned?.ports.has(port) ?? false;
      const conditions = listenerConditions(listener, own, serving ? undefined : { ...programmed, reason: 'Pending' });
      const before = existing?.listeners?.find((status) => status.name === name)?.conditions;
      return {
        name,
        supportedKinds,
        attachedRoutes: attached.get(name) ?? 0,
        conditions: updated(before, conditions, generation, now),
      };
    }),
  };
}

/** Not a ListenerSet's, which has a status of its own. */
const isOwn = ({ ofSet }: ListenerResult): boolean => ofSet === undefined;

/** Which good listeners no load balancer serves, in words; empty when all are served, or nobody knows. */
export function waitingFor(
  listeners: readonly ListenerResult[],
  problems: readonly Problem[],
  provisioned: Provisioned | undefined,
): string {
  const unserved = listeners
    .filter((listener) => isValid(listener, problemsOfListener(listener.name, problems)))
    .filter(({ port }) => provisioned?.ports.has(port) === false)
    .map(({ name, ofSet }) => `"${ofSet?.section ?? name}"`);
  return unserved.length === 0 ? '' : `The load balancer does not serve ${unserved.join(', ')} yet.`;
}

/** Why a Gateway that is being deleted is still there. */
export function removalStatus({ status, metadata }: Gateway, problems: readonly Problem[], now: number): GatewayStatus {
  const message = sentences(['The Gateway waits for its load balancer to be removed.', told(problems)]);
  const verdict: Programmed = { type: 'Programmed', status: 'False', reason: 'Pending', message };
  return { ...status, conditions: updated(status?.conditions, [verdict], metadata.generation ?? 0, now) };
}

/** How many routes are accepted, by the listeners that they are attached to. */
export function attachedRoutes(translation: Translation, problems: readonly Problem[]): ReadonlyMap<string, number> {
  const routes = new Map<string, Set<ObjectKey>>();
  const byRoute = problemsByRoute(problems);
  for (const attachment of translation.attachments) {
    const own = problemsOfAttachment(attachment, byRoute.get(attachment.route.key) ?? []);
    const [accepted] = routeConditions(attachment, own);
    if (accepted?.status !== 'True') continue;
    for (const listener of attachment.listeners) {
      routes.set(listener, (routes.get(listener) ?? new Set()).add(attachment.route.key));
    }
  }
  return new Map([...routes].map(([listener, keys]) => [listener, keys.size]));
}

type Accepted = Verdict<
  'Accepted',
  'Accepted' | 'ListenersNotValid' | 'InvalidParameters' | 'UnsupportedAddress' | 'Invalid'
>;
type Programmed = Verdict<'Programmed', 'Programmed' | 'Invalid' | 'Pending' | 'NoResources'>;

/** Problems that the Gateway as a whole reports; all others have a listener, a ListenerSet or a route that does. */
type WholeProblem = Exclude<Problem, { listener: string } | { listenerSet: unknown } | { route: unknown }>;

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
  'kinds-missing': 'Pending',
  'region-changed': 'Pending',
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
  !('listener' in problem) && !('listenerSet' in problem) && !('route' in problem);

/** Whether the Gateway may have a data plane: at least one good listener, and nothing wrong with the whole. */
export function acceptedCondition(problems: readonly Problem[], listeners: readonly ListenerResult[]): Accepted {
  const wrong = problems.filter(isWholeProblem).filter((problem) => notAccepted[problem.kind] !== undefined);
  const reason = wrong[0] && notAccepted[wrong[0].kind];
  if (reason) return { type: 'Accepted', status: 'False', reason, message: told(wrong) };
  const own = listeners.filter(isOwn);
  const invalid = own
    .filter((listener) => !isValid(listener, problemsOfListener(listener.name, problems)))
    .map(({ name }) => `"${name}"`);
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is accepted.' };
  }
  const some = invalid.length < own.length;
  const message = `${some ? 'Not all listeners are' : 'No listener is'} valid. See the conditions of ${invalid.join(', ')}.`;
  return { type: 'Accepted', status: some ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

/** True only when it is: the load balancer is active and every good listener is there. */
function programmedCondition(
  accepted: boolean,
  problems: readonly Problem[],
  provisioned: Provisioned | undefined,
  unserved: string,
): Programmed {
  if (!accepted) {
    const message = 'The Gateway is not accepted. What existed before stays as it is.';
    return { type: 'Programmed', status: 'False', reason: 'Invalid', message };
  }
  const cloud = problems.filter(isWholeProblem).filter((problem) => notAccepted[problem.kind] === undefined);
  if (provisioned === undefined) {
    const message = sentences(['What exists in AWS could not be read.', told(cloud)]);
    return { type: 'Programmed', status: 'Unknown', reason: 'Pending', message };
  }
  const waiting = provisioned.waiting || unserved;
  if (waiting !== '') {
    const reason = cloud.map((problem) => notProgrammed[problem.kind]).find((found) => found !== undefined);
    const message = sentences([waiting, told(cloud)]);
    return { type: 'Programmed', status: 'False', reason: reason ?? 'Pending', message };
  }
  // The load balancer serves; what a part of it lacks is told, and does not make the whole untrue.
  const message = sentences(['The load balancer is active.', told(cloud)]);
  return { type: 'Programmed', status: 'True', reason: 'Programmed', message };
}
