// Which parts of a rule belong to which route. Rules of several routes may be packed into one, whose id has the name of the first
// route. A tag says which parts each route has, so that this is known even after a route has changed.
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import type { RuleMatch } from './conditions.ts';
import type { PlannedSource } from './express-entries.ts';
import { hash, stableJson } from './hash.ts';
import { parseConditions } from './parse-conditions.ts';
import type { ResourceId } from './resources.ts';
import type { StandingRule } from './standing.ts';

/** A match as single atoms: each host with each path and each method. The order has no meaning. */
function atomsOf({ hosts, paths, methods, others }: RuleMatch): readonly RuleMatch[] {
  const atoms = oneByOne(hosts).flatMap((host) =>
    oneByOne(paths).flatMap((path) =>
      oneByOne(methods).map((method) => ({ hosts: host, paths: path, methods: method, others })),
    ),
  );
  return atoms.length === 1 ? atoms : atoms.toSorted((a, b) => (atomText(a) < atomText(b) ? -1 : 1));
}

/** An empty list matches everything, so it counts as one. */
const oneByOne = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.length === 0 ? [[]] : items.map((item) => [item]);

/** Equal for equal atoms. */
export function atomText({ hosts, paths, methods, others }: RuleMatch): string {
  const conditions = others.map(stableJson).toSorted();
  return stableJson([hosts, paths.map(({ type, value }) => [type, value]), methods, conditions]);
}

/** How many routes fit into a tag's value. A rule of more routes counts as a rule of the first route only. */
const MAX_ROUTES = 28;

const mark = (route: RouteId): string => hash(route).slice(0, 6);

/**
 * The value of the tag. Undefined if the whole rule belongs to the route whose name is in its id. It begins with six digits of the
 * rule's hash. Then each route has six digits of its key's hash, and two digits for its atoms.
 */
export function sharesTag(
  { id, match, specHash }: { readonly id: ResourceId; readonly match: RuleMatch; readonly specHash: string },
  sources: readonly PlannedSource[],
): string | undefined {
  const byRoute = Map.groupBy(sources, ({ route }) => routeId(route));
  const isNamed = [...byRoute.keys()].every((route) => route === nameOf(id).route);
  if (isNamed || byRoute.size > MAX_ROUTES) return undefined;
  const atoms = atomsOf(match).map(atomText);
  const shares = [...byRoute].map(([key, own]) => {
    const has = new Set(own.map((source) => atomText(source.match)));
    const bits = atoms.reduce((sum, atom, index) => sum + (has.has(atom) ? 2 ** index : 0), 0);
    return `${mark(key)}${bits.toString(16).padStart(2, '0')}`;
  });
  return [specHash.slice(0, 6), ...shares.toSorted()].join(' ');
}

/** An atom of a rule in AWS: a host, a path and a method. */
export interface StandingAtom {
  readonly rule: StandingRule;
  readonly match: RuleMatch;
  /** Equal for atoms with the same action and the same requests of one port. */
  readonly id: string;
}

export const atomId = (port: number, behaviour: string, match: RuleMatch): string =>
  `${port} ${behaviour} ${atomText(match)}`;

/** The atoms of each route in AWS. @param routes all routes that may have atoms */
export function standingAtoms(
  rules: readonly StandingRule[],
  routes: readonly RouteId[],
): { readonly all: readonly StandingAtom[]; readonly byRoute: ReadonlyMap<RouteId, readonly StandingAtom[]> } {
  const keys = new Map<string, RouteId>(routes.map((route) => [route, route]));
  const marks = new Map(routes.map((route) => [mark(route), route]));
  const all: StandingAtom[] = [];
  const byRoute = new Map<RouteId, StandingAtom[]>();
  for (const rule of rules) {
    const atoms = atomsOfRule(rule);
    all.push(...atoms);
    for (const [route, own] of owners(rule, atoms, keys, marks)) {
      byRoute.set(route, [...(byRoute.get(route) ?? []), ...own]);
    }
  }
  return { all, byRoute };
}

/** Empty for a rule with conditions that we never make. */
function atomsOfRule(rule: StandingRule): readonly StandingAtom[] {
  const match = parseConditions(rule.spec.conditions);
  const behaviour = stableJson([rule.spec.action, rule.spec.transforms]);
  return match === undefined
    ? []
    : atomsOf(match).map((atom) => ({ rule, match: atom, id: atomId(rule.port, behaviour, atom) }));
}

function owners(
  { id, routes, specHash }: StandingRule,
  atoms: readonly StandingAtom[],
  keys: ReadonlyMap<string, RouteId>,
  marks: ReadonlyMap<string, RouteId>,
): readonly (readonly [RouteId, readonly StandingAtom[]])[] {
  const [stamp, ...shares] = routes?.split(' ') ?? [];
  // A tag from before the rule's last change has no meaning.
  if (stamp !== undefined && specHash?.startsWith(stamp) === true) {
    return shares.flatMap((share) => {
      const route = marks.get(share.slice(0, 6));
      const bits = Number.parseInt(share.slice(6), 16);
      return route === undefined ? [] : [[route, atoms.filter((_, index) => ((bits >> index) & 1) === 1)] as const];
    });
  }
  const named = keys.get(nameOf(id).route);
  return named === undefined ? [] : [[named, atoms]];
}

/** Reads `rule/SCHEME/PORT/NAMESPACE/NAME/RULE/COUNT`. Kinds other than HTTPRoute stand before the namespace. */
export function nameOf(id: string): { readonly route: string; readonly rule: string | undefined } {
  const parts = id.split('/').slice(3);
  // Namespaces have no upper-case letters.
  const [kind] = /^[A-Z]/.test(parts[0] ?? '') ? parts.splice(0, 1) : [];
  const [namespace, name, rule] = parts;
  return { route: `${kind === undefined ? '' : `${kind}/`}${namespace}/${name}`, rule };
}
