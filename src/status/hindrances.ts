// Hindrances keep a Gateway from being created or changed. The status shows whether the provider refused or did not answer.
import type { Condition } from '../kube/object.ts';
import type { Finding, GatewayFinding, Hindrance } from '../provider/finding.ts';
import type { ProviderWords } from '../provider/words.ts';
import { sentences, standing, type Verdict } from './condition.ts';
import { messageOf } from './words.ts';

export interface HindranceFinding extends GatewayFinding {
  readonly effect: Hindrance;
}

const isHindrance = (finding: Finding): finding is HindranceFinding =>
  finding.kind === 'gateway' && finding.effect.kind === 'hindrance';

export const hindrancesOf = (whole: readonly GatewayFinding[]): readonly HindranceFinding[] =>
  whole.filter(isHindrance);

/** Remarks as a message, even if nothing is wrong. */
export const remarksOf = (whole: readonly GatewayFinding[]): string =>
  messageOf(whole.filter(({ effect }) => effect.kind === 'remark'));

/** Whether the finding may pass by itself: the provider did not answer, or the next attempt may succeed. */
export const isPassing = (finding: Finding): boolean => isHindrance(finding) && finding.effect.passing === true;

/** Why something that never served does not serve. Refusals come before missing answers. */
export function unprogrammedReason(hindrances: readonly HindranceFinding[]): Hindrance['programmed'] {
  const [first] = [...hindrances.filter((each) => !isPassing(each)), ...hindrances];
  return first === undefined ? 'Pending' : first.effect.programmed;
}

const type = 'gatehouse.dev/UpToDate';

type UpToDate = Verdict<typeof type, string>;

const upToDateCondition = ({ upToDate: message }: ProviderWords): UpToDate => ({
  type,
  status: 'True',
  reason: 'UpToDate',
  message,
});

/** How far the desired state has been reached. */
export interface Change {
  readonly hindrances: readonly HindranceFinding[];
  /** Passing hindrances have lasted so long that people should look. */
  readonly overdue: boolean;
  /** Nothing is missing. */
  readonly complete: boolean;
  /** Remarks as a message, even if nothing is wrong. */
  readonly remarks?: string;
  readonly words: ProviderWords;
}

/**
 * Whether the desired state serves. Programmed, in contrast, stays True while requests are served. Absent until it is known for
 * the first time.
 */
export function upToDate(change: Change, existing: readonly Condition[] = []): readonly Verdict<string, string>[] {
  const { hindrances, overdue, complete, remarks = '', words } = change;
  const before = existing.find((condition) => condition.type === type);
  const asBefore = before === undefined ? [] : [standing(before)];
  const refused = hindrances.filter((each) => !isPassing(each));
  const [first] = refused.length > 0 ? refused : hindrances;
  if (first === undefined) {
    if (!complete) return asBefore;
    const verdict = upToDateCondition(words);
    return [{ ...verdict, message: sentences([verdict.message, remarks]) }];
  }
  const reason = first.effect.upToDate;
  if (refused.length === 0) {
    // Each attempt may name another call, which is no news.
    if (!overdue || (before?.status === 'False' && before.reason === reason)) return asBefore;
  }
  const message = messageOf(refused.length > 0 ? refused : hindrances);
  return [{ type, status: 'False', reason, message } satisfies UpToDate];
}

/**
 * The same for a route. A route has it only after a change of a serving rule was refused.
 * @param refused why. Undefined if nothing is refused
 * @param unknown true while nobody knows whether the change has succeeded
 */
export function routeUpToDate(
  refused: { readonly reason: string; readonly message: string } | undefined,
  unknown: boolean,
  words: ProviderWords,
  existing: readonly Condition[] = [],
): readonly Verdict<string, string>[] {
  if (refused !== undefined) return [{ type, status: 'False', ...refused } satisfies UpToDate];
  const before = existing.find((condition) => condition.type === type);
  if (before === undefined) return [];
  return [unknown ? standing(before) : upToDateCondition(words)];
}
