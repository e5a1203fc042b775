// A route's entry, for readers of a plan: which requests it takes, and what happens to them.
import type {
  CorsOrigin,
  Forward,
  HeaderChanges,
  Mirror,
  PathModifier,
  Redirect,
  Retry,
  RouteAction,
  TopologyBackend,
} from '../gateway/route-action.ts';
import type { RequestMatch, RouteEntry, ValueMatch } from '../gateway/topology.ts';
import { percent } from './rule-words.ts';

/** The first line: conditions and action. */
export function entryWords({ hostname, match, action }: Omit<RouteEntry, 'source'>): string {
  const conditions = [...(hostname === undefined ? [] : [`host ${hostname}`]), ...matchWords(match)];
  return `${conditions.length === 0 ? 'any request' : conditions.join(', ')} ${actionWords(action)}`;
}

function matchWords({ path, headers, queryParams, method, grpc }: RequestMatch): readonly string[] {
  return [
    ...pathWords(path),
    ...(grpc === undefined ? [] : ['gRPC']),
    ...(method === undefined ? [] : [`method ${method}`]),
    ...headers.map((header) => `header ${valueWords(header)}`),
    ...queryParams.map((query) => `query ${valueWords(query)}`),
  ];
}

function pathWords({ type, value }: RequestMatch['path']): readonly string[] {
  switch (type) {
    case 'Exact':
      return [`path = ${value}`];
    case 'PathPrefix':
      return value === '/' ? [] : [`path ${value} and below`];
    case 'RegularExpression':
      return [`path ~ ${value}`];
    default:
      return type satisfies never;
  }
}

const valueWords = ({ type, name, value }: ValueMatch): string => `${name} ${type === 'Exact' ? '=' : '~'} ${value}`;

function actionWords(action: RouteAction): string {
  switch (action.kind) {
    case 'forward':
      return `→ ${backendWords(action).join(', ')}`;
    case 'redirect':
      return `→ redirect ${action.redirect.statusCode}${redirectWords(action.redirect)}`;
    case 'respond':
      return `→ answer ${action.statusCode}`;
    default:
      return action satisfies never;
  }
}

/** The connections or datagrams of an entry that knows no requests. */
export function connectionWords(protocol: 'TLS' | 'TCP' | 'UDP', hostname: string | undefined): string {
  if (hostname !== undefined) return `server name ${hostname}`;
  return protocol === 'UDP' ? 'any datagram' : 'any connection';
}

/** @param nobody what happens to connections without a backend */
export function connectionActionWords(action: RouteAction | undefined, nobody: string): string {
  return action?.kind === 'forward' ? `→ ${backendWords(action, nobody).join(', ')}` : `→ ${nobody}`;
}

function backendWords({ backends }: Forward, invalid = 'answer 500'): readonly string[] {
  const weighted = backends.filter(({ weight }) => weight > 0);
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  return weighted.map((backend) =>
    weighted.length === 1
      ? serviceWords(backend, invalid)
      : `${percent(backend.weight, total)} ${serviceWords(backend, invalid)}`,
  );
}

const serviceWords = ({ service }: Pick<TopologyBackend, 'service'>, invalid: string): string =>
  service === undefined ? invalid : `Service ${service.service}:${service.port}`;

