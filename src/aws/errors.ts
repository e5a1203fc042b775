// Errors of AWS as ours. The middleware in clients.ts turns whatever an SDK call throws into an AwsError. Nothing else of an SDK
// error (inputs, responses) is kept, so that no private key can reach a log.
import { ProviderError } from '../provider/error.ts';
import { RecalledError } from './errand.ts';
import type { ResourceId } from './model/resources.ts';
import type { Problem } from './problem.ts';

export type AwsErrorKind =
  | 'throttled'
  | 'not-found'
  /** Like `not-found`, but we have written it recently: AWS may not show it yet. */
  | 'not-yet-visible'
  | 'already-exists'
  | 'in-use'
  | 'access-denied'
  | 'credentials'
  | 'quota'
  /** No answer came. AWS may have executed the call. */
  | 'unreachable'
  | 'invalid'
  /** AWS failed. It may have executed the call. */
  | 'server'
  /** The answer is not AWS's, for example a proxy's. AWS may have executed the call. */
  | 'unreadable'
  /** Not sent: the lease is lost, or the process stops. */
  | 'lease-lost'
  /** Not sent: the errand was recalled. */
  | 'recalled';

interface AwsErrorFields {
  /** As IAM writes it: `elasticloadbalancing:CreateRule`. */
  readonly action: string;
  /** Without the suffix `Exception` that some of the SDK's clients add: `ResourceInUse`. */
  readonly code: string;
  readonly kind: AwsErrorKind;
  readonly detail: string;
}

export class AwsError extends ProviderError {
  override readonly name = 'AwsError';
  readonly action: string;
  readonly code: string;
  readonly kind: AwsErrorKind;
  /** AWS's message, without secrets and without parts that differ from call to call. */
  readonly detail: string;

  constructor({ action, code, kind, detail }: AwsErrorFields) {
    super(`${action}: ${code}: ${detail}`);
    this.action = action;
    this.code = code;
    this.kind = kind;
    this.detail = detail;
  }

  /** Whether the same call may succeed later, without any change. */
  get retryable(): boolean {
    return ['throttled', 'unreachable', 'server', 'unreadable', 'in-use', 'not-yet-visible'].includes(this.kind);
  }
}

/** Thrown inside the middleware when the lease is lost. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

const hasKind =
  (...kinds: readonly AwsErrorKind[]) =>
  (error: unknown): error is AwsError =>
    error instanceof AwsError && kinds.includes(error.kind);

export const isThrottled = hasKind('throttled');
export const isNotFound = hasKind('not-found');
export const isNotYetVisible = hasKind('not-yet-visible');
export const isAlreadyExists = hasKind('already-exists');
export const isInUse = hasKind('in-use');
export const isInvalid = hasKind('invalid');
export const isQuotaReached = hasKind('quota');
/** Whether the same call would be refused again, until something else changes. */
export const isRefused = hasKind('invalid', 'in-use', 'not-found', 'quota', 'access-denied');
/** Whether AWS may have executed the call. */
export const isUncertain = hasKind('unreachable', 'server', 'unreadable');

/** The first row that matches the code gives the kind. Codes are exactly as AWS writes them, without `Exception`. */
const codes: readonly (readonly [AwsErrorKind, RegExp])[] = [
  ['throttled', /^(Throttl|RequestLimitExceeded|TooManyRequests|RequestThrottled|SlowDown|PriorRequestNotComplete)/],
  ['credentials', /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure)/],
  ['credentials', /^(MissingAuthenticationToken|InvalidAccessKeyId|IncompleteSignature|CredentialsProviderError)/],
  ['credentials', /^(TokenRefreshRequired|RequestExpired|InvalidIdentityToken|IDPRejectedClaim|OptInRequired)/],
  ['access-denied', /^(AccessDenied|UnauthorizedOperation|NotAuthorized|OperationNotPermitted\.Access)/],
  ['already-exists', /Duplicate|AlreadyExists|^PriorityInUse$/],
  ['in-use', /^(ResourceInUse|DependencyViolation|InvalidGroup\.InUse|ListenerInUse)/],
  ['not-found', /NotFound|^InvalidGroupId\.Malformed$/],
  ['quota', /^TooMany|LimitExceeded$|QuotaExceeded/],
];

const unreachableCodes =
  /^(TimeoutError|RequestTimeout|ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOST|ENETUNREACH|NetworkingError)/;

/** The SDK's code for an error if the answer has no code. */
const withoutCode: ReadonlySet<string> = new Set(['Error', 'SyntaxError', 'Unknown', 'UnknownError', 'NotFound']);

