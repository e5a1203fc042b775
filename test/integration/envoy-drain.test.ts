// A real Envoy whose pod is about to end, and clients that keep their connections.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { web } from '../../src/envoy/ads/testing/ads-under-test.ts';
import type { Stage } from '../../src/envoy/readiness.ts';
import {
  connectionRoute,
  forwardTo,
  httpTopology,
  portOf,
  route,
  topologyOf,
} from '../../src/gateway/testing/sample.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

/** `/` answers at once, `/slow` after a second. */
async function setup() {
  const rules = [
    { action: forwardTo('fast') },
    { matches: [{ path: { type: 'PathPrefix' as const, value: '/slow' } }], action: forwardTo('slow') },
  ];
  const envoy = await startModelledEnvoy(httpTopology([{ name: 'http' }], [route('web', rules)]), {
    backends: { slow: (_, response) => void setTimeout(() => response.end('slow'), 1_000) },
  });
  const enter = (stage: Stage): void => {
    envoy.pods.set('one', { gateway: web, stage });
    envoy.server.podsChanged();
  };
  return { ...envoy, leave: () => enter('leaving'), drain: () => enter('draining') };
}

const isRefused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });

/** Sends requests on one connection of HTTP/1.1 until an answer closes it. @returns the statuses */
async function until1Closes(port: number, path: string): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses: number[] = [];
  for (;;) {
    const { status, isLast } = await new Promise<{ status: number; isLast: boolean }>((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, path, agent, headers: { host: 'shop.com' } });
      outgoing.on('error', reject).on('response', (response) => {
        const { statusCode: code = 0, headers } = response;
        response.on('end', () => resolve({ status: code, isLast: headers.connection === 'close' })).resume();
      });
      outgoing.end();
    });
    statuses.push(status);
    if (isLast) return statuses;
  }
}

const get = async (session: ClientHttp2Session, path: string): Promise<string> =>
  text(session.request({ ':authority': 'shop.com', ':path': path }));

test('connections of HTTP/1.1 close after an answer, new ones are refused, and no request fails', async () => {
  const { drain, envoyPort } = await setup();
  const fast = Array.from({ length: 8 }, () => until1Closes(envoyPort, '/'));
  const slow = Array.from({ length: 8 }, () => until1Closes(envoyPort, '/slow'));
  await sleep(300);
  const started = performance.now();
  drain();
  const ofFast = await Promise.all(fast);
  expect(performance.now() - started).toBeLessThan(1_000);
  const ofSlow = await Promise.all(slow);
  expect(new Set([...ofFast, ...ofSlow].flat())).toEqual(new Set([200]));
  await expect.poll(() => isRefused(envoyPort)).toBe(true);
});

test('a connection of HTTP/2 gets a GOAWAY, and its requests are still answered', async () => {
  const { drain, envoyPort } = await setup();
  const session = connectHttp2(`http://127.0.0.1:${envoyPort}`);
  const goaway = new Promise<number>((resolve) => session.on('goaway', resolve));
  const closed = new Promise((resolve) => session.on('close', resolve));
  expect(await get(session, '/')).toContain('"service":"fast"');
  const slow = get(session, '/slow');
  await sleep(300);
  drain();
  await expect.poll(() => isRefused(envoyPort)).toBe(true);
  expect(await slow).toBe('slow');
  expect(await goaway).toBe(constants.NGHTTP2_NO_ERROR);
  await closed;
});

test('before its listeners are removed, the pod is not ready any more', async () => {
  const { leave, drain, envoyPort, readyPort } = await setup();
  const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${readyPort}/ready`)).status;
  const metrics = async (): Promise<number> => (await fetch(`http://127.0.0.1:${readyPort}/stats/prometheus`)).status;
  await expect.poll(ready).toBe(200);
  leave();
  await expect.poll(ready).toBe(503);
  expect(await isRefused(envoyPort)).toBe(false);
  drain();
  await expect.poll(() => isRefused(envoyPort)).toBe(true);
  expect([await ready(), await metrics()]).toEqual([503, 200]);
});

test('a TCP connection that ends in the drain time is not cut, and a longer one is closed at its end', async () => {
  const db = connectionRoute('TCPRoute', 'db', { db: 1 });
  const { pods, server, envoyPort } = await startModelledEnvoy(
    topologyOf([portOf({ port: 5432, serves: { kind: 'tcp' } }, [{ name: 'tcp' }], [db])], [db]),
    {
      backends: {
        db: { tcp: (socket) => void socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end()) },
      },
    },
  );
  const open = async () => {
    const socket = connect(envoyPort, '127.0.0.1').on('error', () => undefined);
    const closed = new Promise((resolve) => socket.on('close', () => resolve(performance.now())));
    const echo = async (words: string): Promise<string> => {
      socket.write(words);
      return String((await once(socket, 'data'))[0]);
    };
    expect(await echo('one')).toBe('one');
    return { socket, echo, closed };
  };
  const [short, long] = [await open(), await open()];
  const started = performance.now();
  pods.set('one', { gateway: web, stage: 'draining' });
  server.podsChanged();
  await expect.poll(() => isRefused(envoyPort)).toBe(true);
  expect(await short.echo('two')).toBe('two');
  short.socket.end();
  await short.closed;
  // This Envoy drains for 2 seconds.
  expect(Number(await long.closed) - started).toBeGreaterThan(1_500);
});
