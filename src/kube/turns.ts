// Long work in turns: nothing else happens in the process meanwhile, no lease is renewed and no probe answered.

/** How long one turn may be, in milliseconds. */
const turnMs = 10;

const waiting: (() => void)[] = [];

/** One at a time: what waits together would else have its turns in one go. */
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

  /** Resolves when timers, answers and other work have had their turn; at once while this turn lasts. */
  async yield(): Promise<void> {
    if (!this.isOver()) return;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(next);
    });
    this.#began = performance.now();
  }
}

/** @param steps work that can be left off wherever it yields. @throws what the work throws */
export async function inTurns<T>(steps: Generator<void, T, void>): Promise<T> {
  const turns = new Turns();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (turns.isOver()) await turns.yield();
  }
}
