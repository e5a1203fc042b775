// A rule's matches in one canonical form, so that equal ones look equal.
import type { HttpHeaderMatch, HttpRouteMatch, HttpRouteRule } from '../api/gateway-api.ts';
import { withoutTrailingSlash } from './paths.ts';

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
