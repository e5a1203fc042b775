// Splits long work into turns. During a turn the process does nothing else: it renews no lease and answers no probe.

/** The longest turn, in milliseconds. */
const turnMs = 10;

const waiting: (() => void)[] = [];

/** Resumes one waiter per event loop iteration. Otherwise all waiters would have their turns at once. */
function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(next);
}

/** The turns of one long piece of work. */
export class Turns {
  #began = performance.now();

  isOver(): boolean {
    return performance.now() - this.#began >= turnMs;
  }

  /** Resolves after timers, I/O and other work had their turn; at once if this turn is not over. */
  async yield(): Promise<void> {
    if (!this.isOver()) return;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(next);
    });
    this.#began = performance.now();
  }
}

/** @param steps work that may pause at each yield. @throws the errors of the work */
export async function inTurns<T>(steps: Generator<void, T, void>): Promise<T> {
  const turns = new Turns();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (turns.isOver()) await turns.yield();
  }
}
