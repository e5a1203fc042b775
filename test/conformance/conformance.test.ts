// Each relevant test of the Gateway API's conformance suite is a test here.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { onAws } from './on-aws.ts';
import type { TestResult } from './suite.ts';

/** The profiles sorted by name, because the suite writes them in any order. */
const profilesIn = (report: Report) => report.profiles.toSorted((a, b) => (a.name < b.name ? -1 : 1));

interface Report {
  readonly profiles: readonly { readonly name: string }[];
}

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-conformance-'));
const status = await run();
const results = await readResults();
const profiles = (path: string): Promise<unknown> =>
  readFile(path, 'utf8').then(
    (text) => profilesIn(parse(text)),
    () => undefined,
  );
const reported = await profiles(join(folder, 'report.yaml'));
await rm(folder, { recursive: true });

/** The exit status of the suite. It needs its own process, because it enters its own namespaces. */
function run(): Promise<number | null> {
  const main = join(import.meta.dirname, 'main.ts');
  const files = [`--report=${join(folder, 'report.yaml')}`, `--results=${join(folder, 'results.json')}`];
  const child = spawn(process.execPath, [main, ...files], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

async function readResults(): Promise<readonly TestResult[]> {
  const text = await readFile(join(folder, 'results.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text);
}

test('the conformance suite of the Gateway API runs to its end', () => {
  expect(results).not.toEqual([]);
  expect(status).toBe(results.some(({ outcome }) => outcome === 'failed') ? 1 : 0);
});

test('what is claimed, and how many tests pass, is what the report beside this file says', async () => {
  expect(reported).toEqual(await profiles(join(import.meta.dirname, 'report.yaml')));
});

test.for(results.filter(({ name }) => !(name in onAws.skips)))('$name', ({ outcome, lines }) => {
  expect(outcome === 'passed' ? outcome : lines.slice(-20).join('\n')).toBe('passed');
});
