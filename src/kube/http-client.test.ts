import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlreadyExists, isConflict, isNotFound, isUnreachable, KubeError } from './kube-error.ts';
import { objectKey } from './object.ts';
import { ApiServer, clientFor } from './testing/api-server.ts';
import { widget, widgets } from './testing/widgets.ts';

const { signal } = new AbortController();
const key = objectKey({ namespace: 'demo', name: 'a' });
const place = '/apis/example.io/v1/namespaces/demo/widgets';

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('Expected a failure');
    },
    (error: unknown) => error,
  );

test('each verb sends the token, and the path that the API documents', async () => {
  const seen: string[] = [];
  await using server = await ApiServer.start(({ method, url, headers, body, json }) => {
    const type = headers['content-type'] ?? '';
    seen.push(`${method} ${url.pathname}${url.search} ${type} ${body.length > 0 ? 'body' : ''}`.trim());
    expect(headers.authorization).toBe('Bearer the-secret-token');
    json(200, widget('a', '1'));
  });
  const { client } = server;
  await client.get(widgets, key, signal);
  await client.create(widgets, widget('a', ''), signal);
  await client.update(widgets, widget('a', '1'), signal);
  await client.updateStatus(widgets, widget('a', '1'), signal);
  await client.patch(widgets, key, { kind: 'merge', body: {} }, signal, { subresource: 'status' });
  await client.patch(widgets, key, { kind: 'json', operations: [] }, signal);
  await client.patch(widgets, key, { kind: 'apply', body: {}, fieldManager: 'us' }, signal);
  await client.delete(widgets, key, signal, { preconditions: { uid: 'u' } });
  expect(seen).toEqual([
    `GET ${place}/a`,
    `POST ${place} application/json body`,
    `PUT ${place}/a application/json body`,
    `PUT ${place}/a/status application/json body`,
    `PATCH ${place}/a/status application/merge-patch+json body`,
    `PATCH ${place}/a application/json-patch+json body`,
    `PATCH ${place}/a?fieldManager=us&force=true application/apply-patch+yaml body`,
    `DELETE ${place}/a application/json body`,
  ]);
});

test('an error names the refused request, and has the reason in the words of the server', async () => {
  await using server = await ApiServer.start(({ json }) =>
    json(409, { kind: 'Status', reason: 'Conflict', message: 'the object has been modified' }),
  );
  const error = await failure(server.client.update(widgets, widget('a', '1'), signal));
  expect(isConflict(error)).toBe(true);
  expect(isAlreadyExists(error)).toBe(false);
  expect(String(error)).toContain('PUT widgets demo/a: 409 Conflict: the object has been modified');
});

test('a list is requested in pages, and its items have their apiVersion and kind', async () => {
  await using server = await ApiServer.start(({ url, json }) => {
    expect(url.searchParams.get('limit')).toBe('2');
    const { apiVersion: _, kind: __, ...item } = widget('a', '1');
    json(200, { metadata: { resourceVersion: '9', continue: 'next' }, items: [item] });
  });
  const page = await server.client.list(widgets, { limit: 2 }, signal);
  expect(page).toEqual({ items: [widget('a', '1')], resourceVersion: '9', continue: 'next' });
});

test('a request is repeated later if the server asks for that', async () => {
  let requests = 0;
  await using server = await ApiServer.start(({ json }) => {
    requests += 1;
    if (requests === 1) json(429, { reason: 'TooManyRequests' }, { 'retry-after': '0' });
    else if (requests === 2) json(503, {}, { 'retry-after': '0' });
    else json(200, widget('a', '1'));
  });
  expect(await server.client.get(widgets, key, signal)).toEqual(widget('a', '1'));
  expect(requests).toBe(3);
});

test('a request is not repeated if the server asks for a very long wait, or names no wait', async () => {
  for (const [status, headers] of [
    [429, { 'retry-after': '3600' }],
    [500, {}],
    [404, {}],
  ] as const) {
    await using server = await ApiServer.start(({ json }) => json(status, {}, headers));
    const error = await failure(server.client.get(widgets, key, signal));
    expect(error).toBeInstanceOf(KubeError);
    expect(error).toMatchObject({ status, retryAfterMs: status === 429 ? 3_600_000 : undefined });
    expect(server.requests).toHaveLength(1);
  }
});

