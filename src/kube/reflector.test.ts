import { expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import { ApiServer, type Exchange } from './testing/api-server.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { silentLogger } from './testing/silent-logger.ts';
import { type Widget, widget, widgets } from './testing/widgets.ts';

const never = 10_000_000;

const timing = {
  watchMs: 60_000,
  inactivityMs: 5000,
  backoffBaseMs: 5,
  backoffMaxMs: 20,
  missingMaxMs: 10,
  versionCheckMs: never,
};

const isWatch = ({ url }: Exchange) => url.searchParams.has('watch');

const list = (exchange: Exchange, resourceVersion: string, items: readonly Widget[], next = '') =>
  exchange.json(200, { metadata: { resourceVersion, continue: next }, items });

const send = ({ response }: Exchange, type: string, object: unknown) =>
  response.write(`${JSON.stringify({ type, object })}\n`);

const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };

/** A running reflector; `changes` lists the changes that a handler saw. */
function start(server: ApiServer, options: Partial<ReflectorOptions<Widget, never>> = {}) {
  const reflector = new Reflector<Widget>({
    client: server.client,
    kind: widgets,
    indexers: {},
    clock: systemClock,
    random: () => 0,
    logger: silentLogger,
    timing,
    ...options,
  });
  const changes: string[] = [];
  reflector.store.onChange((old, current, initial) => {
    const change = old === undefined ? 'added' : current === undefined ? 'deleted' : 'updated';
    changes.push(`${change} ${(current ?? old)?.metadata.name}${initial ? ' initially' : ''}`);
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  return {
    reflector,
    changes,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });

/** Whether the request only asks for the server's version. */
const isVersionCheck = (url: string): boolean => url.includes('resource-version-check');

const kinds = (server: ApiServer) =>
  server.requests.filter((url) => !isVersionCheck(url)).map((url) => (url.includes('watch=true') ? 'watch' : 'list'));

/** A clock where waits for a retry end at once, and waits for a version check never end. `waits` has the waits for retries. */
function hastyClock() {
  const waits: number[] = [];
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    if (ms >= never / 2) return systemClock.sleep(ms, signal);
    waits.push(ms);
    return systemClock.sleep(1, signal);
  };
  return { clock: { ...systemClock, sleep }, waits };
}

test('all pages of a list are read, then the watch adds changes', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) {
      exchange.stream();
      send(exchange, 'MODIFIED', widget('a', '11', 'blue'));
      send(exchange, 'DELETED', widget('b', '12'));
      send(exchange, 'ADDED', widget('c', '13'));
    } else if (exchange.url.searchParams.get('continue') === 'more') list(exchange, '10', [widget('b', '2')]);
    else list(exchange, '10', [widget('a', '1')], 'more');
  });
  await using run = start(server);
  await run.reflector.synced;
  await eventually(() =>
    expect(run.changes).toEqual(['added a initially', 'added b initially', 'updated a', 'deleted b', 'added c']),
  );
  expect(run.reflector.state).toBe('synced');
  const watching = 'watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=60';
  expect(server.requests.at(-1)).toContain(watching);
});

test('an unreadable object is stored as its reader returns it, and in full as soon as it is readable', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (!isWatch(exchange)) return list(exchange, '10', [widget('a', '1'), widget('b', '2', 'odd')]);
    exchange.stream();
    send(exchange, 'MODIFIED', widget('b', '11'));
    send(exchange, 'MODIFIED', widget('a', '12', 'odd'));
    send(exchange, 'ADDED', widget('c', '13', 'odd'));
    send(exchange, 'ADDED', widget('d', '14'));
    return undefined;
  });
  const fault = { field: 'spec.color', detail: 'is odd', isLast: true };
  const read = (object: Widget, last: Widget | undefined): Widget | undefined => {
    if (object.spec?.color !== 'odd') return object;
    return last && { ...object, ...(last.spec && { spec: last.spec }), fault };
  };
  await using run = start(server, { read });
  await eventually(() => expect(run.changes).toEqual(['added a initially', 'added b', 'updated a', 'added d']));
  const [a] = run.reflector.store.list();
  expect(a).toMatchObject({ metadata: { name: 'a', resourceVersion: '12' }, fault });
  expect(a?.spec?.color).not.toBe('odd');
});

