import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALB_CAPABILITIES } from './aws/model/capabilities.ts';
import { environmentVariable, flags } from './config.ts';
import { openCaches } from './controllers/caches.ts';
import { registerObjectMetrics } from './controllers/object-metrics.ts';
import { FakeClock } from './kube/testing/fake-clock.ts';
import { MemoryClient } from './kube/testing/memory-client.ts';
import { silentLogger } from './kube/testing/silent-logger.ts';
import { createMetrics } from './telemetry/metrics.ts';

const page = (name: string): Promise<string> => readFile(join(import.meta.dirname, '..', 'docs', name), 'utf8');
const operations = await page('operations.md');

test('docs/operations.md lists every flag of gatehouse run with its variable and description, and no other', () => {
  const rows = [...operations.matchAll(/^\| `--([a-z-]+)` \| `([A-Z_]+)` \|.*?\| (.*) \|$/gm)].map(
    ([, flag, variable, description]) => [flag, variable, description],
  );
  const expected = Object.entries(flags).map(([flag, { description }]) => [
    flag,
    environmentVariable(flag),
    description,
  ]);
  expect(rows).toEqual(expected);
});

test('docs/operations.md shows the defaults that are in force', () => {
  const shown = new Map(
    [...operations.matchAll(/^\| `--([a-z-]+)` \| `[A-Z_]+` \| `(\S+)` \|/gm)].map(([, flag, value]) => [flag, value]),
  );
  const all = Object.entries(flags).map(([flag, { schema }]) => ({
    flag,
    inForce: schema.safeParse(undefined).data,
    shown: schema.safeParse(shown.get(flag)).data,
  }));
  const told = all.filter(({ inForce }) => inForce !== undefined && typeof inForce !== 'object');
  expect(told.map((row) => row.shown)).toEqual(told.map(({ inForce }) => inForce));
});

test('docs/operations.md lists every metric of ours, and no other', async () => {
  const named = new Set([...operations.matchAll(/`(gatehouse_[a-z_]+)`/g)].map(([, name]) => name));
  const { registry } = createMetrics();
  registerObjectMetrics({
    registry,
    caches: openCaches({ client: new MemoryClient(), clock: new FakeClock(), random: () => 0, logger: silentLogger }),
    controllerName: 'gatehouse.dev/aws',
    clock: new FakeClock(),
  });
  const metrics = await registry.getMetricsAsJSON();
  const ours = metrics.map(({ name }) => name).filter((name) => name.startsWith('gatehouse_'));
  expect(named).toEqual(new Set(ours));
});

test('docs/conformance.md names every feature that works in part and is not claimed', async () => {
  const conformance = await page('conformance.md');
  for (const feature of Object.keys(ALB_CAPABILITIES.unclaimed)) expect(conformance).toContain(`\`${feature}\``);
});
