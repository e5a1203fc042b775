// Steady traffic: a fixed number of requests per second, of several kinds in turns.
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Answer {
  readonly status: number;
  readonly answer: string;
}

/** A kind of requests, such as those of HTTP/2. */
export interface Lane {
  readonly name: string;
  readonly ask: (path: string) => Promise<Answer>;
}

export interface PacedOptions {
  readonly lanes: readonly Lane[];
  readonly perSecond: number;
  /** The paths of the requests, in turns. */
  readonly paths?: readonly string[];
  /** Whether a 200 answer is correct at this time. */
  readonly isRight: (answer: string) => boolean;
}

export interface PacedReport {
  readonly requests: number;
  /** The number of requests: fewer than planned if the machine was too slow. */
  readonly perSecond: number;
  readonly failures: readonly string[];
  /** The number of each answer. */
  readonly answers: ReadonlyMap<string, number>;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The longest delay in this process. Failures during a long delay may be the machine's fault. */
  readonly heldUpMs: number;
}

export interface PacedTraffic {
  /** Stops new requests, waits for the running ones, and returns the result. */
  stop(): Promise<PacedReport>;
}

const tickMs = 5;
/** The limit of parallel requests, because a slow machine would only fall behind further. */
const maxUnderWay = 150;

export function startPacedTraffic({ lanes, perSecond, paths = ['/'], isRight }: PacedOptions): PacedTraffic {
  const held = monitorEventLoopDelay({ resolution: 5 });
  held.enable();
  const started = performance.now();
  const under = new Set<Promise<void>>();
  const times: number[] = [];
  const failures: string[] = [];
  const answers = new Map<string, number>();
  let begun = 0;

  const ask = async (lane: Lane, path: string): Promise<void> => {
    const from = performance.now();
    const failure = await lane.ask(path).then(
      ({ status, answer }) => {
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        if (status !== 200) return `${status} ${answer.replaceAll(/<[^>]*>|\s+/g, ' ').trim()}`;
        return isRight(answer) ? undefined : `answered by ${answer}`;
      },
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const took = performance.now() - from;
    times.push(took);
    const at = `${((from - started) / 1000).toFixed(2)} s`;
    if (failure !== undefined) failures.push(`${at}, ${lane.name} ${path}: ${failure} (after ${took.toFixed(0)} ms)`);
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
    for (; begun < due && under.size < maxUnderWay; begun += 1) {
      const [lane, path] = [lanes[begun % lanes.length], paths[Math.floor(begun / lanes.length) % paths.length]];
      if (lane === undefined || path === undefined) continue;
      const request = ask(lane, path).finally(() => under.delete(request));
      under.add(request);
    }
  }, tickMs);
  const report = (): PacedReport => {
    const ended = performance.now();
    const sorted = times.toSorted((a, b) => a - b);
    const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      requests: times.length,
      perSecond: times.length / ((ended - started) / 1000),
      failures,
      answers,
      medianMs: quantile(0.5),
      p99Ms: quantile(0.99),
      heldUpMs: held.max / 1e6,
    };
  };
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(under);
      held.disable();
      return report();
    },
  };
}

/** Speed and answers, in one line. */
export function describeTraffic({ answers, perSecond, medianMs, p99Ms, heldUpMs }: PacedReport): string {
  const answered = [...answers].map(([answer, count]) => `${count} × ${answer.slice(0, 40)}`).join(', ');
  const took = `median ${medianMs.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms`;
  const own = `this process was held up for ${heldUpMs.toFixed(0)} ms at most`;
  return `${perSecond.toFixed(0)} a second: ${answered}; ${took}; ${own}`;
}
