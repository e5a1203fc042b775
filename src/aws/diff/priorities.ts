// The numbers of a listener's rules. AWS evaluates rules from the lowest priority to the highest, 1 to 50,000; they are
// spaced, so that a rule put between two others costs one call.

const SPACE = 100;
const HIGHEST = 50_000;

export interface Priorities {
  /** For each of `wanted`, in its order: strictly increasing. */
  readonly wanted: readonly number[];
  /** For each of `others`. */
  readonly others: readonly number[];
}

/**
 * Gives rules priorities in their order, changing as few as can be of those that have one.
 *
 * @param wanted the rules in order of precedence: the priority that each has now, undefined for a new one
 * @param others priorities of rules that will go later: they keep their number, or where all is renumbered, their place
 */
export function assignPriorities(wanted: readonly (number | undefined)[], others: readonly number[]): Priorities {
  const stays = longestIncreasing(wanted);
  const filled = fillGaps(wanted, stays, new Set(others));
  return filled === undefined ? renumber(wanted, stays, others) : { wanted: filled, others };
}

/** The indices of a longest increasing subsequence of what is defined. */
export function longestIncreasing(values: readonly (number | undefined)[]): ReadonlySet<number> {
  // For each index, the longest that ends there.
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

/** Numbers those that don't stay between those that do; undefined where a gap is too small. */
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

/** `count` free numbers above `low`, evenly spread below `high`, or spaced by 100 where nothing stands above. */
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
    return Array.from({ length: count }, (_, index) => free[spread(index, count, free.length)] ?? low);
  }
  return undefined;
}

/** Strictly increasing in `index` as long as `size >= count`. */
function spread(index: number, count: number, size: number): number {
  return Math.floor(((index + 1) * size) / (count + 1));
}

/** All anew, spaced. The others stay behind whichever staying rule, or other, stands before them now. */
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
