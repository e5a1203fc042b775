// The other listeners that a listener's problem names: the first few by name, and the rest as a number. A Gateway may have
// thousands of listeners, and naming all of them for each would give millions of names.
import type { OwnedListener } from './owned-listeners.ts';
import type { Others } from './problem-place.ts';

/** How many listeners a message names. */
const maxOthers = 10;

/**
 * @param groups the listeners. Only their first members are read
 * @param self the listener with the problem. It is not named
 */
export function othersOf(groups: readonly (readonly OwnedListener[])[], self?: OwnedListener): Others {
  const first = groups.flatMap((group) => group.slice(0, maxOthers + 1)).filter((other) => other !== self);
  const count = groups.reduce((sum, group) => sum + group.length, self === undefined ? 0 : -1);
  const others = first.slice(0, maxOthers).map(({ id }) => id);
  const more = count - others.length;
  return { others, ...(more > 0 && { more }) };
}