test('an object that is not wanted is absent, and one that is no longer wanted goes', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (!isWatch(exchange)) return list(exchange, '10', [widget('a', '1', 'blue'), widget('b', '2')]);
    exchange.stream();
    send(exchange, 'MODIFIED', widget('b', '11', 'blue'));
    send(exchange, 'MODIFIED', widget('a', '12'));
    send(exchange, 'ADDED', widget('c', '13'));
    return undefined;
  });
  await using run = start(server, { wanted: ({ spec }) => spec?.color === 'blue' });
  await eventually(() => expect(run.changes).toEqual(['added a initially', 'added b', 'deleted a']));
});

test('after a broken connection the watch continues at the same version, without a new list', async () => {
  const versions: (string | null)[] = [];
  await using server = await ApiServer.start((exchange) => {
    if (!isWatch(exchange)) {
      list(exchange, isVersionCheck(exchange.url.search) ? '9' : '1', []);
      return;
    }
    versions.push(exchange.url.searchParams.get('resourceVersion'));
    exchange.stream();
    if (versions.length === 1) {
      send(exchange, 'ADDED', widget('a', '5'));
      exchange.response.write('{"type":"ADDED","object":{"meta', () => exchange.response.destroy());
    } else if (versions.length === 2) {
      send(exchange, 'BOOKMARK', { metadata: { resourceVersion: '8' } });
      exchange.response.end();
    }
  });
  await using run = start(server);
  await eventually(() => expect(versions).toEqual(['1', '5', '8']));
  expect(kinds(server)).toEqual(['list', 'watch', 'watch', 'watch']);
  expect(run.changes).toEqual(['added a']);
});

for (const way of ['an ERROR event', 'an answer of 410'] as const) {
  test(`when the server reports by ${way} that history is gone, a new list is compared with the cache`, async () => {
    let lists = 0;
    await using server = await ApiServer.start((exchange) => {
      if (!isWatch(exchange)) {
        lists += 1;
        if (lists === 1) list(exchange, '1', [widget('a', '1'), widget('b', '1')]);
        else list(exchange, '20', [widget('a', '1'), widget('c', '20')]);
      } else if (lists === 2) exchange.stream();
      else if (way === 'an answer of 410') exchange.json(410, expired);
      else {
        exchange.stream();
        send(exchange, 'ERROR', expired);
      }
    });
    await using run = start(server);
    const sizes: number[] = [];
    run.reflector.store.onChange(() => sizes.push(run.reflector.store.size));
    await eventually(() => expect(run.changes).toHaveLength(4));
    expect(run.changes).toEqual(['added a initially', 'added b initially', 'added c', 'deleted b']);
    expect(Math.min(...sizes), 'the cache was never emptied').toBeGreaterThan(0);
  });
}

test('a list starts again if its next page has expired', async () => {
  let first = true;
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) exchange.stream();
    else if (exchange.url.searchParams.get('continue') === null) list(exchange, '1', [widget('a', '1')], 'more');
    else if (first) {
      first = false;
      exchange.json(410, expired);
    } else list(exchange, '1', [widget('b', '1')]);
  });
  await using run = start(server);
  await run.reflector.synced;
  expect(run.changes).toEqual(['added a initially', 'added b initially']);
});

test('a kind that is not installed is waited for, and listed as soon as it is installed', async () => {
  let installed = false;
  await using server = await ApiServer.start((exchange) => {
    if (!installed) {
      exchange.response.writeHead(404);
      exchange.response.end('404 page not found');
    } else if (isWatch(exchange)) exchange.stream();
    else list(exchange, '1', [widget('a', '1')]);
  });
  await using run = start(server);
  await run.reflector.settled;
  expect(run.reflector.state).toBe('waiting-for-crd');
  expect(run.reflector.hasSynced()).toBe(false);
  installed = true;
  await run.reflector.synced;
  expect(run.reflector.state).toBe('synced');
  expect(run.changes).toEqual(['added a initially']);
});

