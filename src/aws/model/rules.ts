// Route entries as an ALB's rules, in order of precedence. A rule of a route that can't be expressed, or that does not fit,
// is left out as a whole and told; the others stay.
import { compareStrings } from '../../gateway/precedence.ts';
import type { Problem, RuleRef } from '../../gateway/problem.ts';
import type { PortTopology, RouteEntry, RouteTopology } from '../../gateway/topology.ts';
import { ruleConditions } from './conditions.ts';
import type { ModelContext } from './context.ts';
import { expressEntries, type PlannedRule, sourceId, sourcePlace } from './express-entries.ts';
import { shortHash, stableJson } from './hash.ts';
import { resourceId } from './naming.ts';
import { packRules, takesAll } from './packing.ts';
import type { ResourceId, RuleResource, TargetGroupResource } from './resources.ts';

/** A rule of a route, whatever the ports, hostnames and matches that made entries of it. */
interface SourceRule {
  readonly id: string;
  readonly place: RuleRef;
  readonly created: string;
}

export interface Rules {
  readonly targetGroups: readonly TargetGroupResource[];
  readonly rules: readonly RuleResource[];
  readonly problems: readonly Problem[];
}

export function buildRules(context: ModelContext, ports: readonly PortTopology[]): Rules {
  const problems: Problem[] = [];
  const expressed = expressEntries(context, ports, problems);
  const sources = oldestFirst(expressed, context.topology.routes);
  const { targetGroupsPerLoadBalancer, rulesPerLoadBalancer } = context.options.quotas;
  const supplied = withinTargetGroups(expressed, sources, targetGroupsPerLoadBalancer, problems);
  const packed = withinRules(supplied, sources, rulesPerLoadBalancer, problems);
  const targetGroups = new Map(packed.flatMap((rule) => rule.targetGroups.map((group) => [group.id, group])));
  return { targetGroups: [...targetGroups.values()], rules: ruleResources(context, packed), problems };
}

function oldestFirst(rules: readonly PlannedRule[], routes: readonly RouteTopology[]): readonly SourceRule[] {
  const created = new Map(routes.map((route) => [route.route.key, route.created]));
  const sources = new Map<string, SourceRule>();
  for (const { entry } of rules) {
    const place = sourcePlace(entry);
    if (place === undefined) continue;
    const id = sourceId(entry);
    sources.set(id, { id, place, created: created.get(place.route.key) ?? '' });
  }
  return [...sources.values()].toSorted(
    (a, b) =>
      compareStrings(a.created, b.created) ||
      compareStrings(a.place.route.key, b.place.route.key) ||
      a.place.rule - b.place.rule,
  );
}

function withinTargetGroups(
  rules: readonly PlannedRule[],
  sources: readonly SourceRule[],
  limit: number,
  problems: Problem[],
): readonly PlannedRule[] {
  const needs = new Map<string, Set<ResourceId>>();
  for (const { entry, targetGroups } of rules) {
    const need = needs.get(sourceId(entry)) ?? new Set<ResourceId>();
    for (const { id } of targetGroups) need.add(id);
    needs.set(sourceId(entry), need);
  }
  let kept: ReadonlySet<ResourceId> = new Set();
  const dropped = new Set<string>();
  for (const { id, place } of sources) {
    const wanted = kept.union(needs.get(id) ?? new Set<ResourceId>());
    if (wanted.size <= limit) {
      kept = wanted;
    } else {
      dropped.add(id);
      problems.push({ kind: 'too-many-target-groups', ...place, field: 'backendRefs', limit });
    }
  }
  return rules.filter(({ entry }) => !dropped.has(sourceId(entry)));
}

/** Packs; where that is not enough, the rules of the oldest routes stay, as many as fit. */
function withinRules(
  rules: readonly PlannedRule[],
  sources: readonly SourceRule[],
  limit: number,
  problems: Problem[],
): readonly PlannedRule[] {
  const present = new Set(rules.map(({ entry }) => sourceId(entry)));
  const candidates = sources.filter(({ id }) => present.has(id));
  const packed = (count: number) => {
    const kept = new Set(candidates.slice(0, count).map(({ id }) => id)).add('');
    return packPorts(rules.filter(({ entry }) => kept.has(sourceId(entry))));
  };
  const possible = mayFit(rules, candidates, limit);
  if (possible === candidates.length) {
    const all = packed(possible);
    if (all.length <= limit) return all;
  }
  let fits = 0;
  let tooMany = Math.min(possible + 1, candidates.length);
  let best: readonly PlannedRule[] = packed(0).slice(0, limit);
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    const attempt = packed(middle);
    if (attempt.length <= limit) {
      fits = middle;
      best = attempt;
    } else {
      tooMany = middle;
    }
  }
  for (const { place } of candidates.slice(fits)) {
    problems.push({ kind: 'too-many-rules', ...place, field: 'matches', limit });
  }
  return best;
}

/** What one rule takes in at most: two hosts with three paths are five condition values. */
const MATCHES_PER_RULE = 6;

/**
 * How many of the candidates may fit, by how many matches they have: to pack takes far longer than to count, and nobody's
 * thousands of matches are to hold up the others.
 */
function mayFit(rules: readonly PlannedRule[], candidates: readonly SourceRule[], limit: number): number {
  const bySource = Map.groupBy(rules, ({ entry }) => sourceId(entry));
  const matches = new Set<string>();
  for (const [index, { id }] of candidates.entries()) {
    for (const { port, match } of bySource.get(id) ?? []) matches.add(stableJson([port, match]));
    if (matches.size > limit * MATCHES_PER_RULE) return index;
  }
  return candidates.length;
}

function packPorts(rules: readonly PlannedRule[]): readonly PlannedRule[] {
  const byPort = Map.groupBy(rules, ({ port }) => port);
  return [...byPort.values()].flatMap((ofPort) => packRules(withoutIdle(ofPort)));
}

/** What isolates a listener is needless where the listener has a rule for everything, if that rule is still there. */
const withoutIdle = (rules: readonly PlannedRule[]): readonly PlannedRule[] =>
  rules.filter(
    ({ entry, match }, index) =>
      entry.source.kind !== 'isolate' || !rules.slice(0, index).some((earlier) => takesAll(earlier.match, match)),
  );

function ruleResources(context: ModelContext, packed: readonly PlannedRule[]): readonly RuleResource[] {
  const { scheme } = context.topology.settings;
  const counts = new Map<string, number>();
  return packed.flatMap((rule): RuleResource[] => {
    const base = ['rule', scheme, rule.port, ...sourceName(rule.entry)];
    const count = counts.get(base.join('/')) ?? 0;
    counts.set(base.join('/'), count + 1);
    const id = resourceId(...base, count);
    const conditions = ruleConditions(rule.match);
    if (conditions === undefined) return [];
    return [
      {
        kind: 'rule',
        id,
        listener: resourceId('listener', scheme, rule.port),
        spec: { conditions, action: rule.action, transforms: rule.transforms },
        sources: eachOnce(rule.sources),
        tags: context.topology.settings.tags,
      },
    ];
  });
}

/** Several entries of one rule may have been packed together. */
const eachOnce = (sources: readonly RuleRef[]): readonly RuleRef[] => [
  ...new Map(sources.map((source) => [`${source.route.key}/${source.rule}`, source])).values(),
];

function sourceName({ source, hostname }: RouteEntry): readonly (string | number)[] {
  if (source.kind === 'isolate') return ['isolate', shortHash(hostname ?? '', 8)];
  return [source.route.key, source.ruleName ?? source.rule];
}
