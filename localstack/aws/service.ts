// A service of the embedded AWS: a name, a wire protocol and its actions. The server (server.ts) decodes a
// request, finds the action, and encodes what it returns or throws.

/**
 * A request's parameters as on the wire. Query protocol: strings, nested records and arrays, PascalCase
 * (`Listeners.member.1.Port=80` → `{ Listeners: [{ Port: '80' }] }`). EC2 protocol: lists are flattened on the wire
 * (`Filter.1.Value.2=x` → `{ Filter: [{ Value: [.., 'x'] }] }`). JSON protocol: the body.
 */
export type Input = Readonly<Record<string, unknown>>;

/**
 * The result of an action. Query: PascalCase keys; arrays become `<member>` lists. EC2: the names on the wire
 * (`vpcSet`, `vpcId`); arrays become `<item>` lists. JSON: the body. `undefined` is left out; a Date has the protocol's format.
 */
export type Output = Readonly<Record<string, unknown>>;

/** The caller and the region. */
export interface CallContext {
  readonly region: string;
  readonly accountId: string;
  readonly requestId: string;
  /** The caller's ARN, as in STS. */
  readonly principal: string;
}

export type Action = (input: Input, context: CallContext) => Output | Promise<Output>;

export interface Service {
  /** The signing name: elasticloadbalancing, ec2, acm, tagging, sts, shield. */
  readonly name: string;
  readonly protocol: 'query' | 'ec2' | 'json';
  /** XML namespace (query, ec2), or the prefix of `X-Amz-Target` (json). */
  readonly namespace: string;
  /** The API version of the query protocols. It identifies the service of an unsigned request. */
  readonly version?: string;
  readonly actions: Readonly<Record<string, Action>>;
}

/** An error answer of AWS. `code` is the code on the wire (`TargetGroupNotFound`), not the SDK's class name. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
