// What the demo prints, and how it is interrupted.

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

/** Aborts at Ctrl-C. */
export const { signal } = interruption;

const started = performance.now();
let lastLine = started;

export const say = (line: string): void => {
  lastLine = performance.now();
  console.log(`[${((lastLine - started) / 1000).toFixed(1).padStart(5)} s] ${line}`);
};

export const indented = (line: string): void => console.log(`    ${line}`);

/** Pause between two lines of progress. */
const quietMs = 4000;

/** Awaits the work, and prints its progress now and then. */
export async function saying<T>(work: Promise<T>, howFar: () => string): Promise<T> {
  const timer = setInterval(() => {
    if (performance.now() - lastLine >= quietMs) say(`${howFar()} …`);
  }, 200);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

export function untilInterrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
