// The other listeners that a listener's problem names: as many as anybody reads, and the rest as a number. To name all of all
// would be millions of names, where ListenerSets bring thousands of listeners.
import type { OwnedListener } from './owned-listeners.ts';
import type { Others } from './problem-place.ts';

/** As many as anybody reads. */
const maxOthers = 10;

/**
 * @param groups looked at no further than is needed to name the first ones
 * @param self one of the listeners, which is no other one
 */
export function othersOf(groups: readonly (readonly OwnedListener[])[], self?: OwnedListener): Others {
  const first = groups.flatMap((group) => group.slice(0, maxOthers + 1)).filter((other) => other !== self);
  const count = groups.reduce((sum, group) => sum + group.length, self === undefined ? 0 : -1);
  const others = first.slice(0, maxOthers).map(({ id }) => id);
  const more = count - others.length;
  return { others, ...(more > 0 && { more }) };
}
