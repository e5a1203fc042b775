// RequestRedirect as an ALB's redirect action. API_RedirectActionConfig: placeholders keep parts of the request. "You can't redirect
// HTTPS to HTTP", and some part must differ from the request.

import type { PathModifier, Redirect } from '../../gateway/route-action.ts';
import type { RedirectUnsupported } from '../../gateway/route-problem.ts';
import type { RouteEntry } from '../../gateway/topology.ts';
import type { Expressed } from './expressed.ts';
import type { RuleAction } from './resources.ts';

const MAX_LENGTH = 128;
const SAME_PATH = '/#{path}';

interface RedirectedPort {
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS';
}

export type RedirectAction = Extract<RuleAction, { kind: 'redirect' }>;

/** @param entry with the hostname, because a redirect only to it is a loop, and the match, whose prefix may be replaced */
export function redirectAction(
  redirect: Redirect,
  port: RedirectedPort,
  { hostname, match }: Pick<RouteEntry, 'hostname' | 'match'>,
): Expressed<RedirectAction> {
  const path = redirectPath(redirect.path, match);
  if (path === undefined) return unsupported({ kind: 'prefix-replaced' });
  const protocol = redirectProtocol(redirect, port);
  if (protocol === 'HTTP' && port.protocol === 'HTTPS') return unsupported({ kind: 'https-to-http' });
  const to = redirect.port === undefined || redirect.port === port.port ? '#{port}' : String(redirect.port);
  const host = redirect.hostname ?? '#{host}';
  if (host.length > MAX_LENGTH || path.length > MAX_LENGTH) {
    return unsupported({ kind: 'too-long', limit: MAX_LENGTH });
  }
  const elsewhere = protocol !== '#{protocol}' || to !== '#{port}' || (redirect.hostname ?? hostname) !== hostname;
  if (!elsewhere && path === SAME_PATH) return { shortfalls: [{ kind: 'redirect-to-itself', field: 'filters' }] };
  if (!elsewhere && path.includes('#{path}')) return unsupported({ kind: 'only-prefix' });
  const action: RedirectAction = {
    kind: 'redirect',
    protocol,
    host,
    port: to,
    path,
    query: '#{query}',
    // The capabilities allow no other status.
    statusCode: redirect.statusCode === 301 ? 'HTTP_301' : 'HTTP_302',
  };
  return { value: action, shortfalls: [] };
}

function unsupported(why: RedirectUnsupported['why']): Expressed<RedirectAction> {
  return { shortfalls: [{ kind: 'redirect-unsupported', field: 'filters', why }] };
}

function redirectProtocol({ scheme }: Redirect, { protocol }: RedirectedPort): string {
  const wanted = scheme?.toUpperCase() ?? protocol;
  return wanted === protocol ? '#{protocol}' : wanted;
}

/**
 * `#{path}` is the request's whole path without its first slash. So a prefix can be replaced only by a text that ends in it. `/` is
 * the empty prefix.
 */
function redirectPath(path: PathModifier | undefined, match: RouteEntry['match']): string | undefined {
  switch (path?.kind) {
    case undefined:
      return SAME_PATH;
    case 'full':
      return path.value.startsWith('/') ? path.value : `/${path.value}`;
    case 'prefix': {
      const prefix = match.path.value.replace(/\/+$/, '');
      const value = path.value.replace(/\/+$/, '');
      return value.endsWith(prefix) ? `${value.slice(0, value.length - prefix.length)}${SAME_PATH}` : undefined;
    }
    default:
      return path satisfies never;
  }
}
