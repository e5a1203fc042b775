// The suite as its own process, because it enters its own namespaces.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestResult } from './suite.ts';

interface Ran {
  readonly status: number | null;
  readonly results: readonly TestResult[];
  /** The text of the suite's report. Undefined if there is none. */
  readonly report: string | undefined;
}

export async function ranSuite(...args: readonly string[]): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-conformance-'));
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);
  try {
    const files = [`--report=${join(folder, 'report.yaml')}`, `--results=${join(folder, 'results.json')}`];
    const status = await run([...args, ...files]);
    return { status, results: JSON.parse((await read('results.json')) ?? '[]'), report: await read('report.yaml') };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function run(args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
