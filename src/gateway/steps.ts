/**
 * Long work that can be left off wherever it yields: a Gateway may have ten thousand listeners. It stays a pure function, and
 * whoever runs it decides what happens in between.
 */
export type Steps<T> = Generator<void, T, void>;

/** Runs it to its end, with nothing in between. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
