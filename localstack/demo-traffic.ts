// The demo's requests: one or more for every sample's URL.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Reachable } from './aws/dataplane/reachable.ts';
import type { Echo } from './demo-pods.ts';

export interface Sample {
  readonly gateway: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The number of requests; default: 1. */
  readonly times?: number;
  /** All possible answers, the most frequent first. */
  readonly expected: readonly string[];
}

/** @param redirected where the redirect leads to: an ALB also names the port that is the default */
const samplesOnAny = (redirected: string): readonly Sample[] => [
  { gateway: 'my-gateway', url: 'http://example.com/', expected: ['frontend-service /'] },
  { gateway: 'my-gateway', url: 'http://other.example/', expected: ['404'] },
  { gateway: 'main-gateway', url: 'https://www.example.com/api/users', expected: ['api-service /api/users'] },
  { gateway: 'main-gateway', url: 'https://www.example.com/legacy/orders', expected: ['api-service /orders'] },
  { gateway: 'main-gateway', url: 'http://www.example.com/api?a=b', expected: [`301 ${redirected}`] },
  {
    gateway: 'main-gateway',
    url: 'https://shop.example.com/cart',
    times: 20,
    expected: ['shop-stable /cart', 'shop-beta /cart'],
  },
  {
    gateway: 'main-gateway',
    url: 'https://shop.example.com/cart',
    headers: { 'x-beta': 'yes' },
    expected: ['shop-beta /cart'],
  },
  { gateway: 'shared-gateway', url: 'http://team.example.com/', expected: ['frontend-service /'] },
];

export const samplesOnAws: readonly Sample[] = [
  ...samplesOnAny('https://www.example.com:443/api?a=b'),
  { gateway: 'mixed-gateway', url: 'https://mixed.example.com/', expected: ['frontend-service /'] },
];

export const samplesOnMetallb: readonly Sample[] = [
  ...samplesOnAny('https://www.example.com/api?a=b'),
  { gateway: 'pool-gateway', url: 'http://headers.example.com/', expected: ['frontend-service /'] },
  { gateway: 'names-gateway', url: 'https://console.example.com/', expected: ['frontend-service /'] },
];

export interface Fetching {
  /** The address of a Gateway's load balancer; undefined if it has none. */
  readonly reachable: (gateway: string) => Reachable | undefined;
  /** The certificate authority of the samples' certificate, in PEM. */
  readonly ca: string;
  readonly signal: AbortSignal;
}

/** Prints one line per sample: who answered. @returns whether all answers were correct. */
export async function fetchSamples(
  samples: readonly Sample[],
  ask: (sample: Sample) => Promise<Answer>,
  say: (line: string) => void,
): Promise<boolean> {
  let right = true;
  for (const sample of samples) {
    const { url, headers = {}, times = 1, expected } = sample;
    const answers = [];
    for (let count = 0; count < times; count += 1) answers.push(await ask(sample));
    const byText = [...Map.groupBy(answers, ({ text }) => text)].toSorted(([, a], [, b]) => b.length - a.length);
    const isRight = byText[0]?.[0] === expected[0] && byText.every(([text]) => expected.includes(text));
    const asked = [url, ...Object.entries(headers).map(([name, value]) => `(${name}: ${value})`)].join(' ');
    const told = byText.map(([text, same]) => `${times > 1 ? `${same.length} × ` : ''}${text}${podsOf(same)}`);
    say(`${asked} → ${told.join(', ')}${isRight ? '' : ` WRONG, expected ${expected.join(' or ')}`}`);
    right &&= isRight;
  }
  return right;
}

export interface Answer {
  /** `SERVICE PATH` of the pod that answered, or `STATUS LOCATION` of the load balancer's own answer. */
  readonly text: string;
  readonly pod?: string;
}

function podsOf(answers: readonly Answer[]): string {
  const pods = [...new Set(answers.flatMap(({ pod = [] }) => pod))].toSorted();
  return pods.length > 0 ? ` from ${pods.join(' and ')}` : '';
}

/** Asks a load balancer of the embedded AWS. */
export const answerBy =
  (fetching: Fetching) =>
  (sample: Sample): Promise<Answer> =>
    answerTo(sample, fetching);

async function answerTo({ gateway, url, headers = {} }: Sample, { reachable, ca, signal }: Fetching): Promise<Answer> {
  const { protocol, hostname, pathname, search } = new URL(url);
  const secure = protocol === 'https:';
  const found = reachable(gateway);
  const listener = found?.listeners.find(({ port }) => port === (secure ? 443 : 80));
  if (!found || !listener) return { text: 'nobody' };
  const options = {
    hostname,
    port: listener.socketPort,
    path: `${pathname}${search}`,
    // The port of the URL, even if the socket has another one.
    headers: { host: hostname, ...headers },
    lookup: resolvingTo(found.address),
    agent: false,
    signal,
  } as const;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = secure ? httpsRequest({ ...options, ca, servername: hostname }) : httpRequest(options);
  asked.once('response', resolve);
  asked.once('error', reject);
  asked.end();
  const response = await promise;
  if (response.statusCode !== 200) {
    response.resume();
    return { text: [response.statusCode, response.headers.location].filter(Boolean).join(' ') };
  }
  return answerOf(await json(response));
}

/** @param echo the JSON of a pod */
export const answerOf = (echo: unknown): Answer =>
  isEcho(echo) ? { text: `${echo.service} ${echo.path}`, pod: echo.pod } : { text: 'something else' };

/** Resolves every name to the load balancer's address, as if the URL's name were a DNS alias. */
const resolvingTo =
  (address: string): LookupFunction =>
  (_, { all }, done) => {
    if (all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  };

const isEcho = (value: unknown): value is Echo => typeof value === 'object' && value !== null && 'service' in value;
