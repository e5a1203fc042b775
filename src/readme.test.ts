import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALB_CAPABILITIES } from './aws/model/capabilities.ts';
import { environmentVariable, flags } from './config.ts';
import { createMetrics } from './telemetry/metrics.ts';

const readme = await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8');

test('the README lists every flag of gatehouse run with its variable and description, and no other', () => {
  const rows = [...readme.matchAll(/^\| `--([a-z-]+)` \| `([A-Z_]+)` \|.*?\| (.*) \|$/gm)].map(
    ([, flag, variable, description]) => [flag, variable, description],
  );
  const expected = Object.entries(flags).map(([flag, { description }]) => [
    flag,
    environmentVariable(flag),
    description,
  ]);
  expect(rows).toEqual(expected);
});

test('the README shows the defaults that are in force', () => {
  const shown = new Map(
    [...readme.matchAll(/^\| `--([a-z-]+)` \| `[A-Z_]+` \| `(\S+)` \|/gm)].map(([, flag, value]) => [flag, value]),
  );
  const all = Object.entries(flags).map(([flag, { schema }]) => ({
    flag,
    inForce: schema.safeParse(undefined).data,
    shown: schema.safeParse(shown.get(flag)).data,
  }));
  const told = all.filter(({ inForce }) => inForce !== undefined && typeof inForce !== 'object');
  expect(told.map((row) => row.shown)).toEqual(told.map(({ inForce }) => inForce));
});

test('the README lists every metric of ours, and no other', async () => {
  const named = new Set([...readme.matchAll(/`(gatehouse_[a-z_]+)`/g)].map(([, name]) => name));
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  const ours = metrics.map(({ name }) => name).filter((name) => name.startsWith('gatehouse_'));
  expect(named).toEqual(new Set(ours));
});

test('the README names every feature that works in part and is not claimed', () => {
  for (const feature of Object.keys(ALB_CAPABILITIES.unclaimed)) expect(readme).toContain(`\`${feature}\``);
});