test('after the answer 401 the credentials are read again, once', async () => {
  await using server = await ApiServer.start(({ json }) =>
    json(401, { reason: 'Unauthorized', message: 'Unauthorized' }),
  );
  const error = await failure(server.client.get(widgets, key, signal));
  expect(server.requests).toHaveLength(2);
  expect(String(error)).toContain('no longer');
  expect(String(error)).not.toContain('the-secret-token');
});

test('a token from a file that a watch refused is read again for the next watch', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'token-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'old\n');
  const tokens: (string | undefined)[] = [];
  await using server = await ApiServer.start(({ headers, json }) => {
    tokens.push(headers.authorization);
    json(401, { reason: 'Unauthorized' });
  });
  const { client, remove } = await clientFor(`http://127.0.0.1:${server.port}`, { user: { tokenFile } });
  const watch = async () => {
    const options = { resourceVersion: '1', timeoutSeconds: 60, inactivityMs: 1000 };
    for await (const event of client.watch(widgets, options, signal)) throw new Error(`Expected no ${event.type}`);
  };
  await expect(watch()).rejects.toThrow('401 Unauthorized');
  await writeFile(tokenFile, 'new\n');
  await expect(watch()).rejects.toThrow('401 Unauthorized');
  client.close();
  await remove();
  await rm(folder, { recursive: true });
  expect(tokens).toEqual(['Bearer old', 'Bearer new']);
});

test('a server behind a proxy is reached through it', async () => {
  const seen: (string | undefined)[] = [];
  await using proxy = await ApiServer.start(({ response, json }) => {
    seen.push(response.req.url);
    json(200, widget('a', '1'));
  });
  const { client, remove } = await clientFor('http://kubernetes.example:8080', {
    proxyUrl: `http://127.0.0.1:${proxy.port}`,
  });
  await client.get(widgets, key, signal);
  client.close();
  await remove();
  expect(seen).toEqual([`http://kubernetes.example:8080${place}/a`]);
});

test('a read whose connection breaks is repeated, a write is not', async () => {
  await using server = await ApiServer.start(({ method, response, json }) => {
    if (server.requests.length === 1 || method === 'POST') response.destroy();
    else json(200, widget('a', '1'));
  });
  await server.client.get(widgets, key, signal);
  expect(server.requests).toHaveLength(2);
  const error = await failure(server.client.create(widgets, widget('a', ''), signal));
  expect(error).toMatchObject({ status: 0, reason: 'ConnectionClosed' });
  expect(server.requests).toHaveLength(3);
});

test('a request to a server that hangs ends after the timeout, or when the signal aborts', async () => {
  await using server = await ApiServer.start(() => undefined, 100);
  expect(await failure(server.client.get(widgets, key, signal))).toMatchObject({ status: 0, reason: 'Timeout' });
  const stop = new AbortController();
  const pending = failure(server.client.get(widgets, key, stop.signal));
  stop.abort(new Error('stopping'));
  expect(await pending).toBe(stop.signal.reason);
});

test('the error for an unreachable server names the server and what to check, without the token', async () => {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await new Promise((resolve) => listener.close(resolve));
  const { client, remove } = await clientFor(`http://127.0.0.1:${port}`);
  const error = await failure(client.get(widgets, key, signal));
  client.close();
  await remove();
  expect(isUnreachable(error)).toBe(true);
  expect(String(error)).toMatch(
    /http:\/\/127\.0\.0\.1:\d+ cannot be reached: check .*config \(context test\) \(ECONNREFUSED\)/,
  );
  expect(String(error)).not.toContain('the-secret-token');
});

test('an answer that is not from an API server leads to an error that says so', async () => {
  await using server = await ApiServer.start(({ response }) => response.end('<html>welcome</html>'));
  const error = await failure(server.client.get(widgets, key, signal));
  expect(String(error)).toContain('is this really a Kubernetes API server?');
});

test('an answer of 404 means NotFound, even if the API server itself did not write it', async () => {
  await using server = await ApiServer.start(({ response }) => {
    response.writeHead(404);
    response.end('404 page not found\n');
  });
  const error = await failure(server.client.get(widgets, key, signal));
  expect(isNotFound(error)).toBe(true);
  expect(String(error)).toContain('404 page not found');
});

test('many requests, one after the other, share connections', async () => {
  const ports = new Set<number | undefined>();
  await using server = await ApiServer.start(({ response, json }) => {
    ports.add(response.req.socket.remotePort);
    json(200, widget('a', '1'));
  });
  for (let request = 0; request < 20; request += 1) await server.client.get(widgets, key, signal);
  // The next request may start just before the previous connection is free again.
  expect(ports.size).toBeLessThanOrEqual(2);
});
