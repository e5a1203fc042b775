// Which part of a rule is which route's. Rules of several routes that do the same are packed into one, which has the name of
// the first: a tag says what each has of it, so that what a route has in AWS is known whatever became of the route since.
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import type { RuleMatch } from './conditions.ts';
import type { PlannedSource } from './express-entries.ts';
import { hash, stableJson } from './hash.ts';
import { parseConditions } from './parse-conditions.ts';
import type { ResourceId } from './resources.ts';
import type { StandingRule } from './standing.ts';

/** Of a match, each host with each path and each method: what single entries have. In an order that says nothing. */
function atomsOf({ hosts, paths, methods, others }: RuleMatch): readonly RuleMatch[] {
  const atoms = oneByOne(hosts).flatMap((host) =>
    oneByOne(paths).flatMap((path) =>
      oneByOne(methods).map((method) => ({ hosts: host, paths: path, methods: method, others })),
    ),
  );
  return atoms.length === 1 ? atoms : atoms.toSorted((a, b) => (atomText(a) < atomText(b) ? -1 : 1));
}

/** None at all takes everything: that is one, too. */
const oneByOne = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.length === 0 ? [[]] : items.map((item) => [item]);

/** Equal for equal matches of one host, one path and one method. */
export function atomText({ hosts, paths, methods, others }: RuleMatch): string {
  const conditions = others.map(stableJson).toSorted();
  return stableJson([hosts, paths.map(({ type, value }) => [type, value]), methods, conditions]);
}

/** As many as fit into a tag's value. A rule of more routes is taken to be all of the one whose name it has. */
const MAX_ROUTES = 28;

const mark = (route: RouteId): string => hash(route).slice(0, 6);

/**
 * The value of the tag; undefined where a rule is all of the route whose name its id has. After six digits of the hash of what the rule is, each
 * route has six of its key's hash, and two for which of the atoms it has.
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

/** A host, a path and a method that a rule in AWS answers for. */
export interface StandingAtom {
  readonly rule: StandingRule;
  readonly match: RuleMatch;
  /** Equal for what does the same with the same requests of one port. */
  readonly id: string;
}

export const atomId = (port: number, behaviour: string, match: RuleMatch): string =>
  `${port} ${behaviour} ${atomText(match)}`;

/** What AWS has of each of the routes. @param routes all that anything may be of */
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

/** None of a rule whose conditions are not such as ours are. */
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
  // A tag of what the rule was before says nothing.
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

/** `rule/SCHEME/PORT/NAMESPACE/NAME/RULE/COUNT`, with the kind before the namespace where that is not HTTPRoute. */
export function nameOf(id: string): { readonly route: string; readonly rule: string | undefined } {
  const parts = id.split('/').slice(3);
  // No namespace has an upper-case letter.
  const [kind] = /^[A-Z]/.test(parts[0] ?? '') ? parts.splice(0, 1) : [];
  const [namespace, name, rule] = parts;
  return { route: `${kind === undefined ? '' : `${kind}/`}${namespace}/${name}`, rule };
}
