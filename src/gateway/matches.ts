// A rule's matches in a canonical form, so that equal matches are written in the same way.
import type { HttpHeaderMatch, HttpRouteMatch, HttpRouteRule } from '../api/gateway-api.ts';
import { withoutTrailingSlash } from './paths.ts';
import type { RequestMatch, ValueMatch } from './topology.ts';

/** The match of every request. */
export const ANY_REQUEST: RequestMatch = { path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] };

/** A rule without matches takes every request. */
export function requestMatches(rule: HttpRouteRule): readonly RequestMatch[] {
  const matches = rule.matches ?? [];
  return matches.length === 0 ? [ANY_REQUEST] : matches.map(requestMatch);
}

function requestMatch({ path = {}, headers = [], queryParams = [], method }: HttpRouteMatch): RequestMatch {
  const { type = 'PathPrefix', value = '/' } = path;
  return {
    path: { type, value: type === 'PathPrefix' ? withoutTrailingSlash(value) : value },
    headers: headerMatches(headers),
    queryParams: firstOfEachName(queryParams),
    ...(method !== undefined && { method }),
  };
}

/** Header names ignore case. */
export const headerMatches = (headers: readonly HttpHeaderMatch[]): readonly ValueMatch[] =>
  firstOfEachName(headers.map((header) => ({ ...header, name: header.name.toLowerCase() })));

/** Gateway API: if a name is repeated, only its first entry counts. */
function firstOfEachName(conditions: readonly HttpHeaderMatch[]): readonly ValueMatch[] {
  const byName = new Map<string, ValueMatch>();
  for (const { type = 'Exact', name, value } of conditions) {
    if (!byName.has(name)) byName.set(name, { type, name, value });
  }
  return [...byName.values()];
}
