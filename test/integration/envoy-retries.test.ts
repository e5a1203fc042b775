// A real Envoy tries requests again as a rule says it.
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Forward } from '../../src/gateway/route-action.ts';
import { httpTopology, route, service } from '../../src/gateway/testing/sample.ts';
import { startModelledEnvoy } from './support/modelled-envoy.ts';

type Tries = Pick<Forward, 'retry' | 'timeouts'>;

/** One rule for each name, at the path of this name. */
async function start(rules: Readonly<Record<string, Tries>>, app: (attempt: number) => RequestListener) {
  let seen = 0;
  const sketches = Object.entries(rules).map(([name, tries]) => ({
    matches: [{ path: { type: 'PathPrefix' as const, value: `/${name}` } }],
    action: { kind: 'forward' as const, backends: [{ service: service('app'), weight: 1, index: 0 }], ...tries },
  }));
  const { envoyPort } = await startModelledEnvoy(httpTopology([{ name: 'http' }], [route('web', sketches)]), {
    backends: {
      app: (incoming, response) => {
        seen += 1;
        app(seen)(incoming, response);
      },
    },
  });
  /** @returns the status, and how many requests the backend saw */
  return async (path: string, init: RequestInit = {}): Promise<readonly [number, number]> => {
    seen = 0;
    const { status } = await fetch(`http://127.0.0.1:${envoyPort}/${path}`, init);
    return [status, seen];
  };
}

/** Answers as the query says: `?fail=503&times=2` fails twice. */
const failing =
  (attempt: number): RequestListener =>
  ({ url = '/' }, response) => {
    const { searchParams } = new URL(url, 'http://app');
    const fails = attempt <= Number(searchParams.get('times'));
    response.writeHead(fails ? Number(searchParams.get('fail')) : 200).end();
  };

test('a request is sent again after the codes of the rule, as often as it says', async () => {
  const ask = await start(
    {
      two: { retry: { codes: [500, 503], attempts: 2 } },
      zero: { retry: { codes: [500, 503], attempts: 0 } },
      many: { retry: { codes: [503], attempts: 1_000, backoff: 1 } },
      plain: {},
    },
    failing,
  );
  expect(await ask('two?fail=503&times=2')).toEqual([200, 3]);
  expect(await ask('two?fail=500&times=3')).toEqual([500, 3]);
  expect(await ask('two?fail=502&times=1')).toEqual([502, 1]);
  expect(await ask('zero?fail=503&times=1')).toEqual([503, 1]);
  expect(await ask('many?fail=503&times=2000')).toEqual([503, 11]);
  expect(await ask('plain?fail=503&times=1')).toEqual([503, 1]);
  const commands = { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '5' };
  expect(await ask('plain?fail=503&times=1', { headers: commands })).toEqual([503, 1]);
});

test('a connection that ends without an answer counts as a failure, if the rule has retries', async () => {
  const ask = await start(
    {
      one: { retry: { codes: [], attempts: 1 } },
      zero: { retry: { codes: [], attempts: 0 } },
      plain: {},
    },
    (attempt) => (incoming, response) => {
      if (attempt === 1) incoming.socket.resetAndDestroy();
      else response.end();
    },
  );
  expect(await ask('one')).toEqual([200, 2]);
  expect(await ask('zero')).toEqual([503, 1]);
  // The backend has seen the request.
  expect(await ask('plain')).toEqual([503, 1]);
});

test('backendRequest limits each try, and request all of them', async () => {
  const ask = await start(
    {
      each: { retry: { codes: [], attempts: 1 }, timeouts: { backendRequest: 300 } },
      all: { retry: { codes: [], attempts: 5 }, timeouts: { request: 500, backendRequest: 300 } },
      zero: { retry: { codes: [], attempts: 0 }, timeouts: { backendRequest: 300 } },
    },
    (attempt) => (incoming, response) => {
      if (attempt > 1 && incoming.url !== '/all') response.end();
    },
  );
  expect(await ask('each')).toEqual([200, 2]);
  expect(await ask('all')).toEqual([504, 2]);
  expect(await ask('zero')).toEqual([504, 1]);
});

test('backoff makes pauses', async () => {
  const ask = await start(
    {
      slow: { retry: { codes: [503], attempts: 8, backoff: 100 } },
      fast: { retry: { codes: [503], attempts: 8, backoff: 1 } },
    },
    failing,
  );
  const taken = async (path: string): Promise<number> => {
    const started = performance.now();
    expect(await ask(path)).toEqual([503, 9]);
    return performance.now() - started;
  };
  const fast = await taken('fast?fail=503&times=9');
  // The pauses are random: up to 0.1, 0.3, 0.7 s, then up to 1 s each.
  expect((await taken('slow?fail=503&times=9')) - fast).toBeGreaterThan(500);
});

test('a body is sent again as long as it fits the buffer, and a larger one arrives whole once', async () => {
  const got: number[] = [];
  const ask = await start({ web: { retry: { codes: [503], attempts: 3 } } }, (attempt) => (incoming, response) => {
    void (async () => {
      const { length } = await text(incoming);
      got.push(length);
      response.writeHead(attempt === 1 ? 503 : 200).end();
    })();
  });
  expect(await ask('web', { method: 'POST', body: 'x'.repeat(20_000) })).toEqual([200, 2]);
  expect(await ask('web', { method: 'POST', body: 'x'.repeat(2_000_000) })).toEqual([503, 1]);
  expect(got).toEqual([20_000, 20_000, 2_000_000]);
});
