// The timeouts of a rule.
import type { HttpRouteRule } from '../api/gateway-api.ts';
import type { Timeouts } from './topology.ts';

/** Undefined if the rule sets none. */
export function timeoutsOf({ timeouts }: Pick<HttpRouteRule, 'timeouts'>): Timeouts | undefined {
  if (timeouts === undefined) return undefined;
  const { request, backendRequest } = timeouts;
  return {
    ...(request !== undefined && { request: milliseconds(request) }),
    ...(backendRequest !== undefined && { backendRequest: milliseconds(backendRequest) }),
  };
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Of a GEP-2257 duration, such as `1h30m` or `500ms`. */
const milliseconds = (duration: string): number =>
  [...duration.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
    (sum, [, count = '', unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
