// Retries: which requests Envoy sends again, and how long it waits for each try.
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Forward, Retry } from '../../gateway/route-action.ts';
import type { RetryPolicySchema, RouteActionSchema } from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { PreviousHostsPredicateSchema } from '../xds/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { extension, type Init } from './messages.ts';

/** For each request. More would only multiply the load of backends that fail. */
export const MAX_ATTEMPTS = 10;

const onAnotherHost: Init<typeof RetryPolicySchema> = {
  retryHostPredicate: [extension('envoy.retry_host_predicates.previous_hosts', PreviousHostsPredicateSchema, {})],
  // Each choice is random, so a few could all be the pod that is gone.
  hostSelectionRetryMaxAttempts: 10n,
};

/** Of all routes without a policy. Only what no backend has seen is tried again: while a pod ends, its endpoint may still be there. */
export const safeRetries: Init<typeof RetryPolicySchema> = {
  retryOn: 'connect-failure,refused-stream,reset-before-request',
  numRetries: 2,
  ...onAnotherHost,
};

/** Also if a backend saw the request: GEP-1731 asks for disconnects, resets, timeouts and failures of TCP. */
const noAnswer = 'connect-failure,refused-stream,reset';

/** The time limits of a route, and its retries. */
export function tries({ timeouts = {}, retry }: Forward): Init<typeof RouteActionSchema> {
  const { request = 0, backendRequest = 0 } = timeouts;
  if (retry === undefined || retry.attempts === 0) {
    const limits = [request, backendRequest].filter((limit) => limit > 0);
    return { ...timeLimit(limits.length === 0 ? 0 : Math.min(...limits)), ...(retry && { retryPolicy: never }) };
  }
  return { ...timeLimit(request), retryPolicy: retryPolicy(retry, backendRequest) };
}

/** Without it Envoy would wait for 15 s. 0 means no limit: streams may last. What is idle ends by `streamIdleTimeout`. */
const timeLimit = (milliseconds: number) => ({ timeout: durationFromMs(milliseconds) });

/** Else the virtual host's policy would count. */
const never: Init<typeof RetryPolicySchema> = { numRetries: 0 };

const retryPolicy = ({ codes, attempts, backoff }: Retry, perTry: number): Init<typeof RetryPolicySchema> => ({
  retryOn: codes.length === 0 ? noAnswer : `${noAnswer},retriable-status-codes`,
  retriableStatusCodes: [...codes],
  numRetries: attempts,
  ...(perTry > 0 && { perTryTimeout: durationFromMs(perTry) }),
  // The pauses double up to ten times the first one. Envoy refuses 0.
  ...(backoff !== undefined && { retryBackOff: { baseInterval: durationFromMs(Math.max(backoff, 1)) } }),
  ...onAnotherHost,
});
