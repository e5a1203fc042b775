// Parts of sentences: names, and how many more there are.
import type { ParentReference } from '../api/gateway-api.ts';
import type { Others, RouteRef } from '../gateway/problem-place.ts';
import { parseObjectKey } from '../kube/object.ts';
import { sectionOf } from '../provider/finding.ts';

/** A sentence has at most this many names, because nobody reads more. */
const maxNames = 10;

/** @param unnamed how many more there are, without a name */
export const list = (items: readonly (string | number)[], unnamed = 0): string => {
  if (items.length === 0) return 'none';
  const more = Math.max(items.length - maxNames, 0) + unnamed;
  return `${items.slice(0, maxNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** Where a sentence begins with a word that stands after the field otherwise. */
export const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Names in quotes: the first ones, and how many more there are. */
export const quoted = (names: readonly string[]): string => list(names.map((name) => `"${name}"`));

/** `namespace/set/` for a ListenerSet's listener; empty for the Gateway's own. */
const ownerOf = (listener: string): string => listener.slice(0, listener.lastIndexOf('/') + 1);

/** Names only listeners of the same Gateway or ListenerSet, because other listeners may belong to another team. */
export function namesOf({ others, more = 0 }: Others, listener: string): string {
  const said = others.map((other) => {
    const owner = ownerOf(other);
    if (owner === ownerOf(listener)) return `"${sectionOf(other)}"`;
    return owner === '' ? 'a listener of the Gateway' : 'a listener of another ListenerSet';
  });
  return list([...new Set(said)], more);
}

export function parentName(parentRef: ParentReference): string {
  const section = parentRef.sectionName === undefined ? '' : `, sectionName "${parentRef.sectionName}"`;
  const port = parentRef.port === undefined ? '' : `, port ${parentRef.port}`;
  const kind = parentRef.kind === 'ListenerSet' ? 'ListenerSet ' : '';
  return `${kind}"${parentRef.name}"${section}${port}`;
}

/** A route of another namespace is not named. */
export const otherRoute = (route: RouteRef, other: RouteRef): string =>
  parseObjectKey(other.key).namespace === parseObjectKey(route.key).namespace
    ? `${other.kind} ${other.key}`
    : `a ${other.kind} of another namespace`;