test('a missing kind is checked less and less often, without an error, and found within a minute of its installation', async () => {
  let installed = false;
  let asked = 0;
  await using server = await ApiServer.start((exchange) => {
    asked += 1;
    if (!installed) exchange.json(404, {});
    else if (isWatch(exchange)) exchange.stream();
    else list(exchange, '1', [widget('a', '1')]);
  });
  const clock = new FakeClock();
  const warn = vi.fn<() => void>();
  const logger = { ...silentLogger, warn, error: warn, child: () => logger };
  const waiting = { ...timing, backoffBaseMs: 1000, missingMaxMs: 60_000 };
  await using run = start(server, { clock, logger, random: () => 1, timing: waiting });
  for (let round = 1; round <= 10; round += 1) {
    await eventually(() => expect(asked).toBe(round));
    await eventually(() => expect(clock.sleeping).toBe(1));
    await clock.advance(round <= 6 ? 1000 * 2 ** (round - 1) : 60_000);
  }
  await eventually(() => expect(asked).toBe(11));
  await eventually(() => expect(clock.sleeping).toBe(1));
  expect(warn).not.toHaveBeenCalled();
  installed = true;
  await clock.advance(60_000);
  await run.reflector.synced;
  expect(run.changes).toEqual(['added a initially']);
});

test('the cache keeps its objects while their kind is missing', async () => {
  let installed = true;
  let watch: Exchange | undefined;
  await using server = await ApiServer.start((exchange) => {
    if (!installed) exchange.json(404, {});
    else if (isWatch(exchange)) {
      watch = exchange;
      exchange.stream();
    } else list(exchange, '1', [widget('a', '1')]);
  });
  await using run = start(server);
  await eventually(() => expect(watch).toBeDefined());
  installed = false;
  watch?.response.destroy();
  await eventually(() => expect(run.reflector.state).toBe('waiting-for-crd'));
  expect(run.reflector.store.size).toBe(1);
  installed = true;
  await eventually(() => expect(run.reflector.state).toBe('synced'));
  expect(run.changes).toEqual(['added a initially']);
});

test('requests are retried until the server works, after errors, refusals and invalid answers', async () => {
  let request = 0;
  await using server = await ApiServer.start((exchange) => {
    request += 1;
    if (request === 1) exchange.json(500, {});
    else if (request === 2) exchange.json(403, { reason: 'Forbidden', message: 'no' });
    else if (request === 3) exchange.response.end('<html>');
    else if (request === 4) exchange.response.destroy();
    else if (isWatch(exchange)) exchange.stream();
    else list(exchange, '1', [widget('a', '1')]);
  });
  await using run = start(server);
  await run.reflector.synced;
  expect(run.changes).toEqual(['added a initially']);
});

test('a silent watch counts as dead and is started again', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) exchange.stream();
    else list(exchange, '1', []);
  });
  await using run = start(server, { timing: { ...timing, inactivityMs: 50 } });
  await run.reflector.synced;
  await eventually(() => expect(kinds(server).slice(0, 3)).toEqual(['list', 'watch', 'watch']));
});

test('a server that ends every watch at once is not asked in a tight loop', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) exchange.json(200, {});
    else list(exchange, '1', []);
  });
  const { clock, waits } = hastyClock();
  await using run = start(server, { clock, timing: { ...timing, backoffBaseMs: 100, backoffMaxMs: 1000 } });
  await run.reflector.synced;
  await eventually(() => expect(waits.length).toBeGreaterThanOrEqual(6));
  expect(waits.slice(0, 6)).toEqual([50, 100, 200, 400, 500, 500]);
});

test('a retry comes when the server asked for it, without a growing delay', async () => {
  let watches = 0;
  await using server = await ApiServer.start((exchange) => {
    if (!isWatch(exchange)) return list(exchange, '1', []);
    watches += 1;
    if (watches <= 5) return exchange.json(429, { reason: 'TooManyRequests' }, { 'retry-after': '1' });
    exchange.stream();
    return send(exchange, 'ADDED', widget('a', '2'));
  });
  const { clock, waits } = hastyClock();
  await using run = start(server, { clock, timing: { ...timing, backoffBaseMs: 100, backoffMaxMs: 30_000 } });
  await eventually(() => expect(run.changes).toEqual(['added a']));
  expect(waits).toEqual([1000, 1000, 1000, 1000, 1000]);
});

