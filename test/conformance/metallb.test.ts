// The core tests of GATEWAY-HTTP, with Gatehouse on the real MetalLB. The extended tests are not run here, because they take long.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { onMetallb } from './on-metallb.ts';
import { ranSuite } from './ran.ts';

interface Report {
  readonly profiles: readonly {
    readonly name: string;
    readonly core: { readonly statistics: { readonly Passed: number } };
  }[];
}

const { status, results } = await ranSuite(`--class=${onMetallb.controllerName}`, '--core');

test('as many core tests pass with MetalLB as the report beside this file says', async () => {
  const report: Report = parse(await readFile(join(import.meta.dirname, onMetallb.report), 'utf8'));
  const http = report.profiles.find(({ name }) => name === 'GATEWAY-HTTP');
  expect(results).toHaveLength(http?.core.statistics.Passed ?? 0);
  expect(status).toBe(0);
});

test.for(results)('$name with MetalLB', ({ outcome, lines }) => {
  expect(outcome === 'passed' ? outcome : lines.slice(-20).join('\n')).toBe('passed');
});
