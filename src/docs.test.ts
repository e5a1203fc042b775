import { access, glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { UNCLAIMED_FEATURES } from './aws/model/unclaimed.ts';
import { openCaches } from './controllers/caches.ts';
import { registerObjectMetrics } from './controllers/object-metrics.ts';
import { FakeClock } from './kube/testing/fake-clock.ts';
import { MemoryClient } from './kube/testing/memory-client.ts';
import { silentLogger } from './kube/testing/silent-logger.ts';
import { createMetrics } from './telemetry/metrics.ts';

const page = (name: string): Promise<string> => readFile(join(import.meta.dirname, '..', 'docs', name), 'utf8');
const operations = await page('operations.md');

test('docs/operations.md lists every metric of ours, and no other', async () => {
  const named = new Set([...operations.matchAll(/`(gatehouse_[a-z_]+)`/g)].map(([, name]) => name));
  const { registry } = createMetrics();
  registerObjectMetrics({
    registry,
    caches: openCaches({ client: new MemoryClient(), clock: new FakeClock(), random: () => 0, logger: silentLogger }),
    controllerNames: new Set(['gatehouse.dev/aws']),
    clock: new FakeClock(),
  });
  const metrics = await registry.getMetricsAsJSON();
  const ours = metrics.map(({ name }) => name).filter((name) => name.startsWith('gatehouse_'));
  expect(named).toEqual(new Set(ours));
});

test('docs/conformance.md names every feature that works in part and is not claimed', async () => {
  const conformance = await page('conformance.md');
  for (const feature of Object.keys(UNCLAIMED_FEATURES)) expect(conformance).toContain(`\`${feature}\``);
});

test('every link of a page to a file leads somewhere', async () => {
  const root = join(import.meta.dirname, '..');
  const broken: string[] = [];
  for await (const file of glob('{*.md,{docs,deploy,iam}/*.md}', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      await access(join(root, dirname(file), target)).catch(() => broken.push(`${file}: ${target}`));
    }
  }
  expect(broken).toEqual([]);
});
