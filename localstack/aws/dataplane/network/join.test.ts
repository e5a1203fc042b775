import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { dial } from './dial.ts';
import { join } from './join.ts';

/** The two ends of a connection over the loopback interface. */
async function connection(): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [[other]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  server.close();
  return [socket, other];
}

test('two connections without a byte for the idle timeout are reset, and bytes put it off', async () => {
  const [client, inner] = await connection();
  const [outer, target] = await connection();
  join(inner, outer, 300);
  target.on('data', () => {});
  for (let each = 0; each < 4; each += 1) {
    client.write('alive');
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  expect([client.destroyed, target.destroyed]).toEqual([false, false]);
  const [[ofClient], [ofTarget]] = await Promise.all([once(client, 'error'), once(target, 'error')]);
  expect([String(ofClient), String(ofTarget)]).toEqual([
    expect.stringContaining('ECONNRESET'),
    expect.stringContaining('ECONNRESET'),
  ]);
});

test('if the system does not have a source, the next source is used and returned', async () => {
  const server = createServer((socket) => socket.end(socket.remoteAddress ?? '')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  const signal = new AbortController().signal;
  const to = { address: '127.0.0.1', port };
  const { socket, source } = await dial(to, ['192.0.2.1', '127.0.0.9'], signal);
  expect([source, String((await once(socket, 'data'))[0])]).toEqual(['127.0.0.9', '127.0.0.9']);
  expect((await dial(to, ['192.0.2.1'], signal)).source).toBeUndefined();
  server.close();
});
