/** The fields of metav1.Status that an error answer has. */
export interface StatusBody {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly details?: { readonly causes?: readonly { readonly reason?: string }[] } | undefined;
}

interface KubeErrorFields {
  /** The method and the object, such as `PUT gateways demo/web`. */
  readonly action: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** metav1's StatusReason; `Unreachable` when no answer came. */
  readonly reason: string;
  readonly detail: string;
  readonly retryAfterMs?: number | undefined;
  /** The reasons of the causes that the server lists. */
  readonly causes?: readonly string[];
  readonly cause?: unknown;
}

/** An unsuccessful answer of the API server, or no answer at all. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly action: string;
  readonly status: number;
  readonly reason: string;
  /** The server's own words. */
  readonly detail: string;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly string[];

  constructor({ action, status, reason, detail, retryAfterMs, causes = [], cause }: KubeErrorFields) {
    super(`${action}: ${status === 0 ? '' : `${status} `}${reason}: ${detail}`, cause === undefined ? {} : { cause });
    this.action = action;
    this.status = status;
    this.reason = reason;
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
    this.causes = causes;
  }
}

const hasStatus =
  (status: number) =>
  (error: unknown): error is KubeError =>
    error instanceof KubeError && error.status === status;

export const isUnauthorized = hasStatus(401);
export const isForbidden = hasStatus(403);
export const isNotFound = hasStatus(404);
export const isGone = hasStatus(410);
export const isInvalid = hasStatus(422);

export const isUnreachable = (error: unknown): error is KubeError => hasStatus(0)(error);

/** The object to be created exists already. The status is 409, but this is not a version conflict. */
export const isAlreadyExists = (error: unknown): error is KubeError =>
  hasStatus(409)(error) && error.reason === 'AlreadyExists';

/** The object has changed since we read it. */
export const isConflict = (error: unknown): error is KubeError =>
  hasStatus(409)(error) && error.reason !== 'AlreadyExists';

/** The watch starts at a version that the server has not reached, because it was restored from a backup. Only a list helps. */
export const isVersionTooLarge = (error: unknown): error is KubeError =>
  error instanceof KubeError && error.causes.includes('ResourceVersionTooLarge');
