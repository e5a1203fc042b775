// The priorities of a listener's rules. AWS evaluates rules from the lowest priority to the highest, 1 to 50,000. We leave
// gaps, so that a rule between two others costs one call.

const SPACE = 100;
const HIGHEST = 50_000;

export interface Priorities {
  /** One for each of `wanted`, in the same order, strictly increasing. */
  readonly wanted: readonly number[];
  /** One for each of `others`. */
  readonly others: readonly number[];
}

/** A rule that keeps its priority. All rules of `wanted` from the index `before` on should come after it. */
export interface Anchor {
  /** An index of `wanted`. */
  readonly before: number;
  readonly priority: number;
}

/**
 * Gives rules priorities in their order, and changes as few existing priorities as possible.
 *
 * @param wanted the rules in order of precedence: the current priority of each, undefined for a new one
 * @param others priorities of rules that will be deleted later. They keep their priority, or their place if all are renumbered
 * @param anchors the rules among `others` after which new rules should come, if there are free priorities
 */
export function assignPriorities(
  wanted: readonly (number | undefined)[],
  others: readonly number[],
  anchors: readonly Anchor[] = [],
): Priorities {
  const stays = longestIncreasing(wanted);
  const taken = new Set(others);
  const filled = fillBetween(wanted, stays, taken, anchors) ?? fillGaps(wanted, stays, taken);
  return filled === undefined ? renumber(wanted, stays, others) : { wanted: filled, others };
}

/** Fills the gaps as if anchors between the staying rules stayed, too. Undefined without anchors. */
function fillBetween(
  wanted: readonly (number | undefined)[],
  stays: ReadonlySet<number>,
  taken: ReadonlySet<number>,
  anchors: readonly Anchor[],
): readonly number[] | undefined {
  if (anchors.length === 0) return undefined;
  const byPlace = Map.groupBy(anchors, ({ before }) => before);
  const all: (number | undefined)[] = [];
  const fixed = new Set<number>();
  const places: number[] = [];
  let low = 0;
  for (const [index, priority] of wanted.entries()) {
    const high = nextStaying(wanted, stays, index);
    for (const { priority: number } of (byPlace.get(index) ?? []).toSorted((a, b) => a.priority - b.priority)) {
      if (number <= low || number >= high) continue;
      fixed.add(all.length);
      all.push(number);
      low = number;
    }
    if (stays.has(index)) {
      fixed.add(all.length);
      low = priority ?? low;
    }
    places.push(all.length);
    all.push(priority);
  }
  const filled = fillGaps(all, fixed, taken);
  return filled && places.flatMap((place) => filled[place] ?? []);
}

/** The priority of the next rule that stays. */
function nextStaying(wanted: readonly (number | undefined)[], stays: ReadonlySet<number>, from: number): number {
  const next = wanted.findIndex((_, index) => index >= from && stays.has(index));
  return wanted[next] ?? HIGHEST + 1;
}

/** The indices of a longest increasing subsequence of the defined values. */
export function longestIncreasing(values: readonly (number | undefined)[]): ReadonlySet<number> {
  // For each index: the longest subsequence that ends there.
  const runs: (readonly number[])[] = [];
  for (const [index, value] of values.entries()) {
    const tails = runs.filter((run) => value !== undefined && (values[run.at(-1) ?? -1] ?? 0) < value);
    runs.push(value === undefined ? [] : [...longest(tails), index]);
  }
  return new Set(longest(runs));
}

function longest(runs: readonly (readonly number[])[]): readonly number[] {
  return runs.reduce((best, run) => (run.length > best.length ? run : best), []);
}

/** Gives the other rules priorities between those that stay. Undefined if a gap is too small. */
function fillGaps(
  wanted: readonly (number | undefined)[],
  stays: ReadonlySet<number>,
  taken: ReadonlySet<number>,
): readonly number[] | undefined {
  const result: number[] = [];
  let waiting = 0;
  for (let index = 0; index <= wanted.length; index++) {
    const fixed = stays.has(index) ? wanted[index] : undefined;
    if (fixed === undefined && index < wanted.length) {
      waiting++;
      continue;
    }
    const picked = pick(waiting, result.at(-1) ?? 0, fixed, taken);
    if (picked === undefined) return undefined;
    result.push(...picked);
    if (fixed !== undefined) result.push(fixed);
    waiting = 0;
  }
  return result;
}

/**
 * `count` free priorities above `low`: in steps of 100 if nothing is above, otherwise evenly spread over the first third of
 * the room below `high`. A newer route mostly comes after an older one, so most of the room is left after these.
 */
function pick(
  count: number,
  low: number,
  high: number | undefined,
  taken: ReadonlySet<number>,
): readonly number[] | undefined {
  if (count === 0) return [];
  const bounds = high === undefined ? [Math.min(low + SPACE * (count + 1), HIGHEST + 1), HIGHEST + 1] : [high];
  for (const bound of bounds) {
    const free: number[] = [];
    for (let number = low + 1; number < bound; number++) if (!taken.has(number)) free.push(number);
    if (free.length < count) continue;
    const size = high === undefined ? free.length : Math.max(count, Math.ceil(free.length / 3));
    return Array.from({ length: count }, (_, index) => free[spread(index, count, size)] ?? low);
  }
  return undefined;
}

/** Strictly increasing in `index` as long as `size >= count`. */
function spread(index: number, count: number, size: number): number {
  return Math.floor(((index + 1) * size) / (count + 1));
}

/** Renumbers everything with gaps. Each of the others stays behind the rule that is before it now. */
function renumber(
  wanted: readonly (number | undefined)[],
  stays: ReadonlySet<number>,
  others: readonly number[],
): Priorities {
  const queue = others.map((priority, index) => ({ priority, index })).toSorted((a, b) => a.priority - b.priority);
  const space = Math.min(SPACE, Math.floor(HIGHEST / (wanted.length + others.length)));
  const result = { wanted: [] as number[], others: [...others] };
  let next = 0;
  const flush = (below: number) => {
    while (queue[0] !== undefined && queue[0].priority < below) {
      next += space;
      result.others[queue[0].index] = next;
      queue.shift();
    }
  };
  for (const [index, priority] of wanted.entries()) {
    if (stays.has(index) && priority !== undefined) flush(priority);
    next += space;
    result.wanted.push(next);
  }
  flush(Number.POSITIVE_INFINITY);
  return result;
}
