// The entries of one Gateway in a route's status.

import type { RouteParentStatus } from '../api/gateway-api.ts';
import type { ServedRoute } from '../api/route-kinds.ts';
import type { Attachment } from '../gateway/topology.ts';
import type { Condition } from '../kube/object.ts';
import { type ParentFinding, type RouteFinding, type RuleFinding, sectionOf } from '../provider/finding.ts';
import type { ProviderWords } from '../provider/words.ts';
import { standing, updated, type Verdict } from './condition.ts';
import type { Findings } from './findings.ts';
import { isPassing, routeUpToDate } from './hindrances.ts';
import { isRefused } from './listener-status.ts';
import { type ParentsOf, parentsWith, sameParent } from './parents.ts';
import { quoted } from './phrases.ts';
import { messageOf, pick } from './words.ts';

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
  'ResolvedRefs' | 'RefNotPermitted' | 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol' | 'InvalidBackendTLS'
>;
type PartiallyInvalid = Verdict<'PartiallyInvalid', 'UnsupportedValue'>;

type RouteCondition = Accepted | ResolvedRefs | PartiallyInvalid;

const isOfRule = (finding: RouteFinding): finding is RuleFinding => finding.kind === 'rule';

const isKept = ({ effect }: RuleFinding): boolean => effect.kind === 'kept';

/** The indexes of the route's rules that the data plane leaves out. None if it serves the route's earlier version. */
function droppedRules(findings: readonly RouteFinding[]): ReadonlySet<number> {
  const ofRules = findings.filter(isOfRule);
  const lost = ofRules.some(isKept) ? [] : ofRules.filter(({ effect }) => effect.kind === 'dropped');
  return new Set(lost.map(({ rule }) => rule));
}

export interface RouteOutcome extends ParentsOf {
  /** The route's attachments to this Gateway; none if the route has left it. */
  readonly attachments: readonly Attachment[];
  readonly findings: Pick<Findings, 'ofListener' | 'ofRoute' | 'targetsUnknown' | 'whole' | 'words'>;
}

/**
 * The route's `status.parents` with our entries updated. Entries of other Gateways and other controllers stay as they are. Our
 * entries are removed if there are no attachments.
 * @param now in milliseconds since the epoch
 */
export function routeParents(
  route: ServedRoute,
  { attachments, findings, ...whose }: RouteOutcome,
  now: number,
): readonly RouteParentStatus[] {
  const unanswered = findings.whole.some(isPassing);
  const refs = attachments.map(({ parentRef }) => parentRef);
  return parentsWith(route, whose, refs, (_, before, index) => {
    const attachment = attachments[index];
    if (attachment === undefined) return [];
    const own = findingsOfAttachment(attachment, findings);
    const ofRules = own.filter(isOfRule);
    const outdated = pick(ofRules, ({ effect }) => (effect.kind === 'outdated' ? effect.reason : undefined));
    const unknown = findings.targetsUnknown(attachment.route);
    const verdicts = [
      ...routeConditions(attachment, own, unserved(attachment, findings), before),
      ...targetsReachable(ofRules, unknown, findings.words, before),
      ...routeUpToDate(outdated, unknown || unanswered, findings.words, before),
    ];
    return updated(before, verdicts, attachment.generation, now);
  });
}

/** All that `routeParents` makes of an outcome depends on these. Findings are never changed. */
export const basisOf = ({ attachments, findings, listenerSets }: RouteOutcome): readonly unknown[] => [
  findings.whole.some(isPassing),
  ...listenerSets,
  ...attachments.flatMap((attachment) => [
    attachment,
    findings.targetsUnknown(attachment.route),
    unserved(attachment, findings),
    ...findings.ofRoute(attachment.route),
  ]),
];

/** The findings of the route's rules, and of this parent. */
export const findingsOfAttachment = (
  { route, parentRef }: Attachment,
  findings: Pick<Findings, 'ofRoute'>,
): readonly RouteFinding[] =>
  findings.ofRoute(route).filter((each) => isOfRule(each) || sameParent(each.parentRef, parentRef));

/** Says so if none of the listeners that accept the route is accepted itself. Else empty. */
export function unserved({ listeners }: Attachment, findings: Pick<Findings, 'ofListener'>): string {
  if (listeners.length === 0 || !listeners.every((name) => isRefused(findings.ofListener(name)))) return '';
  const names = quoted(listeners.map(sectionOf));
  return `No listener that it is attached to is accepted, so it gets no traffic. The conditions of ${names} say why.`;
}

/**
 * @param findings of the route's rules, and of this parent
 * @param hint what `unserved` says
 * @param before the conditions in the route's status
 */