function kindOf(code: string, status: number | undefined, networkCode: string): AwsErrorKind {
  if (status !== undefined && status < 500 && withoutCode.has(code)) return 'unreadable';
  for (const [kind, pattern] of codes) if (pattern.test(code)) return kind;
  if (unreachableCodes.test(code) || unreachableCodes.test(networkCode)) return 'unreachable';
  if (status === undefined) return 'unreachable';
  if (status === 403) return 'access-denied';
  return status >= 500 ? 'server' : 'invalid';
}

/** By EC2's code, or by Elastic Load Balancing's: "Not enough IP space available in subnet-…". */
export const isOutOfAddresses = ({ code, detail }: Pick<AwsErrorFields, 'code' | 'detail'>): boolean =>
  code === 'InsufficientFreeAddressesInSubnet' || (code === 'InvalidSubnet' && /not enough IP space/i.test(detail));

const maxDetail = 400;

/** Removes key material, and ids and ciphertexts that differ from call to call: these would change a status again and again. */
const cleaned = (message: string): string =>
  message
    .replaceAll(/-----BEGIN[\s\S]*?(-----END[^-]*-----|$)/g, '[PEM]')
    .replaceAll(/\s*Encoded authorization failure message:.*/gs, '')
    .replaceAll(/[A-Za-z0-9+/=]{100,}/g, '[…]')
    .replaceAll(/\s*\(?(Request ?ID|RequestId): ?[0-9a-f-]{36}\)?/gi, '')
    .slice(0, maxDetail);

function textField(value: object, field: string): string {
  const text: unknown = Reflect.get(value, field);
  return typeof text === 'string' ? text : '';
}

function statusOf(error: object): number | undefined {
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** Turns whatever an SDK call has thrown into an AwsError, which keeps only the code and the message. */
export function toAwsError(thrown: unknown, action: string): AwsError {
  if (thrown instanceof AwsError) return thrown;
  if (!(thrown instanceof Error)) {
    return new AwsError({ action, code: 'Unknown', kind: 'server', detail: cleaned(String(thrown)) });
  }
  if (thrown instanceof RecalledError) {
    return new AwsError({ action, code: 'Recalled', kind: 'recalled', detail: 'others were let in first' });
  }
  if (thrown instanceof LeaseLostError || thrown.name === 'AbortError') {
    return new AwsError({ action, code: 'LeaseLost', kind: 'lease-lost', detail: 'the call was not sent' });
  }
  const networkCode = textField(thrown, 'code');
  const name = thrown.name === 'Error' && networkCode !== '' ? networkCode : thrown.name;
  const code = name.replace(/Exception$/, '');
  const status = statusOf(thrown);
  const isBare = status !== undefined && withoutCode.has(code);
  const detail = isBare ? `HTTP status ${status} without an error code` : cleaned(thrown.message);
  const kind = isOutOfAddresses({ code, detail }) ? 'quota' : kindOf(code, status, networkCode);
  return new AwsError({ action, code: isBare ? 'NoCode' : code, kind, detail });
}

const ownResource = /^(Rule|Listener|TargetGroup|LoadBalancer)NotFound$/;

type Unanswered = Extract<Problem, { kind: 'cloud-unanswered' }>;

/** The problem for an error of a call about `resource`, a logical id. */
export function toProblem(error: AwsError, resource: ResourceId): Problem {
  const { action, code, detail } = error;
  const unanswered = (why: Unanswered['why']): Problem => {
    const said = [code === 'NoCode' ? '' : code, detail].filter((part) => part !== '').join(': ');
    return { kind: 'cloud-unanswered', why, action, detail: said };
  };
  switch (error.kind) {
    case 'access-denied':
      return { kind: 'access-denied', resource, action, detail };
    case 'credentials':
      return { kind: 'credentials-invalid', action, detail };
    case 'quota':
      return { kind: 'quota-reached', resource, action, code, detail };
    case 'throttled':
      return unanswered('throttled');
    case 'server':
      return unanswered('failed');
    case 'unreadable':
      return unanswered('unreadable');
    case 'not-yet-visible':
      return unanswered('not-yet-visible');
    case 'unreachable':
    case 'lease-lost':
    case 'recalled':
      return unanswered('unreachable');
    case 'not-found':
      // If it is ours, someone else has removed it, and the next pass creates it again. If users name it, they must correct it.
      if (ownResource.test(code)) return unanswered('gone');
      return { kind: 'cloud-refused', resource, action, code, detail };
    case 'already-exists':
    case 'in-use':
    case 'invalid':
      return { kind: 'cloud-refused', resource, action, code, detail };
    default:
      return error.kind satisfies never;
  }
}

/** The problems of the work. An AwsError becomes a problem too; other errors are thrown. */
export async function problemsOf(
  resource: ResourceId,
  work: () => Promise<readonly Problem[]>,
): Promise<readonly Problem[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return [toProblem(error, resource)];
  }
}
