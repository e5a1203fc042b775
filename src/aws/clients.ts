// The SDK's clients, each with the same middleware stack: outermost our errors, then the SDK's retries, and inside these, for
// each attempt, the account's rate limits and the lease.
import { setMaxListeners } from 'node:events';
import { ACMClient } from '@aws-sdk/client-acm';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { AwsError, isNotFound, isThrottled, isUncertain, LeaseLostError, toAwsError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { OwnWrites } from './own-writes.ts';

/** Their calls throw only AwsError. */
export interface AwsClients {
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly acm: ACMClient;
  /** For ImportCertificate, which has no idempotency token: it never retries. */
  readonly acmOnce: ACMClient;
  readonly ec2: EC2Client;
  readonly tagging: ResourceGroupsTaggingAPIClient;
  /** The recent writes of these clients. */
  readonly writes: OwnWrites;
  readonly destroy: () => void;
}

interface AwsMetrics {
  /** Called after each attempt. `action` is written as in IAM; `code` is `ok` or AWS's code. */
  call(action: string, code: string, seconds: number): void;
}

export interface AwsClientsOptions {
  readonly region: string;
  readonly userAgent: string;
  /** Called before each attempt of an action, such as `CreateRule`. Throws if the lease is lost. */
  readonly mayCall: (action: string) => void;
  readonly limits: Limits;
  readonly writes: OwnWrites;
  readonly metrics: AwsMetrics;
  /** Ends all calls that wait or are in progress. */
  readonly signal: AbortSignal;
}

/** The signing name, which is also the prefix of the service's actions in IAM. */
type ServiceName = 'elasticloadbalancing' | 'acm' | 'ec2' | 'tagging';

interface CallContext {
  readonly commandName?: string;
}

type Middleware = <A, O>(next: (args: A) => Promise<O>, context: CallContext) => (args: A) => Promise<O>;

/** The part of a client's middleware stack that is used here. */
interface Stack {
  add(middleware: Middleware, options: { step: 'initialize'; priority: 'high'; name: string }): void;
  add(middleware: Middleware, options: { step: 'finalizeRequest'; priority: 'low'; name: string }): void;
  addRelativeTo(middleware: Middleware, options: { relation: 'before'; toMiddleware: string; name: string }): void;
}

const maxAttempts = 4;
/** If no attempt of a call is answered, the call fails after a minute, and statuses can say so. */
const timeouts = { connectionTimeout: 5000, requestTimeout: 15_000, throwOnRequestTimeout: true };

/** Clients with the default credential chain. The SDK itself reads AWS_ENDPOINT_URL. */
export function createAwsClients(options: AwsClientsOptions): AwsClients {
  const signal = AbortSignal.any([options.signal]);
  setMaxListeners(0, signal);
  const { region } = options;
  const base = {
    region,
    customUserAgent: options.userAgent,
    maxAttempts,
    retryMode: 'standard',
    requestHandler: timeouts,
  };
  const elbv2 = new ElasticLoadBalancingV2Client(base);
  const { credentials, requestHandler } = elbv2.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, given) => handle(request, { ...given, abortSignal: signal });
  const shared = { ...base, credentials, requestHandler };
  const acm = new ACMClient(shared);
  const acmOnce = new ACMClient({ ...shared, maxAttempts: 1 });
  const ec2 = new EC2Client(shared);
  const tagging = new ResourceGroupsTaggingAPIClient(shared);
  equip('elasticloadbalancing', elbv2.middlewareStack, options, signal);
  equip('acm', acm.middlewareStack, options, signal);
  equip('acm', acmOnce.middlewareStack, options, signal);
  equip('ec2', ec2.middlewareStack, options, signal);
  equip('tagging', tagging.middlewareStack, options, signal);
  return { elbv2, acm, acmOnce, ec2, tagging, writes: options.writes, destroy: () => requestHandler.destroy?.() };
}

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;

const apiAction = ({ commandName = 'Unknown' }: CallContext): string => commandName.replace(/Command$/, '');

function equip(service: ServiceName, stack: Stack, options: AwsClientsOptions, signal: AbortSignal): void {
  const { limits, mayCall, metrics, writes } = options;
  let hasRequestIds = false;
  /** Without this check the SDK would read the page of a proxy, or an empty one, as an empty result. */
  const checkIsAws = (output: unknown, action: string): void => {
    const hasRequestId = typeof fieldOf(fieldOf(output, '$metadata'), 'requestId') === 'string';
    hasRequestIds ||= hasRequestId;
    if (hasRequestId || !hasRequestIds) return;
    const detail = 'the answer lacks the request id that AWS has given so far';
    throw new AwsError({ action: `${iamPrefix(service)}:${action}`, code: 'NoRequestId', kind: 'unreadable', detail });
  };
  const ourErrors: Middleware = (next, context) => async (args) => {
    const action = apiAction(context);
    const input = fieldOf(args, 'input');
    try {
      const result = await next(args);
      const output = fieldOf(result, 'output');
      checkIsAws(output, action);
      writes.note(action, input, output);
      return result;
    } catch (thrown) {
      const error = toAwsError(thrown, `${iamPrefix(service)}:${action}`);
      if (isUncertain(error)) writes.note(action, input);
      if (!isNotFound(error) || !writes.refersToRecent(action, input)) throw error;
      const { code, detail } = error;
      throw new AwsError({ action: error.action, code, kind: 'not-yet-visible', detail });
    }
  };
  const limited: Middleware = (next, context) => async (args) => {
    await limits.take(service, apiAction(context), signal);
    return next(args);
  };
  const guarded: Middleware = (next, context) => async (args) => {
    if (signal.aborted) throw new LeaseLostError('The process stops');
    const action = apiAction(context);
    mayCall(action);
    const started = performance.now();
    const report = (code: string) =>
      metrics.call(`${iamPrefix(service)}:${action}`, code, (performance.now() - started) / 1000);
    try {
      const output = await next(args);
      report('ok');
      limits.succeeded(service, action);
      return output;
    } catch (error) {
      const ours = toAwsError(error, action);
      report(ours.code);
      if (isThrottled(ours)) limits.throttled(service, action);
      throw error;
    }
  };
  stack.add(ourErrors, { step: 'initialize', priority: 'high', name: 'ourErrors' });
  // Before signing, because a long wait would make the signature stale; and after it, because credentials may need a call.
  stack.addRelativeTo(limited, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'limited' });
  stack.add(guarded, { step: 'finalizeRequest', priority: 'low', name: 'guarded' });
}

const iamPrefix = (service: ServiceName): string => (service === 'tagging' ? 'tag' : service);
