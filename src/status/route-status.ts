// What one Gateway has to say in the status of a route.
import type { HttpRoute, RouteParentStatus } from '../api/gateway-api.ts';
import type { TargetTrouble } from '../aws/rule-problem.ts';
import type { Attachment } from '../gateway/topology.ts';
import type { Condition } from '../kube/object.ts';
import { isPassing, routeUpToDate } from './cloud-effects.ts';
import { standing, updated, type Verdict } from './condition.ts';
import type { Findings, RouteProblem } from './findings.ts';
import { type ParentsOf, parentsWith, sameParent } from './parents.ts';
import { told } from './words.ts';

type Accepted = Verdict<
  'Accepted',
  | 'Accepted'
  | 'NotAllowedByListeners'
  | 'NoMatchingListenerHostname'
  | 'NoMatchingParent'
  | 'UnsupportedValue'
  | 'IncompatibleFilters'
  | 'Pending'
>;
type ResolvedRefs = Verdict<
  'ResolvedRefs',
  'ResolvedRefs' | 'RefNotPermitted' | 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol'
>;
type PartiallyInvalid = Verdict<'PartiallyInvalid', 'UnsupportedValue'>;
type TargetsReachable = Verdict<
  'gatehouse.dev/TargetsReachable',
  'TargetsReachable' | 'TargetsRefused' | 'TargetsNotAdmitted' | 'TargetsNotLocated'
>;

type RouteCondition = Accepted | ResolvedRefs | PartiallyInvalid;

type RuleProblem = Extract<RouteProblem, { rule: number }>;
type ParentProblem = Exclude<RouteProblem, RuleProblem>;

const detached: Record<ParentProblem['kind'], Accepted['reason']> = {
  'route-unreadable': 'UnsupportedValue',
  'parent-not-matching': 'NoMatchingParent',
  'route-not-allowed': 'NotAllowedByListeners',
  'hostname-not-matching': 'NoMatchingListenerHostname',
};

/**
 * What a rule's problem does: an unresolved reference, targets that get no requests, a rule or a whole route that serves as it
 * was before, a hint beside working traffic, or the loss of the whole rule.
 */
const effects: Record<
  RuleProblem['kind'],
  ResolvedRefs['reason'] | 'unreachable' | 'outdated' | 'told' | 'dropped' | 'kept'
> = {
  'backend-kind-unknown': 'InvalidKind',
  'backend-not-permitted': 'RefNotPermitted',
  'backend-not-found': 'BackendNotFound',
  'backend-port-missing': 'BackendNotFound',
  'backend-port-not-found': 'BackendNotFound',
  'backend-protocol-unsupported': 'UnsupportedProtocol',
  'backend-without-node-port': 'UnsupportedProtocol',
  'backend-without-ipv4': 'UnsupportedProtocol',
  'backend-external-name': 'InvalidKind',
  'targets-refused': 'unreachable',
  'targets-unfit': 'unreachable',
  'targets-group-unclear': 'unreachable',
  'targets-not-admitted': 'unreachable',
  'targets-not-located': 'unreachable',
  'invalid-share-answers-503': 'told',
  'match-ignores-case': 'told',
  'partly-left-out': 'told',
  'filter-unsupported': 'dropped',
  'filters-incompatible': 'dropped',
  'rule-field-unsupported': 'dropped',
  'match-unsupported': 'dropped',
  'match-too-large': 'dropped',
  'regex-unsupported': 'dropped',
  'redirect-status-unsupported': 'dropped',
  'redirect-unsupported': 'dropped',
  'redirect-to-itself': 'dropped',
  'rewrite-unsupported': 'dropped',
  'too-many-backends': 'dropped',
  'too-many-rules': 'dropped',
  'too-many-target-groups': 'dropped',
  'gate-missing': 'dropped',
  'change-does-not-fit': 'kept',
  'rule-refused': 'dropped',
  'rule-change-refused': 'outdated',
};

