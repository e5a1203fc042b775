// Which entries an ALB can express. A match that it can have nowhere costs its whole rule, which is told; one that it can't
// have on some port or for some host alone is left out there, and told too.
import { portEntries } from '../../gateway/entries.ts';
import type { Problem, RuleRef } from '../../gateway/problem.ts';
import type { PortTopology, RouteEntry } from '../../gateway/topology.ts';
import { type RuleBehaviour, ruleBehaviour } from './actions.ts';
import { ruleMatch } from './conditions.ts';
import type { ModelContext } from './context.ts';
import { type Finding, type RulePlacedProblem, refused } from './expressed.ts';
import { stableJson } from './hash.ts';
import type { Packable } from './packing.ts';

/** An entry in AWS's terms. */
export interface PlannedRule extends Packable, RuleBehaviour {
  readonly port: number;
  readonly entry: RouteEntry;
}

interface Attempt {
  readonly port: number;
  readonly entry: RouteEntry;
  readonly findings: readonly Finding[];
  /** Absent where a finding refuses it. */
  readonly rule?: PlannedRule;
}

export function expressEntries(
  context: ModelContext,
  ports: readonly PortTopology[],
  problems: Problem[],
): readonly PlannedRule[] {
  const attempts = ports.flatMap((port) =>
    portEntries(port, context.topology.routes).map((entry) => attempt(context, port, entry)),
  );
  const had = attempts.filter(({ rule }) => rule !== undefined);
  const anywhere = new Set(had.map(({ entry }) => matchId(entry)));
  const onPort = new Set(had.map(({ entry, port }) => `${port} ${matchId(entry)}`));
  const dropped = new Set(
    attempts.flatMap(({ entry }) =>
      entry.source.kind === 'rule' && !anywhere.has(matchId(entry)) ? [sourceId(entry)] : [],
    ),
  );
  const told = new Set<string>();
  for (const { entry, port, findings } of attempts) {
    const place = sourcePlace(entry);
    // An isolating entry fails only for the hostname of its listener, which is told there.
    if (place === undefined) continue;
    for (const finding of findings) {
      const cause = { ...finding, ...place } as RulePlacedProblem;
      const whole = !refused(finding) || dropped.has(sourceId(entry));
      const hostname = onPort.has(`${port} ${matchId(entry)}`) ? entry.hostname : undefined;
      const problem: Problem = whole
        ? cause
        : {
            ...place,
            field: finding.field,
            kind: 'partly-left-out',
            port,
            ...(hostname !== undefined && { hostname }),
            cause,
          };
      const text = stableJson(problem);
      if (!told.has(text)) problems.push(problem);
      told.add(text);
    }
  }
  return attempts.flatMap(({ entry, rule }) => (rule === undefined || dropped.has(sourceId(entry)) ? [] : [rule]));
}

function attempt(context: ModelContext, port: PortTopology, entry: RouteEntry): Attempt {
  const match = ruleMatch(entry);
  const behaviour = ruleBehaviour(context, port, entry);
  const findings = [...match.findings, ...behaviour.findings];
  const tried = { port: port.port, entry, findings };
  if (match.value === undefined || behaviour.value === undefined) return tried;
  const { action, transforms } = behaviour.value;
  const place = sourcePlace(entry);
  const rule = {
    port: port.port,
    entry,
    match: match.value,
    behaviour: stableJson([action, transforms]),
    sources: place === undefined ? [] : [place],
    ...behaviour.value,
  };
  return { ...tried, rule };
}

export function sourcePlace({ source }: RouteEntry): RuleRef | undefined {
  return source.kind === 'rule' ? { route: source.route, rule: source.rule } : undefined;
}

/** Equal for the entries of one rule of a route, whatever the ports, hostnames and matches; empty for what is no route's. */
export function sourceId({ source }: RouteEntry): string {
  return source.kind === 'rule' ? `${source.route.key}/${source.rule}` : '';
}

const matchId = (entry: RouteEntry): string =>
  entry.source.kind === 'rule' ? `${sourceId(entry)}/${entry.source.match}` : '';
