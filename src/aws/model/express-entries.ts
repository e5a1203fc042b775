// What an ALB can express of a route's rule. If a match cannot be expressed on any port, the whole rule is dropped. If only on one
// port or for one host, the match is dropped there. Both are reported.
import { type PortView, type RankedEntry, ruleEntries } from '../../gateway/entries.ts';
import type { Candidate } from '../../gateway/precedence.ts';
import type { RouteRef, RuleRef } from '../../gateway/problem-place.ts';
import type { RouteEntry, RouteTopology, RuleTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import type { RulePlacedProblem } from '../rule-problem.ts';
import { fixedResponse, only, type RuleBehaviour, ruleBehaviour } from './actions.ts';
import { type RuleMatch, ruleMatch } from './conditions.ts';
import type { ModelContext } from './context.ts';
import { type AlbShortfall, refused } from './expressed.ts';
import { stableJson } from './hash.ts';
import type { Packable } from './packing.ts';
import type { StandingRule } from './standing.ts';

/** An entry as AWS has it. */
export interface PlannedRule extends Packable, RuleBehaviour {
  readonly port: number;
  readonly entry: RouteEntry;
  readonly sources: readonly PlannedSource[];
  /** Its present priority in AWS. */
  readonly standsAt?: number;
  /** For a kept rule of a route that has changed: the rule in AWS that it comes from. */
  readonly keptFrom?: StandingRule;
}

/** The part of a rule that belongs to a route. */
export interface PlannedSource {
  readonly route: RouteRef;
  /** The rule's index. Undefined for a kept rule of a route that has changed. */
  readonly rule: number | undefined;
  readonly match: RuleMatch;
}

export interface RankedRule {
  readonly planned: PlannedRule;
  readonly candidate: Candidate;
}

/** A rule of a route, for all ports, hostnames and matches. */
export interface SourceRule {
  /** Unique in the Gateway. */
  readonly id: string;
  readonly place: RuleRef;
  readonly route: RouteTopology;
  readonly rule: RuleTopology;
}

export interface ExpressedSource {
  readonly source: SourceRule;
  readonly rules: readonly RankedRule[];
  /** Entries without a rule: all entries if the whole rule is left out. */
  readonly missing: readonly MissingEntry[];
  readonly problems: readonly Problem[];
}

export interface MissingEntry {
  readonly port: number;
  readonly entry: RouteEntry;
}

interface Attempt extends MissingEntry {
  readonly candidate: Candidate;
  readonly shortfalls: readonly AlbShortfall[];
  /** Absent if a shortfall rules it out. */
  readonly planned?: PlannedRule;
}

/** @param views of the ports. The rule's entries are counted already, so all of them are made */
export function expressSource(context: ModelContext, views: readonly PortView[], source: SourceRule): ExpressedSource {
  const { route, rule } = source;
  const attempts = views.flatMap((view) =>
    ruleEntries(view, route, rule).map((ranked) => attempt(context, view, ranked)),
  );
  const had = attempts.filter(({ planned }) => planned !== undefined);
  const anywhere = new Set(had.map(({ entry }) => matchIndex(entry)));
  const dropped = attempts.some(({ entry }) => !anywhere.has(matchIndex(entry)));
  const missing = dropped ? attempts : attempts.filter(({ planned }) => planned === undefined);
  return {
    source,
    rules: dropped
      ? []
      : had.flatMap(({ planned, candidate }) => (planned === undefined ? [] : { planned, candidate })),
    missing: missing.filter(isMissed).map(({ port, entry }) => ({ port, entry })),
    problems: problemsOf(source.place, attempts, dropped),
  };
}

/** If a redirect leads to the same URL, the request has reached its target. So the redirect is no gate for other rules. */
const isMissed = ({ shortfalls }: Attempt): boolean => !shortfalls.some(({ kind }) => kind === 'redirect-to-itself');

const matchIndex = ({ source }: RouteEntry): number => (source.kind === 'rule' ? source.match : 0);

/** Each once. */
function problemsOf(place: RuleRef, attempts: readonly Attempt[], dropped: boolean): readonly Problem[] {
  const right = attempts.filter(({ shortfalls }) => !shortfalls.some(refused));
  const anywhere = new Set(right.map(({ entry }) => matchIndex(entry)));
  const onPort = new Set(right.map(({ port, entry }) => `${port} ${matchIndex(entry)}`));
  const problems = attempts.flatMap(({ entry, port, shortfalls }) =>
    shortfalls.map((shortfall): Problem => {
      const cause = { ...shortfall, ...place } as RulePlacedProblem;
      if (!refused(shortfall) || dropped || !anywhere.has(matchIndex(entry))) return cause;
      const hostname = onPort.has(`${port} ${matchIndex(entry)}`) ? entry.hostname : undefined;
      return partlyLeftOut(cause, port, hostname);
    }),
  );
  return [...new Map(problems.map((problem) => [stableJson(problem), problem])).values()];
}

export function partlyLeftOut(
  cause: RulePlacedProblem,
  port: number,
  hostname: string | undefined,
): Extract<Problem, { kind: 'partly-left-out' }> {
  const { route, rule, field } = cause;
  return { route, rule, field, kind: 'partly-left-out', port, ...(hostname !== undefined && { hostname }), cause };
}

function attempt(context: ModelContext, view: PortView, { entry, candidate }: RankedEntry): Attempt {
  const { planned, shortfalls } = expressEntry(context, view, entry);
  return { port: view.port.port, entry, candidate, shortfalls, ...(planned !== undefined && { planned }) };
}

export function expressEntry(
  context: ModelContext,
  { port }: PortView,
  entry: RouteEntry,
): { readonly planned?: PlannedRule; readonly shortfalls: readonly AlbShortfall[] } {
  const match = ruleMatch(entry);
  const behaviour = ruleBehaviour(context, port, entry);
  const shortfalls = [...match.shortfalls, ...behaviour.shortfalls];
  const does = behaviour.value ?? instead(behaviour.shortfalls);
  if (match.value === undefined || does === undefined) return { shortfalls };
  const { action, transforms } = does;
  const { source } = entry;
  const planned: PlannedRule = {
    port: port.port,
    entry,
    match: match.value,
    behaviour: stableJson([action, transforms]),
    sources: source.kind === 'rule' ? [{ route: source.route, rule: source.rule, match: match.value }] : [],
    ...does,
  };
  return { planned, shortfalls };
}

/**
 * If an action cannot be expressed, its requests are answered by an error, so that no other rule takes them. A redirect to the same
 * URL is an exception: other rules may answer its requests.
 */
const instead = (shortfalls: readonly AlbShortfall[]): RuleBehaviour | undefined =>
  shortfalls.some(({ kind }) => kind === 'redirect-to-itself') ? undefined : only(fixedResponse(500));
