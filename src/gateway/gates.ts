// Gates fail closed. A rule with a filter or an error keeps its requests from wider rules of its route: it is their gate. If a gate
// is left out, its wider rules are left out too, because they would otherwise let its requests through.
import { compareMatches } from './precedence.ts';
import type { RequestMatch, RuleTopology } from './topology.ts';

export function isGate({ action }: Pick<RuleTopology, 'action'>): boolean {
  if (action.kind !== 'forward') return true;
  return (
    action.backends.some(({ redirect }) => redirect !== undefined) ||
    [action, ...action.backends].some(
      (each) => each.requestHeaders ?? each.responseHeaders ?? each.rewrite ?? each.cors,
    )
  );
}

/** Whether `wider` would take requests of `gate`. Both are rules of one route. */
export function isBehind(gate: RuleTopology, wider: RuleTopology): boolean {
  return (
    gate !== wider &&
    isGate(gate) &&
    gate.matches.some((match, index) =>
      wider.matches.some((other, otherIndex) =>
        takesOver({ rule: gate.rule, match, index }, { rule: wider.rule, match: other, index: otherIndex }),
      ),
    )
  );
}

export interface PlacedMatch {
  readonly rule: number;
  readonly match: RequestMatch;
  readonly index: number;
}

/** Whether the second match, which comes later, can take a request of the first. */
export function takesOver(first: PlacedMatch, second: PlacedMatch): boolean {
  const order = compareMatches(first.match, second.match) || first.rule - second.rule || first.index - second.index;
  return order < 0 && mayOverlap(first.match, second.match);
}

/** Whether one request can match both. True if that is not known. */
function mayOverlap(a: RequestMatch, b: RequestMatch): boolean {
  return (
    pathsMayOverlap(a.path, b.path) &&
    (a.method === undefined || b.method === undefined || a.method === b.method) &&
    valuesMayOverlap(a.headers, b.headers) &&
    valuesMayOverlap(a.queryParams, b.queryParams)
  );
}

function pathsMayOverlap(a: RequestMatch['path'], b: RequestMatch['path']): boolean {
  if (a.type === 'RegularExpression' || b.type === 'RegularExpression') return true;
  return pathCovers(a, b) || pathCovers(b, a);
}

function pathCovers(a: RequestMatch['path'], b: RequestMatch['path']): boolean {
  if (a.value === b.value) return true;
  return a.type !== 'Exact' && (a.value === '/' || b.value.startsWith(`${a.value}/`));
}

function valuesMayOverlap(a: RequestMatch['headers'], b: RequestMatch['headers']): boolean {
  return a.every(({ name, type, value }) =>
    b.every(
      (other) =>
        other.name !== name ||
        other.value === value ||
        type === 'RegularExpression' ||
        other.type === 'RegularExpression',
    ),
  );
}
