// A proxy between Gatehouse and the embedded AWS. It answers chosen actions with faults: refusals of IAM, failures of AWS,
// and lost answers.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readCredential } from '../../../localstack/aws/authenticate.ts';
import { AwsError } from '../../../localstack/aws/service.ts';
import { encodeError } from '../../../localstack/aws/wire/protocols.ts';

export interface Fault {
  /** The actions, in IAM's names: `elasticloadbalancing:CreateRule`. */
  readonly action: RegExp;
  /** Only requests whose body matches this. */
  readonly body?: RegExp;
  /**
   * `refuse` answers instead of AWS. `lose-answer` passes the request to AWS, then breaks the connection. `lose-request` breaks
   * the connection at once.
   */
  readonly does:
    | { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly message: string }
    | { readonly kind: 'lose-answer' }
    | { readonly kind: 'lose-request' };
  /** How often the fault happens; default: always. */
  readonly times?: number;
}

/** Wraps a call: `forward` passes it to AWS. Undefined breaks the connection. */
export type Around = (call: Call, forward: () => Promise<Answer>) => Promise<Answer | undefined>;

interface Call {
  /** The action in IAM's name. */
  readonly action: string;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface AwsFaults {
  /** The value for AWS_ENDPOINT_URL. */
  readonly url: string;
  /** Starts a fault. @returns a function that ends it */
  inject(fault: Fault): () => void;
  /** The actions that got a fault, in IAM's names, in order. */
  readonly met: readonly string[];
  /** All called actions. */
  readonly calls: readonly string[];
  close(): Promise<void>;
}

/** Why IAM denies, in its own words. */
export const notAllowed =
  'User: arn:aws:sts::123456789012:assumed-role/gatehouse/1 is not authorized to perform this action because no identity-based policy allows it';

/** IAM's answer to a call that no policy allows. */
export const deny = (action: RegExp): Fault => ({
  action,
  does: {
    kind: 'refuse',
    status: 403,
    code: 'AccessDenied',
    message: notAllowed,
  },
});

/** IAM's answer to an EC2 call that no policy allows. */
export const denyEc2 = (action: RegExp): Fault => ({
  action,
  does: {
    kind: 'refuse',
    status: 403,
    code: 'UnauthorizedOperation',
    message: `You are not authorized to perform this operation. ${notAllowed}`,
  },
});

const protocols: Readonly<Record<string, 'query' | 'ec2' | 'json'>> = {
  elasticloadbalancing: 'query',
  sts: 'query',
  ec2: 'ec2',
  acm: 'json',
  tagging: 'json',
};

interface Request extends Call {
  readonly service: string;
}

async function readRequest(request: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  const service = readCredential(request.headers.authorization)?.service ?? '';
  const target = request.headers['x-amz-target'];
  const action = typeof target === 'string' ? target.split('.').at(-1) : new URLSearchParams(body).get('Action');
  return { service, action: `${service === 'tagging' ? 'tag' : service}:${action ?? '?'}`, body };
}

/** Starts a proxy for the AWS at `upstream`, on loopback; default: on any free port. */
export async function startAwsFaults(
  upstream: string,
  around: Around = (_, forward) => forward(),
  port = 0,
): Promise<AwsFaults> {
  const calls: string[] = [];
  const faults = new Map<Fault, number>();
  const met: string[] = [];

  const take = ({ action, body }: Request): Fault['does'] | undefined => {
    for (const [fault, left] of faults) {
      if (left <= 0 || !fault.action.test(action) || fault.body?.test(body) === false) continue;
      faults.set(fault, left - 1);
      met.push(action);
      return fault.does;
    }
    return undefined;
  };

  const forward = async (incoming: IncomingMessage, { body }: Request): Promise<Answer> => {
    const headers = new Headers();
    for (const name of ['authorization', 'content-type', 'x-amz-target', 'x-amz-security-token', 'x-amz-date']) {
      const value = incoming.headers[name];
      if (typeof value === 'string') headers.set(name, value);
    }
    const method = incoming.method ?? 'POST';
    const answer = await fetch(new URL(incoming.url ?? '/', upstream), {
      method,
      headers,
      ...(method === 'GET' ? {} : { body }),
    });
    return { status: answer.status, contentType: answer.headers.get('content-type') ?? '', text: await answer.text() };
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    calls.push(request.action);
    const does = take(request);
    if (does?.kind === 'refuse') {
      const error = new AwsError(does.code, does.message, does.status);
      const { status, contentType, body } = encodeError(protocols[request.service] ?? 'query', '', randomUUID(), error);
      response.writeHead(status, { 'content-type': contentType }).end(body);
      return;
    }
    if (does?.kind === 'lose-request') {
      response.destroy();
      return;
    }
    const answer = await around(request, () => forward(incoming, request));
    if (answer === undefined || does?.kind === 'lose-answer') response.destroy();
    else response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.text);
  };

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('Expected the proxy to have a port');
  return {
    url: `http://127.0.0.1:${bound.port}`,
    met,
    calls,
    inject: (fault) => {
      faults.set(fault, fault.times ?? Number.POSITIVE_INFINITY);
      return () => void faults.delete(fault);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
