// What a service of the embedded AWS is: a name, a wire protocol and its actions. The server (server.ts) decodes a
// request, finds the action, and encodes what it returns or throws.

/**
 * A request's parameters as the wire had them. Query protocol: strings, nested records and arrays, PascalCase
 * (`Listeners.member.1.Port=80` → `{ Listeners: [{ Port: '80' }] }`). EC2 protocol: lists are flattened on the wire
 * (`Filter.1.Value.2=x` → `{ Filter: [{ Value: [.., 'x'] }] }`). JSON protocol: the body.
 */
export type Input = Readonly<Record<string, unknown>>;

/**
 * What an action returns. Query: PascalCase keys; arrays become `<member>` lists. EC2: the wire's own names
 * (`vpcSet`, `vpcId`); arrays become `<item>` lists. JSON: the body. `undefined` is left out; Date is written as the protocol does.
 */
export type Output = Readonly<Record<string, unknown>>;

/** Who called, and where. */
export interface CallContext {
  readonly region: string;
  readonly accountId: string;
  readonly requestId: string;
  /** The caller's ARN, as STS would tell it. */
  readonly principal: string;
}

export type Action = (input: Input, context: CallContext) => Output | Promise<Output>;

export interface Service {
  /** The signing name: elasticloadbalancing, ec2, acm, tagging, sts, shield. */
  readonly name: string;
  readonly protocol: 'query' | 'ec2' | 'json';
  /** XML namespace (query, ec2), or the prefix of `X-Amz-Target` (json). */
  readonly namespace: string;
  /** The API version of the query protocols: how an unsigned request finds its service. */
  readonly version?: string;
  readonly actions: Readonly<Record<string, Action>>;
}

/** An error as AWS would answer it. `code` is the wire's (`TargetGroupNotFound`), not the SDK's class name. */
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
