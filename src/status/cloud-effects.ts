// What a problem with the cloud does to a Gateway: whether AWS said no, or said nothing; and what the status calls it.

import type { Condition } from '../kube/object.ts';
import { sentences, standing, type Verdict } from './condition.ts';
import type { WholeProblem } from './findings.ts';
import type { Problem } from './problem.ts';
import { told } from './words.ts';

/** Problems of a Gateway's own spec or parameters. They decide about Accepted, and the cloud has no part in them. */
export type SpecKind =
  | 'gateway-unreadable'
  | 'parameters-kind-unknown'
  | 'parameters-not-found'
  | 'parameters-invalid'
  | 'address-unsupported'
  | 'gateway-tls-unsupported';

/** Says so, and keeps nothing from being as it was asked for. */
type Remark = 'admission-widened';

export type CloudProblem = Exclude<WholeProblem, { kind: SpecKind | Remark }>;

/** What is to be said though all is well, in words. */
export const remarksOf = (whole: readonly WholeProblem[]): string =>
  told(whole.filter(({ kind }) => kind === ('admission-widened' satisfies Remark)));

interface Effect {
  /** Of what never served. */
  readonly programmed: 'Invalid' | 'Pending' | 'NoResources';
  /** Of what serves, and is to change. */
  readonly upToDate: UpToDate['reason'];
  /** It may be gone at the next try, and is told of what serves only when it lasts. */
  readonly passing?: true;
}

export type UpToDate = Verdict<
  'gatehouse.dev/UpToDate',
  | 'UpToDate'
  | 'AccessDenied'
  | 'CredentialsInvalid'
  | 'DeletionHeld'
  | 'KindsMissing'
  | 'NoResources'
  | 'NotAnswered'
  | 'Refused'
  | 'RegionChanged'
  | 'VpcUnknown'
>;

const effects: Readonly<Record<CloudProblem['kind'], Effect>> = {
  'subnets-too-few': { programmed: 'NoResources', upToDate: 'NoResources' },
  'source-ranges-too-many': { programmed: 'NoResources', upToDate: 'NoResources' },
  'subnets-invalid': { programmed: 'Invalid', upToDate: 'Refused' },
  'security-groups-not-permitted': { programmed: 'Invalid', upToDate: 'Refused' },
  'vpc-unknown': { programmed: 'Pending', upToDate: 'VpcUnknown', passing: true },
  'kinds-missing': { programmed: 'Pending', upToDate: 'KindsMissing', passing: true },
  'region-changed': { programmed: 'Pending', upToDate: 'RegionChanged' },
  'name-taken': { programmed: 'Invalid', upToDate: 'Refused' },
  'cluster-name-taken': { programmed: 'Invalid', upToDate: 'Refused' },
  'quota-reached': { programmed: 'NoResources', upToDate: 'NoResources' },
  'access-denied': { programmed: 'Invalid', upToDate: 'AccessDenied' },
  'credentials-invalid': { programmed: 'Pending', upToDate: 'CredentialsInvalid', passing: true },
  'cloud-unanswered': { programmed: 'Pending', upToDate: 'NotAnswered', passing: true },
  'cloud-refused': { programmed: 'Invalid', upToDate: 'Refused' },
  // AWS itself takes minutes to let go of some things.
  'deletion-held': { programmed: 'Pending', upToDate: 'DeletionHeld', passing: true },
};

const isCloudProblem = (problem: Problem): problem is CloudProblem => problem.kind in effects;

export const cloudProblems = (whole: readonly WholeProblem[]): readonly CloudProblem[] => whole.filter(isCloudProblem);

/** Whether AWS has said neither yes nor no, or something else that may well be gone at the next try. */
export const isPassing = (problem: Problem): boolean =>
  isCloudProblem(problem) && effects[problem.kind].passing === true;

/** Why what never served does not serve: what AWS refuses goes before what it has not answered. */
export function unprogrammedReason(problems: readonly CloudProblem[]): Effect['programmed'] {
  const [first] = [...problems.filter((problem) => !isPassing(problem)), ...problems];
  return first === undefined ? 'Pending' : effects[first.kind].programmed;
}

/** What is known of the way from what is asked for to what is there. */
export interface Change {
  readonly problems: readonly CloudProblem[];
  /** Passing problems have lasted so long that people should look. */
  readonly overdue: boolean;
  /** Nothing is missing any more. */
  readonly complete: boolean;
  /** What is to be said though all is well, in words. */
  readonly remarks?: string;
}

const type = 'gatehouse.dev/UpToDate';

const upToDateCondition: UpToDate = {
  type,
  status: 'True',
  reason: 'UpToDate',
  message: 'AWS has all that is accepted.',
};

/**
 * The same of a route, which has it only once AWS has refused a change of a rule that serves.
 * @param unknown nobody knows now whether the change has come through
 */
export function routeUpToDate(
  refused: readonly (Problem & { readonly cause: { readonly kind: CloudProblem['kind'] } })[],
  unknown: boolean,
  existing: readonly Condition[] = [],
): readonly Verdict<string, string>[] {
  const before = existing.find((condition) => condition.type === type);
  if (refused[0]) {
    const { upToDate: reason } = effects[refused[0].cause.kind];
    return [{ type, status: 'False', reason, message: told(refused) } satisfies UpToDate];
  }
  if (before === undefined) return [];
  return [unknown ? standing(before) : upToDateCondition];
}

/**
 * Whether what serves is as it was asked for. Beside Programmed, which stays True as long as requests are served; absent until
 * it is known for the first time.
 */
export function upToDate(change: Change, existing: readonly Condition[] = []): readonly Verdict<string, string>[] {
  const before = existing.find((condition) => condition.type === type);
  const asBefore = before === undefined ? [] : [standing(before)];
  const refused = change.problems.filter((problem) => !isPassing(problem));
  const [first] = refused.length > 0 ? refused : change.problems;
  if (first === undefined) {
    if (!change.complete) return asBefore;
    return [{ ...upToDateCondition, message: sentences([upToDateCondition.message, change.remarks ?? '']) }];
  }
  const reason = effects[first.kind].upToDate;
  if (refused.length === 0) {
    // Which call is not answered differs from try to try: that is no news.
    if (!change.overdue || (before?.status === 'False' && before.reason === reason)) return asBefore;
  }
  const message = told(refused.length > 0 ? refused : change.problems);
  return [{ type, status: 'False', reason, message } satisfies UpToDate];
}