const isKept = ({ kind }: RuleProblem): boolean => effects[kind] === 'kept';

/** The rules of a route that are left out of the data plane, by index: none of one that is served as it was before. */
function droppedRules(problems: readonly RouteProblem[]): ReadonlySet<number> {
  const ofRules = problems.filter((problem) => 'rule' in problem);
  const lost = ofRules.some(isKept) ? [] : ofRules.filter(({ kind }) => effects[kind] === 'dropped');
  return new Set(lost.map(({ rule }) => rule));
}

export interface RouteOutcome extends ParentsOf {
  /** Those of this route to this Gateway; none when it has gone from it. */
  readonly attachments: readonly Attachment[];
  readonly findings: Pick<Findings, 'ofRoute' | 'targetsUnknown' | 'whole'>;
}

/**
 * The route's `status.parents` with ours brought up to date. Entries of other Gateways and other controllers stay as they are;
 * without attachments ours go.
 * @param now in milliseconds since the epoch
 */
export function routeParents(
  route: HttpRoute,
  { attachments, findings, ...whose }: RouteOutcome,
  now: number,
): readonly RouteParentStatus[] {
  const unanswered = findings.whole.some(isPassing);
  const refs = attachments.map(({ parentRef }) => parentRef);
  return parentsWith(route, whose, refs, (_, before, index) => {
    const attachment = attachments[index];
    if (attachment === undefined) return [];
    const own = problemsOfAttachment(attachment, findings);
    const unknown = findings.targetsUnknown(attachment.route.key);
    const outdated = own.filter((problem) => problem.kind === 'rule-change-refused');
    const verdicts = [
      ...routeConditions(attachment, own, before),
      ...targetsReachable(own, unknown, before),
      ...routeUpToDate(outdated, unknown || unanswered, before),
    ];
    return updated(before, verdicts, attachment.generation, now);
  });
}

/** Those of its rules, and of this parent. */
export const problemsOfAttachment = (
  { route, parentRef }: Attachment,
  findings: Pick<Findings, 'ofRoute'>,
): readonly RouteProblem[] =>
  findings.ofRoute(route.key).filter((problem) => 'rule' in problem || sameParent(problem.parentRef, parentRef));

/**
 * @param problems those of this route: of this parent, and of its rules
 * @param before what its status says
 */
export function routeConditions(
  attachment: Attachment,
  problems: readonly RouteProblem[],
  before?: readonly Condition[],
): readonly RouteCondition[] {
  const ofRules = problems.filter((problem) => 'rule' in problem);
  const kept = ofRules.filter(isKept);
  if (kept.length > 0 && attachment.listeners.length > 0) return fallenBack(kept, before);
  const dropped = droppedRules(ofRules);
  const lost = ofRules.filter((problem) => effects[problem.kind] === 'dropped').toSorted((a, b) => a.rule - b.rule);
  const conditions: RouteCondition[] = [accepted(attachment, problems, dropped, lost), resolvedRefs(ofRules)];
  if (dropped.size > 0 && dropped.size < attachment.rules && attachment.listeners.length > 0) {
    const indexes = [...dropped].toSorted((a, b) => a - b);
    const message = `Dropped Rule ${indexes.join(', ')}: ${told(lost)}`;
    conditions.push({ type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message });
  }
  return conditions;
}

/**
 * A route that is served as it was before it changed. Of RouteConditionPartiallyInvalid: 'the message for this condition MUST
 * start with the prefix "Fall Back"', and Accepted is True "with the generation of the last known good state".
 */
function fallenBack(kept: readonly RuleProblem[], before: readonly Condition[] = []): readonly RouteCondition[] {
  const good = before.find(({ type, status }) => type === 'Accepted' && status === 'True')?.observedGeneration;
  return [
    {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: 'The route is accepted as it was.',
      ...(good !== undefined && { observedGeneration: good }),
    },
    resolvedRefs([]),
    { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message: `Fall Back: ${told(kept)}` },
  ];
}

