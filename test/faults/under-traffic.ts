// A change while clients send traffic.
import { setTimeout as sleep } from 'node:timers/promises';

/** The time of traffic before and after the change, in milliseconds. */
export const calmMs = 2000;

interface Report {
  readonly failures: readonly string[];
  /** The number of each answer. */
  readonly answers: ReadonlyMap<string, number>;
}

export interface Change<R extends Report> {
  readonly act: () => Promise<void>;
  /** Failures, except failed requests or connections of the traffic. */
  readonly judge: (report: R) => readonly string[];
  /** Notes for the end. */
  readonly notes?: () => readonly string[];
}

export async function underTraffic<R extends Report>(
  traffic: { readonly stop: () => Promise<R> },
  { act, judge }: Change<R>,
): Promise<{ readonly report: R; readonly failures: readonly string[] }> {
  const seen: string[] = [];
  await sleep(calmMs);
  await act().catch((error: unknown) => seen.push(String(error)));
  await sleep(calmMs);
  const report = await traffic.stop();
  return { report, failures: [...seen, ...judge(report), ...report.failures] };
}

export const oneOf =
  (...answers: readonly string[]) =>
  (answer: string): boolean =>
    answers.includes(answer);

export const allSeen =
  (...answers: readonly string[]) =>
  ({ answers: seen }: Report): readonly string[] =>
    answers.filter((answer) => !seen.has(answer)).map((answer) => `nothing was ever answered by ${answer}`);
