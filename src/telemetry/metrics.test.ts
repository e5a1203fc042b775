import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { createMetrics } from './metrics.ts';

test('every metric of ours has a help text', async () => {
  const ours = (await createMetrics().registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith('gatehouse_'));
  expect(ours.length).toBeGreaterThan(5);
  for (const { help } of ours) expect(help).toMatch(/^[A-Z].*\.$/);
});

test('a queue reports its depth, waits and retries', async () => {
  const { queue, registry } = createMetrics();
  const metrics = queue('gateway');
  metrics.depth(3);
  metrics.waited(1500);
  metrics.retried();
  const text = await registry.metrics();
  expect(text).toContain('gatehouse_queue_depth{queue="gateway"} 3');
  expect(text).toContain('gatehouse_queue_wait_seconds_sum{queue="gateway"} 1.5');
  expect(text).toContain('gatehouse_queue_retries_total{queue="gateway"} 1');
});

test('targets are counted by Gateway and state, for a limited number of Gateways', async () => {
  const { registry, watchTargets } = createMetrics();
  const gateway = (index: number) => objectKey({ namespace: 'shop', name: `web-${index}` });
  watchTargets(() =>
    Array.from({ length: 600 }, (_, index) => ({ gateway: gateway(index), state: 'healthy', count: 2 })),
  );
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('gatehouse_targets{'));
  expect(lines[0]).toBe('gatehouse_targets{namespace="shop",gateway="web-0",state="healthy"} 2');
  expect(lines).toHaveLength(500);
});
