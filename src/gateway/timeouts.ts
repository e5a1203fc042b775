// How long a rule waits for its backends, and how often it tries.
import type { HttpRouteRule } from '../api/gateway-api.ts';
import { milliseconds } from './durations.ts';
import type { Retry, Timeouts } from './route-action.ts';

/** Undefined if the rule sets none. */
export function timeoutsOf({ timeouts }: Pick<HttpRouteRule, 'timeouts'>): Timeouts | undefined {
  if (timeouts === undefined) return undefined;
  const { request, backendRequest } = timeouts;
  return {
    ...(request !== undefined && { request: milliseconds(request) }),
    ...(backendRequest !== undefined && { backendRequest: milliseconds(backendRequest) }),
  };
}

/** Undefined if the rule says nothing about retries. */
export function retryOf({ retry }: Pick<HttpRouteRule, 'retry'>): Retry | undefined {
  if (retry === undefined) return undefined;
  const { codes = [], attempts = 1, backoff } = retry;
  return { codes, attempts, ...(backoff !== undefined && { backoff: milliseconds(backoff) }) };
}
