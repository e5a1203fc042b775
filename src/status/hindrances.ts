// What keeps a Gateway from being made or changed, and what the status makes of it: whether the provider refused, or did not
// answer.
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

/** What is to be said though all is well, in words. */
export const remarksOf = (whole: readonly GatewayFinding[]): string =>
  messageOf(whole.filter(({ effect }) => effect.kind === 'remark'));

/** Whether the provider has said neither yes nor no, or something else that may well be gone at the next try. */
export const isPassing = (finding: Finding): boolean => isHindrance(finding) && finding.effect.passing === true;

/** Why what never served does not serve: what is refused goes before what is not answered. */
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

/** What is known of the way from what is asked for to what is there. */
export interface Change {
  readonly hindrances: readonly HindranceFinding[];
  /** Passing hindrances have lasted so long that people should look. */
  readonly overdue: boolean;
  /** Nothing is missing any more. */
  readonly complete: boolean;
  /** What is to be said though all is well, in words. */
  readonly remarks?: string;
  readonly words: ProviderWords;
}

/**
 * Whether what serves is as it was asked for. Beside Programmed, which stays True as long as requests are served; absent until
 * it is known for the first time.
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
    // Which call is not answered differs from try to try: that is no news.
    if (!overdue || (before?.status === 'False' && before.reason === reason)) return asBefore;
  }
  const message = messageOf(refused.length > 0 ? refused : hindrances);
  return [{ type, status: 'False', reason, message } satisfies UpToDate];
}

/**
 * The same of a route, which has it only once a change of a rule that serves was refused.
 * @param reason why; absent where nothing is refused
 * @param unknown nobody knows now whether the change has come through
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
