/** Credentials from STS. */
interface Session {
  /** The ARN of the assumed role's session. */
  readonly principal: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** By access key id; one Map for all regions of the account. */
export type Sessions = Map<string, Session>;
