// A rule's matches in one canonical form, so that equal ones look equal.
import type { HttpHeaderMatch, HttpRouteMatch, HttpRouteRule } from '../api/gateway-api.ts';
import { withoutTrailingSlash } from './filters.ts';
import type { RuleContext } from './rules.ts';
import type { Capabilities } from './topology.ts';

/** No matches is the one that every request matches. */
export function normalizedMatches(rule: HttpRouteRule): readonly HttpRouteMatch[] {
  const matches = rule.matches ?? [];
  return matches.length === 0 ? [normalizeMatch({})] : matches.map(normalizeMatch);
}

/** Every field that has a default is there, header names are in lower case, and of repeated names only the first is left. */
function normalizeMatch({ path, headers = [], queryParams = [], method }: HttpRouteMatch): HttpRouteMatch {
  const type = path?.type ?? 'PathPrefix';
  const value = path?.value ?? '/';
  const lowerCase = headers.map((header) => ({ ...header, name: header.name.toLowerCase() }));
  return {
    path: { type, value: type === 'PathPrefix' ? withoutTrailingSlash(value) : value },
    ...(headers.length > 0 && { headers: firstOfEachName(lowerCase) }),
    ...(queryParams.length > 0 && { queryParams: firstOfEachName(queryParams) }),
    ...(method !== undefined && { method }),
  };
}

function firstOfEachName(conditions: readonly HttpHeaderMatch[]): readonly HttpHeaderMatch[] {
  const byName = new Map<string, HttpHeaderMatch>();
  for (const { type = 'Exact', name, value } of conditions) {
    if (!byName.has(name)) byName.set(name, { type, name, value });
  }
  return [...byName.values()];
}

/** Reports every part of a rule's matches that the data plane has no condition for. */
export function areSupported(
  matches: readonly HttpRouteMatch[],
  { place, capabilities, report }: RuleContext,
): boolean {
  let supported = true;
  for (const [index, match] of matches.entries()) {
    for (const [field, feature] of featuresOf(match)) {
      if (capabilities.matches.includes(feature)) continue;
      supported = false;
      report({
        ...place(`matches[${index}].${field}`),
        kind: 'match-unsupported',
        detail: `a match by ${words[feature]} is not something that the load balancer can do`,
      });
    }
  }
  return supported;
}

type Feature = Capabilities['matches'][number];

const words: Readonly<Record<Feature, string>> = {
  'path-exact': 'exact path',
  'path-prefix': 'path prefix',
  'path-regex': 'regular expression of the path',
  header: 'header',
  'header-regex': 'regular expression of a header',
  query: 'query parameter',
  'query-regex': 'regular expression of a query parameter',
  method: 'method',
};

const pathFeatures = {
  Exact: 'path-exact',
  PathPrefix: 'path-prefix',
  RegularExpression: 'path-regex',
} as const satisfies Record<string, Feature>;

const isRegex = ({ type }: HttpHeaderMatch): boolean => type === 'RegularExpression';

function featuresOf({ path, headers, queryParams, method }: HttpRouteMatch): readonly (readonly [string, Feature])[] {
  return [
    ['path', pathFeatures[path?.type ?? 'PathPrefix']] as const,
    ...(headers ?? []).map((header) => ['headers', isRegex(header) ? 'header-regex' : 'header'] as const),
    ...(queryParams ?? []).map((param) => ['queryParams', isRegex(param) ? 'query-regex' : 'query'] as const),
    ...(method === undefined ? [] : [['method', 'method'] as const]),
  ];
}
