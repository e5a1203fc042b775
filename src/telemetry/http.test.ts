import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { serveTelemetry } from './http.ts';
import { createMetrics } from './metrics.ts';

const stop = new AbortController();
let stopOne = new AbortController();
afterEach(() => stopOne.abort());

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('Expected a port');
  return address.port;
}

async function serve(fault?: string) {
  stopOne = new AbortController();
  const metrics = `127.0.0.1:${await freePort()}`;
  const probes = `127.0.0.1:${await freePort()}`;
  const all = createMetrics();
  const answers = { ready: () => fault, healthy: () => undefined };
  await serveTelemetry({ metrics, probes }, all.registry, answers, AbortSignal.any([stop.signal, stopOne.signal]));
  return { metrics: `http://${metrics}`, probes: `http://${probes}`, all };
}

test('metrics are served in the format of Prometheus, and their port serves nothing else', async () => {
  const { metrics, all } = await serve();
  all.aws.call('CreateRule', 'ok', 0.2);
  all.leader.set(1);
  const response = await fetch(`${metrics}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain');
  const text = await response.text();
  expect(text).toContain('gatehouse_aws_calls_total{action="CreateRule",code="ok"} 1');
  expect(text).toContain('gatehouse_leader 1');
  expect((await fetch(`${metrics}/healthz`)).status).toBe(404);
});

test('a probe answers ok, or says what is wrong', async () => {
  const { probes } = await serve('the caches are not filled yet');
  expect(await (await fetch(`${probes}/healthz`)).text()).toBe('ok');
  const ready = await fetch(`${probes}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, 'the caches are not filled yet']);
  expect((await fetch(`${probes}/metrics`)).status).toBe(404);
});

test('the ports are free again after a stop', async () => {
  const { probes } = await serve();
  stopOne.abort();
  await expect(fetch(`${probes}/healthz`)).rejects.toThrow('fetch failed');
});

test('an address in use is an error, because a controller must have probes', async () => {
  const { probes } = await serve();
  const taken = probes.slice('http://'.length);
  const again = serveTelemetry(
    { metrics: '0', probes: taken },
    createMetrics().registry,
    { ready: () => undefined, healthy: () => undefined },
    stopOne.signal,
  );
  await expect(again).rejects.toThrow('EADDRINUSE');
});
