// Each relevant test of the Gateway API's conformance suite is a test here, with Gatehouse on AWS.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { onAws } from './on-aws.ts';
import { ranSuite } from './ran.ts';

interface Report {
  readonly profiles: readonly { readonly name: string }[];
}

/** The profiles sorted by name, because the suite writes them in any order. */
const profilesIn = (report: Report) => report.profiles.toSorted((a, b) => (a.name < b.name ? -1 : 1));

const { status, results, report } = await ranSuite();

test('the conformance suite of the Gateway API runs to its end', () => {
  expect(results).not.toEqual([]);
  expect(status).toBe(results.some(({ outcome }) => outcome === 'failed') ? 1 : 0);
});

test('what is claimed, and how many tests pass, is what the report beside this file says', async () => {
  const expected = await readFile(join(import.meta.dirname, onAws.report), 'utf8');
  expect(profilesIn(parse(report ?? 'profiles: []'))).toEqual(profilesIn(parse(expected)));
});

test.for(results.filter(({ name }) => !(name in onAws.skips)))('$name', ({ outcome, lines }) => {
  expect(outcome === 'passed' ? outcome : lines.slice(-20).join('\n')).toBe('passed');
});