/** Whether its Accepted is True; what it says is not asked. */
export function isAccepted(attachment: Attachment, problems: readonly RouteProblem[]): boolean {
  return apartBy(attachment, problems).length === 0 && !isLost(attachment, droppedRules(problems));
}

/** What keeps the route from this parent: from all of its listeners, or since nobody knows what it asks for. */
function apartBy({ listeners }: Attachment, problems: readonly RouteProblem[]): readonly ParentProblem[] {
  const apart = problems.filter((problem): problem is ParentProblem => !('rule' in problem));
  return listeners.length === 0 ? apart : apart.filter(({ kind }) => kind === 'route-unreadable');
}

/** Whether nothing is left of it. */
const isLost = ({ rules }: Attachment, dropped: ReadonlySet<number>): boolean => rules > 0 && dropped.size === rules;

function accepted(
  attachment: Attachment,
  problems: readonly RouteProblem[],
  dropped: ReadonlySet<number>,
  lost: readonly RuleProblem[],
): Accepted {
  const apart = apartBy(attachment, problems);
  if (apart[0]) {
    return { type: 'Accepted', status: 'False', reason: detached[apart[0].kind], message: told(apart) };
  }
  if (isLost(attachment, dropped)) {
    return { type: 'Accepted', status: 'False', reason: lostFor(lost), message: told(lost) };
  }
  const hints = told(problems.filter((problem) => 'rule' in problem && effects[problem.kind] === 'told'));
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message: hints || 'The route is accepted.' };
}

function lostFor(lost: readonly RuleProblem[]): Accepted['reason'] {
  if (lost.every(({ kind }) => kind === 'filters-incompatible')) return 'IncompatibleFilters';
  // It is not the route's fault that we may not.
  const denied = lost.every((problem) => problem.kind === 'rule-refused' && problem.cause.kind === 'access-denied');
  return denied ? 'Pending' : 'UnsupportedValue';
}

function resolvedRefs(problems: readonly RuleProblem[]): ResolvedRefs {
  const reasons: ResolvedRefs['reason'][] = [];
  const unresolved = problems.filter((problem) => {
    const effect = effects[problem.kind];
    if (effect === 'told' || effect === 'dropped' || effect === 'unreachable' || effect === 'outdated') return false;
    if (effect === 'kept') return false;
    reasons.push(effect);
    return true;
  });
  return reasons[0]
    ? { type: 'ResolvedRefs', status: 'False', reason: reasons[0], message: told(unresolved) }
    : { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'All references are resolved.' };
}

const unreached: Readonly<Record<TargetTrouble['kind'], TargetsReachable['reason']>> = {
  'targets-unfit': 'TargetsRefused',
  'targets-refused': 'TargetsRefused',
  'targets-group-unclear': 'TargetsNotAdmitted',
  'targets-not-admitted': 'TargetsNotAdmitted',
  'targets-not-located': 'TargetsNotLocated',
};

type TroubledProblem = Extract<RouteProblem, { kind: TargetTrouble['kind'] }>;

const targetsReached: TargetsReachable = {
  type: 'gatehouse.dev/TargetsReachable',
  status: 'True',
  reason: 'TargetsReachable',
  message: 'All targets are registered, and admit the load balancer.',
};

/** Absent until targets are out of reach for the first time: of most routes they never are. */
function targetsReachable(
  problems: readonly RouteProblem[],
  unknown: boolean,
  existing: readonly Condition[] = [],
): readonly Verdict<string, string>[] {
  const { type } = targetsReached;
  const troubles = problems.filter((problem): problem is TroubledProblem => problem.kind in unreached);
  if (troubles[0]) {
    return [{ type, status: 'False', reason: unreached[troubles[0].kind], message: told(troubles) }];
  }
  const before = existing.find((condition) => condition.type === type);
  if (before === undefined) return [];
  // What was said of targets that nobody has looked at since stands.
  if (unknown && before.status === 'False') return [standing(before)];
  return [targetsReached];
}