function redirectWords({ scheme, hostname, port, path }: Redirect): string {
  const changed = [
    ...(scheme === undefined ? [] : [`scheme ${scheme}`]),
    ...(hostname === undefined ? [] : [`host ${hostname}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(path === undefined ? [] : [modifierWords(path)]),
  ];
  return changed.length === 0 ? '' : ` to ${changed.join(', ')}`;
}

const modifierWords = ({ kind, value }: PathModifier): string =>
  kind === 'full' ? `path ${value}` : `prefix ${value}`;

/** The further lines: what changes on the way. */
export function changeWords(action: RouteAction): readonly string[] {
  switch (action.kind) {
    case 'forward':
      return [
        ...rewriteWords(action),
        ...headerWords('request', action.requestHeaders),
        ...headerWords('response', action.responseHeaders),
        ...action.backends.flatMap(backendChanges),
        ...(action.mirrors ?? []).map(mirrorWords),
        ...timeoutWords(action),
        ...corsWords(action),
      ];
    case 'redirect':
      return headerWords('response', action.responseHeaders);
    case 'respond':
      return [];
    default:
      return action satisfies never;
  }
}

function rewriteWords({ rewrite: { hostname, path } = {} }: Pick<Forward, 'rewrite'>): readonly string[] {
  return [
    ...(hostname === undefined ? [] : [`host rewritten: ${hostname}`]),
    ...(path === undefined ? [] : [`${path.kind === 'full' ? 'path' : 'prefix'} rewritten: ${path.value}`]),
  ];
}

function headerWords(of: 'request' | 'response', changes: HeaderChanges | undefined): readonly string[] {
  if (changes === undefined) return [];
  const { set, add, remove } = changes;
  const words = [
    ...set.map(({ name, value }) => `set ${name}: ${value}`),
    ...add.map(({ name, value }) => `add ${name}: ${value}`),
    ...remove.map((name) => `remove ${name}`),
  ];
  return words.length === 0 ? [] : [`${of} headers: ${words.join(', ')}`];
}

const backendChanges = (backend: TopologyBackend): readonly string[] =>
  [
    ...(backend.redirect === undefined ? [] : [actionWords({ kind: 'redirect', redirect: backend.redirect })]),
    ...rewriteWords(backend),
    ...headerWords('request', backend.requestHeaders),
    ...headerWords('response', backend.responseHeaders),
    ...(backend.mirrors ?? []).map(mirrorWords),
    ...corsWords(backend),
  ].map((words) => `${serviceWords(backend, 'answer 500')}: ${words}`);

const mirrorWords = ({ service, numerator, denominator }: Mirror): string =>
  `copied to Service ${service.service}:${service.port}${numerator === denominator ? '' : ` (${percent(numerator, denominator)})`}`;

function timeoutWords({ timeouts: { request = 0, backendRequest = 0 } = {}, retry }: Forward): readonly string[] {
  const isRepeated = retry !== undefined && retry.attempts > 0;
  const limits = [request, backendRequest].filter((limit) => limit > 0);
  const words = isRepeated
    ? [...limitWords('', request), ...limitWords(' for each try', backendRequest)]
    : limits.slice(0, 1).map(() => seconds(Math.min(...limits)));
  return [...(words.length === 0 ? [] : [`time limit: ${words.join(', ')}`]), ...(retry ? [retryWords(retry)] : [])];
}

const limitWords = (of: string, limit: number): readonly string[] => (limit === 0 ? [] : [`${seconds(limit)}${of}`]);

const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`;

function retryWords({ codes, attempts, backoff }: Retry): string {
  if (attempts === 0) return 'no retries';
  const after = [...codes.map(String), 'no answer'].join(', ');
  return `retries: ${attempts}, after ${after}${backoff === undefined ? '' : `, the first in ${seconds(backoff)}`}`;
}

function corsWords({ cors }: Pick<Forward, 'cors'>): readonly string[] {
  if (cors === undefined) return [];
  const { origins, credentials, methods, headers } = cors;
  const words = [
    `pages of ${origins.length === 0 ? 'no other origin' : origins.map(originWords).join(', ')}`,
    ...(methods.length === 0 ? [] : [`methods ${methods.join(', ')}`]),
    ...(headers.length === 0 ? [] : [`headers ${headers.join(', ')}`]),
    ...(credentials ? ['with credentials'] : []),
  ];
  return [`CORS: ${words.join('; ')}`];
}

function originWords(origin: CorsOrigin): string {
  if (origin.kind === 'any') return 'any origin';
  const { scheme, host, port } = origin;
  return `${scheme}://${host}${port === undefined ? '' : `:${port}`}`;
}
