// The suite as a program. It is built once per machine, runs with its own flags, and its output is read as it arrives.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BuildOptions, built } from '../../localstack/cluster/go-build.ts';
import type { Place } from './subject.ts';

export interface TestResult {
  readonly name: string;
  /** The features that the test needs, in the Gateway API's names. */
  readonly features: readonly string[];
  /** `unclaimed`: the test needs a feature that the GatewayClass does not claim. */
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'unclaimed';
  readonly seconds: number;
  /** The suite's output during the test. */
  readonly lines: readonly string[];
}

export interface RunOptions {
  /** The suite's own flags: https://gateway-api.sigs.k8s.io/concepts/conformance/ */
  readonly flags: Readonly<Record<string, string>>;
  readonly place: Place;
  /** The file for its complete output. */
  readonly logFile: string;
  readonly signal: AbortSignal;
  onEnd(result: TestResult): void;
}

export interface Run {
  readonly results: readonly TestResult[];
  /** The result of the whole program. It also fails if the suite's setup fails. */
  readonly status: number;
  /** Its output outside of tests. */
  readonly lines: readonly string[];
}

/** The path of the suite's program. The first call on a machine builds it, which takes minutes. */
export async function buildSuite(options: BuildOptions): Promise<string> {
  const folder = import.meta.dirname;
  const sources = await Promise.all(['go.mod', 'go.sum', 'main.go'].map((name) => readFile(join(folder, name))));
  const hash = sources.reduce((sum, source) => sum.update(source), createHash('sha256')).digest('hex');
  const name = `gateway-api-conformance-${hash.slice(0, 8)}`;
  return built({ name, folder, module: 'sigs.k8s.io/gateway-api/conformance', package: '.' }, options);
}

export async function runSuite(binary: string, options: RunOptions): Promise<Run> {
  const { flags, place, logFile, signal } = options;
  const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
  const [program = binary, ...launched] = [...place.launcher, binary, '-test.v', ...args];
  const child = spawn(program, launched, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: place.kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const { promise: ended, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject);
  child.on('close', (code) => resolve(code ?? 1));
  const log = createWriteStream(logFile, { mode: 0o600 });
  const output = readOutput(options);
  for (const input of [child.stdout, child.stderr]) {
    input.pipe(log, { end: false });
    createInterface({ input }).on('line', (line) => output.read(line));
  }
  const status = await ended;
  log.end();
  return { status, ...output };
}

const started = /^=== RUN {3}Conformance\/\w+$/;
const ended = /^\{"ended":/;
const unclaimed = /Skipping \w+: suite does not support /;

/** The line that `main.go` prints at the end of a test. */
interface Ended {
  readonly ended: string;
  readonly failed: boolean;
  readonly skipped: boolean;
  readonly features: readonly string[];
}

interface Output {
  readonly results: readonly TestResult[];
  readonly lines: readonly string[];
  read(line: string): void;
}

/** The tests run one after the other, so the output between a test's start and end belongs to it. */
function readOutput({ onEnd }: Pick<RunOptions, 'onEnd'>): Output {
  const results: TestResult[] = [];
  const outside: string[] = [];
  let current = { since: 0, lines: outside };
  return {
    results,
    lines: outside,
    read: (line) => {
      if (started.test(line)) {
        current = { since: performance.now(), lines: [] };
      } else if (ended.test(line)) {
        const result = resultOf(JSON.parse(line), current.lines, (performance.now() - current.since) / 1000);
        results.push(result);
        onEnd(result);
        current = { since: 0, lines: outside };
      } else {
        current.lines.push(line);
      }
    },
  };
}

const resultOf = (end: Ended, lines: readonly string[], seconds: number): TestResult => ({
  name: end.ended,
  features: end.features,
  outcome: outcomeOf(end, lines),
  seconds,
  lines,
});

function outcomeOf({ failed, skipped }: Ended, lines: readonly string[]): TestResult['outcome'] {
  if (failed) return 'failed';
  if (!skipped) return 'passed';
  return lines.some((line) => unclaimed.test(line)) ? 'unclaimed' : 'skipped';
}
