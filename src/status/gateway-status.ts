// A Gateway's status, out of all problems and of what stands in the cloud.
import type { Gateway, GatewayAddress, ListenerStatus } from '../api/gateway-api.ts';
import type { Problem } from '../gateway/problem.ts';
import type { ListenerResult } from '../gateway/topology.ts';
import { sentences, updated, type Verdict } from './condition.ts';
import type { Findings, WholeProblem } from './findings.ts';
import { isValid, listenerConditions } from './listener-status.ts';
import { isAccepted, problemsOfAttachment } from './route-status.ts';
import { quoted, told } from './words.ts';

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
  readonly findings: Findings;
  /** How many routes are accepted, by the listeners that they are attached to. */
  readonly attachedRoutes: ReadonlyMap<string, number>;
  /** Undefined where AWS could not be asked. */
  readonly provisioned: Provisioned | undefined;
  /** How many ListenerSets are accepted; undefined where there is none to ask. */
  readonly attachedListenerSets?: number;
}

/** @param now in milliseconds since the epoch */
export function gatewayStatus(
  existing: Gateway['status'],
  { generation, findings, attachedRoutes: attached, provisioned, attachedListenerSets }: GatewayOutcome,
  now: number,
): GatewayStatus {
  const listeners = findings.listenersOf(undefined);
  const accepted = acceptedCondition(findings);
  const waiting = waitingFor(listeners, findings, provisioned);
  const programmed = programmedCondition(accepted.status === 'True', findings, provisioned, waiting);
  const before = new Map(existing?.listeners?.map(({ name, conditions }) => [name, conditions]));
  return {
    ...existing,
    // Of a load balancer that can't be seen now, clients are still to find the address.
    ...(provisioned !== undefined && { addresses: provisioned.addresses }),
    ...(attachedListenerSets !== undefined && { attachedListenerSets }),
    conditions: updated(existing?.conditions, [accepted, programmed], generation, now),
    listeners: listeners.map((listener): ListenerStatus => {
      const { name, supportedKinds, port } = listener;
      const own = findings.ofListener(name);
      const serving = provisioned?.ports.has(port) ?? false;
      const conditions = listenerConditions(listener, own, serving ? undefined : { ...programmed, reason: 'Pending' });
      return {
        name,
        supportedKinds,
        attachedRoutes: attached.get(name) ?? 0,
        conditions: updated(before.get(name), conditions, generation, now),
      };
    }),
  };
}

/** Which good listeners no load balancer serves, in words; empty when all are served, or nobody knows. */
export function waitingFor(
  listeners: readonly ListenerResult[],
  findings: Findings,
  provisioned: Provisioned | undefined,
): string {
  const unserved = listeners
    .filter((listener) => isValid(listener, findings.ofListener(listener.name)))
    .filter(({ port }) => provisioned?.ports.has(port) === false)
    .map(({ name, ofSet }) => ofSet?.section ?? name);
  return unserved.length === 0 ? '' : `The load balancer does not serve ${quoted(unserved)} yet.`;
}

/** Why a Gateway that is being deleted is still there. */
export function removalStatus({ status, metadata }: Gateway, problems: readonly Problem[], now: number): GatewayStatus {
  const message = sentences(['The Gateway waits until AWS has removed what belongs to it.', told(problems)]);
  const verdict: Programmed = { type: 'Programmed', status: 'False', reason: 'Pending', message };
  return { ...status, conditions: updated(status?.conditions, [verdict], metadata.generation ?? 0, now) };
}

/** How many routes are accepted, by the listeners that they are attached to. */
export function attachedRoutes(findings: Findings): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const attachments of Map.groupBy(findings.attachments, ({ route }) => route.key).values()) {
    const accepted = attachments.filter((each) => isAccepted(each, problemsOfAttachment(each, findings)));
    for (const listener of new Set(accepted.flatMap(({ listeners }) => listeners))) {
      counts.set(listener, (counts.get(listener) ?? 0) + 1);
    }
  }
  return counts;
}

type Accepted = Verdict<
  'Accepted',
  'Accepted' | 'ListenersNotValid' | 'InvalidParameters' | 'UnsupportedAddress' | 'Invalid'
>;
type Programmed = Verdict<'Programmed', 'Programmed' | 'Invalid' | 'Pending' | 'NoResources'>;

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
  'deletion-held': 'Pending',
};

/** Whether the Gateway may have a data plane: at least one good listener, and nothing wrong with the whole. */
export function acceptedCondition(findings: Findings): Accepted {
  const wrong = findings.whole.filter((problem) => notAccepted[problem.kind] !== undefined);
  const reason = wrong[0] && notAccepted[wrong[0].kind];
  if (reason) return { type: 'Accepted', status: 'False', reason, message: told(wrong) };
  const own = findings.listenersOf(undefined);
  const invalid = own.filter((listener) => !isValid(listener, findings.ofListener(listener.name)));
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is accepted.' };
  }
  const some = invalid.length < own.length;
  const message = `${some ? 'Not all listeners are' : 'No listener is'} valid. See the conditions of ${quoted(invalid.map(({ name }) => name))}.`;
  return { type: 'Accepted', status: some ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

/** True only when it is: the load balancer is active and every good listener is there. */
function programmedCondition(
  accepted: boolean,
  { whole }: Findings,
  provisioned: Provisioned | undefined,
  unserved: string,
): Programmed {
  if (!accepted) {
    const message = 'The Gateway is not accepted. What existed before stays as it is.';
    return { type: 'Programmed', status: 'False', reason: 'Invalid', message };
  }
  const cloud = whole.filter((problem) => notAccepted[problem.kind] === undefined);
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