test('a restored server, whose versions are behind ours, is listed again', async () => {
  let lists = 0;
  const details = { causes: [{ reason: 'ResourceVersionTooLarge' }] };
  await using server = await ApiServer.start((exchange) => {
    if (!isWatch(exchange)) {
      lists += 1;
      list(exchange, lists === 1 ? '100' : '3', []);
    } else if (lists === 1) exchange.json(504, { reason: 'Timeout', message: 'Too large resource version', details });
    else exchange.stream();
  });
  await using run = start(server);
  await eventually(() => expect(lists).toBe(2));
  expect(run.reflector.hasSynced()).toBe(true);
});

test('a server that went back in time, and sends nothing on its watches, is listed again', async () => {
  let restored = false;
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) {
      exchange.stream();
      restored = true;
    } else if (isVersionCheck(exchange.url.search)) list(exchange, '40', []);
    // The server used version 7 twice: before and after the backup was restored.
    else list(exchange, restored ? '40' : '100', [widget('a', '7', restored ? 'blue' : 'red'), widget('b', '8')]);
  });
  await using run = start(server, { timing: { ...timing, versionCheckMs: 50 } });
  await eventually(() => expect(run.changes).toEqual(['added a initially', 'added b initially', 'updated a']));
  expect(run.reflector.store.list().map(({ spec }) => spec?.color)).toEqual(['blue', 'red']);
});

test('a reflector still sees changes after a bookmark from the future', async () => {
  let watches = 0;
  await using server = await ApiServer.start((exchange) => {
    if (!isWatch(exchange))
      return list(exchange, watches === 0 ? '10' : '11', watches === 0 ? [] : [widget('a', '11')]);
    exchange.stream();
    watches += 1;
    if (watches === 1) send(exchange, 'BOOKMARK', { metadata: { resourceVersion: '9999999' } });
    return undefined;
  });
  await using run = start(server, { timing: { ...timing, versionCheckMs: 50 } });
  await eventually(() => expect(run.changes).toEqual(['added a']));
});

test('a server whose version only grows is listed once', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) exchange.stream();
    else list(exchange, '10', []);
  });
  await using _ = start(server, { timing: { ...timing, versionCheckMs: 10 } });
  await eventually(() => expect(server.requests.filter(isVersionCheck).length).toBeGreaterThan(3));
  expect(kinds(server)).toEqual(['list', 'watch']);
});

test('a kind is listed and watched in an older version if the server has only that version', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (!exchange.url.pathname.includes('/v1beta1/')) exchange.json(404, { reason: 'NotFound' });
    else if (isWatch(exchange)) {
      exchange.stream();
      send(exchange, 'ADDED', widget('b', '11'));
    } else list(exchange, '10', [widget('a', '1')]);
  });
  await using run = start(server, { kind: { ...widgets, olderVersions: ['v1beta1'] } });
  await eventually(() => expect(run.changes).toEqual(['added a initially', 'added b']));
  expect(run.reflector.state).toBe('synced');
});

test('list and watch use the given namespace and selectors', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) exchange.stream();
    else list(exchange, '1', []);
  });
  await using run = start(server, { namespace: 'demo', labelSelector: 'a=b', fieldSelector: 'metadata.name=c' });
  await run.reflector.synced;
  await eventually(() => expect(server.requests).toHaveLength(2));
  for (const request of server.requests) {
    expect(request).toContain('/namespaces/demo/widgets?');
    expect(request).toContain('labelSelector=a%3Db&fieldSelector=metadata.name%3Dc');
  }
});

test('a reflector stops at once when its signal aborts, in a watch and in a wait', async () => {
  await using server = await ApiServer.start((exchange) => {
    if (isWatch(exchange)) exchange.stream();
    else list(exchange, '1', []);
  });
  const watching = start(server);
  await eventually(() => expect(kinds(server)).toEqual(['list', 'watch']));
  await watching[Symbol.asyncDispose]();

  await using broken = await ApiServer.start((exchange) => exchange.json(500, {}));
  const waiting = start(broken, { timing: { ...timing, backoffBaseMs: 60_000, backoffMaxMs: 60_000 } });
  await eventually(() => expect(broken.requests).toHaveLength(1));
  await waiting[Symbol.asyncDispose]();
});
