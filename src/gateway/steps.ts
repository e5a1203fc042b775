/**
 * Long work that can pause wherever it yields, because a Gateway may have ten thousand listeners. It is still a pure function. Its
 * caller decides what runs during a pause.
 */
export type Steps<T> = Generator<void, T, void>;

/** Runs it to the end without a pause. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Calls the function for each item, with a pause from time to time. */
export function* mapping<T, R>(items: readonly T[], call: (item: T) => R): Steps<readonly R[]> {
  const results: R[] = [];
  for (const item of items) {
    if (results.length % 100 === 99) yield;
    results.push(call(item));
  }
  return results;
}
