// RequestHeaderModifier and ResponseHeaderModifier, of a rule or of one of its backends.
import type { HttpHeaderModifier, HttpRouteFilter } from '../api/gateway-api.ts';
import type { HeaderChanges, HeaderValue, TopologyBackend } from './route-action.ts';

type HeaderFilters = Pick<TopologyBackend, 'requestHeaders' | 'responseHeaders'>;

export function headerFilters(filters: readonly HttpRouteFilter[]): HeaderFilters {
  const request = filters.find((each) => each.requestHeaderModifier !== undefined)?.requestHeaderModifier;
  const response = filters.find((each) => each.responseHeaderModifier !== undefined)?.responseHeaderModifier;
  return {
    ...(request !== undefined && { requestHeaders: headerChanges(request) }),
    ...(response !== undefined && { responseHeaders: headerChanges(response) }),
  };
}

const headerChanges = ({ set = [], add = [], remove = [] }: HttpHeaderModifier): HeaderChanges => ({
  set: firstOfEachName(set),
  add: firstOfEachName(add),
  remove: [...new Set(remove.map((name) => name.toLowerCase()))],
});

/** Gateway API: if a name is repeated, only its first entry counts. Names ignore case. */
function firstOfEachName(values: readonly HeaderValue[]): readonly HeaderValue[] {
  const byName = new Map<string, HeaderValue>();
  for (const { name: written, value } of values) {
    const name = written.toLowerCase();
    if (!byName.has(name)) byName.set(name, { name, value });
  }
  return [...byName.values()];
}