export function routeConditions(
  attachment: Attachment,
  findings: readonly RouteFinding[],
  hint: string,
  before?: readonly Condition[],
): readonly RouteCondition[] {
  const ofRules = findings.filter(isOfRule);
  const kept = ofRules.filter(isKept);
  if (kept.length > 0 && attachment.listeners.length > 0) return fallenBack(kept, before);
  const dropped = droppedRules(ofRules);
  const lost = ofRules.filter(({ effect }) => effect.kind === 'dropped').toSorted((a, b) => a.rule - b.rule);
  const conditions: RouteCondition[] = [accepted(attachment, findings, { dropped, lost, hint }), resolvedRefs(ofRules)];
  if (dropped.size > 0 && dropped.size < attachment.rules && attachment.listeners.length > 0) {
    const indexes = [...dropped].toSorted((a, b) => a - b);
    const message = `Dropped Rule ${indexes.join(', ')}: ${messageOf(lost)}`;
    conditions.push({ type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message });
  }
  return conditions;
}

/**
 * The conditions if the data plane serves the route's earlier version. The Gateway API says of RouteConditionPartiallyInvalid:
 * 'the message for this condition MUST start with the prefix "Fall Back"'. Accepted is True "with the generation of the last
 * known good state".
 */
function fallenBack(kept: readonly RuleFinding[], before: readonly Condition[] = []): readonly RouteCondition[] {
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
    { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message: `Fall Back: ${messageOf(kept)}` },
  ];
}

/** Whether Accepted is True. Its message is not made. */
export function isAccepted(attachment: Attachment, findings: readonly RouteFinding[]): boolean {
  return apartBy(attachment, findings).length === 0 && !isLost(attachment, droppedRules(findings));
}

/** Why the parent does not accept the route: no listener accepts it, or the route cannot be read. */
function apartBy({ listeners }: Attachment, findings: readonly RouteFinding[]): readonly ParentFinding[] {
  const apart = findings.filter((finding) => finding.kind === 'parent');
  return listeners.length === 0 ? apart : apart.filter(({ unread }) => unread === true);
}

/** Whether all rules of the route are dropped. */
const isLost = ({ rules }: Attachment, dropped: ReadonlySet<number>): boolean => rules > 0 && dropped.size === rules;

function accepted(
  attachment: Attachment,
  findings: readonly RouteFinding[],
  { dropped, lost, hint }: { dropped: ReadonlySet<number>; lost: readonly RuleFinding[]; hint: string },
): Accepted {
  const apart = apartBy(attachment, findings);
  if (apart[0]) {
    return { type: 'Accepted', status: 'False', reason: apart[0].reason, message: messageOf(apart) };
  }
  if (isLost(attachment, dropped)) {
    return { type: 'Accepted', status: 'False', reason: lostFor(lost), message: messageOf(lost) };
  }
  const hints = messageOf(findings.filter((each) => isOfRule(each) && each.effect.kind === 'remark'));
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message: hint || hints || 'The route is accepted.' };
}

/** The common reason of all dropped rules, else UnsupportedValue. */
function lostFor(lost: readonly RuleFinding[]): Accepted['reason'] {
  const reasons = new Set(lost.flatMap(({ effect }) => (effect.kind === 'dropped' ? [effect.reason] : [])));
  const [reason = 'UnsupportedValue', ...others] = reasons;
  return others.length === 0 ? reason : 'UnsupportedValue';
}

function resolvedRefs(findings: readonly RuleFinding[]): ResolvedRefs {
  const unresolved = pick(findings, ({ effect }) => (effect.kind === 'unresolved' ? effect.reason : undefined));
  return unresolved
    ? { type: 'ResolvedRefs', status: 'False', ...unresolved }
    : { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'All references are resolved.' };
}

/** Absent until targets are unreachable for the first time, because most routes never have such targets. */
function targetsReachable(
  findings: readonly RuleFinding[],
  unknown: boolean,
  { targetsReached }: ProviderWords,
  existing: readonly Condition[] = [],
): readonly Verdict<string, string>[] {
  const type = 'gatehouse.dev/TargetsReachable';
  const unreachable = pick(findings, ({ effect }) => (effect.kind === 'unreachable' ? effect.reason : undefined));
  if (unreachable) return [{ type, status: 'False', ...unreachable }];
  const before = existing.find((condition) => condition.type === type);
  if (before === undefined) return [];
  // Targets that nobody has checked since keep their condition.
  if (unknown && before.status === 'False') return [standing(before)];
  return [{ type, status: 'True', reason: 'TargetsReachable', message: targetsReached }];
}
