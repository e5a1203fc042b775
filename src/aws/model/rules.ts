// The routes' entries as an ALB's rules, in order of precedence. A route's rule that cannot be expressed or does not fit is left out
// completely and reported. The other rules stay.

import { type PortView, viewOf } from '../../gateway/entries.ts';
import type { RuleRef } from '../../gateway/problem-place.ts';
import { routeId } from '../../gateway/route-id.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { PortTopology, RouteEntry } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import { type Choice, chooseRules, type Misfit } from './choose-rules.ts';
import { ruleConditions } from './conditions.ts';
import type { ModelContext } from './context.ts';
import type { PlannedRule } from './express-entries.ts';
import { GateIndex } from './gate-index.ts';
import { gateMissing } from './gates.ts';
import { hash, shortHash, stableJson } from './hash.ts';
import { resourceId } from './naming.ts';
import { packPort, packTightly } from './pack-port.ts';
import { sameConditions } from './parse-conditions.ts';
import type { RuleResource, TargetGroupResource, TargetSelection } from './resources.ts';
import { sharesTag } from './shares.ts';
import type { Standing, StandingRule } from './standing.ts';

export interface Rules {
  readonly targetGroups: readonly TargetGroupResource[];
  /** The target groups that stay as they are in AWS. */
  readonly standing: readonly TargetSelection[];
  readonly rules: readonly RuleResource[];
  readonly problems: readonly Problem[];
}

export function* buildRules(context: ModelContext, ports: readonly PortTopology[], standing: Standing): Steps<Rules> {
  const views = ports.map(viewOf);
  const choice = yield* chooseRules(context, views, standing);
  const packed = packAll(context, choice, views);
  return {
    ...targetGroupsOf(choice, packed, standing),
    rules: ruleResources(context, choice, packed, standing),
    problems: problemsOf(context, choice, packed.length),
  };
}

function packAll(
  context: ModelContext,
  { room, isolation }: Choice,
  views: readonly PortView[],
): readonly PlannedRule[] {
  const chosen = Map.groupBy(room.chosen(), ({ planned }) => planned.port);
  const packedBy = (pack: typeof packPort) =>
    views.flatMap((view) => {
      const { port } = view.port;
      return pack(
        { context, view, isolates: (listener) => isolation.isolates(port, listener) },
        chosen.get(port) ?? [],
      );
    });
  const packed = packedBy(packPort);
  return packed.length <= room.limit ? packed : packedBy(packTightly);
}

/** The target groups, in the order in which rules refer to them. */
function targetGroupsOf(
  { room }: Choice,
  packed: readonly PlannedRule[],
  standing: Standing,
): Pick<Rules, 'targetGroups' | 'standing'> {
  const wanted = new Map(
    room.chosen().flatMap(({ planned }) => planned.targetGroups.map((group) => [group.id, group])),
  );
  const present = new Map(standing.targetGroups.map((group) => [group.id, group]));
  const used = new Set(
    packed
      .flatMap(({ action }) => (action.kind === 'forward' ? action.targetGroups : []))
      .map((each) => each.targetGroup),
  );
  return {
    targetGroups: [...used].flatMap((id) => wanted.get(id) ?? []),
    standing: [...used].flatMap((id) => (wanted.has(id) ? [] : (present.get(id) ?? []))),
  };
}

function ruleResources(
  context: ModelContext,
  choice: Choice,
  packed: readonly PlannedRule[],
  standing: Standing,
): readonly RuleResource[] {
  const { scheme } = context.topology.settings;
  const counts = new Map<string, number>();
  const gates = new GateIndex(choice.candidates.flatMap(({ sources }) => sources));
  return packed.flatMap((rule): RuleResource[] => {
    const base = ['rule', scheme, rule.port, ...sourceName(rule.entry)];
    const count = counts.get(base.join('/')) ?? 0;
    counts.set(base.join('/'), count + 1);
    const id = resourceId(...base, count);
    const conditions = ruleConditions(rule.match);
    if (conditions === undefined) return [];
    const made = { conditions, action: rule.action, transforms: rule.transforms };
    const kept = rule.sources.some((source) => source.rule === undefined)
      ? asItStands(rule, made, standing)
      : undefined;
    const spec = kept?.spec ?? made;
    const stands = kept?.specHash;
    const shares = sharesTag({ id, match: rule.match, specHash: stands ?? hash(spec) }, rule.sources);
    const before = gates.before(id, rule);
    return [
      {
        kind: 'rule',
        id,
        listener: resourceId('listener', scheme, rule.port),
        spec,
        sources: rulesOf(rule.sources),
        ...(shares !== undefined && { shares }),
        ...(before.length > 0 && { gates: before }),
        ...(stands !== undefined && { stands }),
        tags: context.topology.settings.tags,
      },
    ];
  });
}

/** The rule in AWS with the same meaning, if there is one. */
const asItStands = ({ port }: PlannedRule, spec: RuleResource['spec'], { rules }: Standing): StandingRule | undefined =>
  rules.find(
    (rule) =>
      rule.port === port &&
      stableJson([rule.spec.action, rule.spec.transforms]) === stableJson([spec.action, spec.transforms]) &&
      sameConditions(rule.spec.conditions, spec.conditions),
  );

/** Several entries of one rule may have been packed together. */
const rulesOf = (sources: PlannedRule['sources']): readonly RuleRef[] => [
  ...new Map(
    sources.flatMap(({ route, rule }) =>
      rule === undefined ? [] : [[`${routeId(route)}/${rule}`, { route, rule }] as const],
    ),
  ).values(),
];

function sourceName({ source, hostname }: RouteEntry): readonly (string | number)[] {
  if (source.kind === 'isolate') return ['isolate', shortHash(hostname ?? '', 8)];
  return [routeId(source.route), source.ruleName ?? source.rule];
}

function problemsOf(context: ModelContext, choice: Choice, held: number): readonly Problem[] {
  const { candidates, budget, misfits, exposed, open } = choice;
  const { rulesPerLoadBalancer } = context.options.quotas;
  return [
    ...candidates.flatMap((each) => (budget.allows(each) ? each.expressed() : [])).flatMap(({ problems }) => problems),
    ...misfits.map((misfit) => misfitProblem(context, choice, misfit, held)),
    ...exposed.map(({ source, gate }) => gateMissing(source.place, gate)),
    ...open.map(
      ({ port, listener }): Problem => ({
        kind: 'listener-not-isolated',
        listener,
        field: 'hostname',
        port,
        limit: rulesPerLoadBalancer,
      }),
    ),
  ];
}

function misfitProblem(
  { options: { quotas } }: ModelContext,
  { room }: Choice,
  { source, lack, rules, least, kept }: Misfit,
  held: number,
): Problem {
  const { place } = source;
  const ofRules = lack !== 'target-groups';
  const taken = ofRules
    ? { limit: quotas.rulesPerLoadBalancer, held }
    : { limit: quotas.targetGroupsPerLoadBalancer, held: room.targetGroups() };
  const counted = ofRules ? room.wants(rules ?? []) : room.wantsTargetGroups(rules ?? []);
  // It did not fit, so it needs more than is free.
  const wanted = least ?? Math.max(counted, taken.limit - taken.held + 1);
  const want = { ...taken, ...(lack !== 'untried' && { wanted }) };
  const field = ofRules ? 'matches' : 'backendRefs';
  if (kept) return { kind: 'change-does-not-fit', ...place, field, lack: ofRules ? 'rules' : 'target-groups', ...want };
  return { kind: ofRules ? 'too-many-rules' : 'too-many-target-groups', ...place, field, ...want };
}
