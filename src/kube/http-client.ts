import type { IncomingMessage } from 'node:http';
import pRetry from 'p-retry';
import { answerError, transportError } from './answer-error.ts';
import type {
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  Patch,
  PatchOptions,
  Selection,
  WatchOptions,
} from './client.ts';
import { type Clock, jitter, type Random } from './clock.ts';
import type { Credentials } from './credentials.ts';
import { apiVersion, type Kind, path } from './kinds.ts';
import { isUnauthorized, KubeError } from './kube-error.ts';
import { readListBody } from './list-body.ts';
import { type KubeObject, type ObjectKey, parseObjectKey } from './object.ts';
import { readText, type Transport, type TransportRequest } from './transport.ts';
import { decodeWatch, type WatchEvent } from './watch.ts';

export interface HttpClientOptions {
  readonly server: string;
  readonly pathPrefix: string;
  readonly namespace: string | undefined;
  /** Where the server's address came from, for messages. */
  readonly source: string;
  readonly transport: Transport;
  readonly credentials: Credentials;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

interface Call {
  readonly method: TransportRequest['method'];
  /** The object of the call, for messages. */
  readonly target: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly bodyTimeoutMs?: number;
}

const retries = 4;

/** If the server asks for a longer wait, the caller gets the error. */
const longestWaitMs = 30_000;

/** The KubeClient over HTTP. */
export class HttpClient implements KubeClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  get server(): string {
    return this.#options.server;
  }

  get namespace(): string | undefined {
    return this.#options.namespace;
  }

  async version(signal: AbortSignal): Promise<string> {
    const call: Call = { method: 'GET', target: 'version', path: '/version' };
    return (await this.#json<{ readonly gitVersion: string }>(call, signal)).gitVersion;
  }

  async get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, signal: AbortSignal): Promise<T> {
    return await this.#json<T>({ method: 'GET', ...at(kind, key) }, signal);
  }

  async list<T extends KubeObject>(kind: Kind<T>, options: ListOptions, signal: AbortSignal): Promise<ObjectList<T>> {
    const { namespace, limit, continue: next } = options;
    const query = { ...selectors(options), limit, continue: next };
    const call: Call = { method: 'GET', target: kind.plural, path: path(kind, namespace), query };
    const answer = await this.#read(call, signal, (body) => readListBody<T>(body));
    const more = answer.metadata?.continue;
    return {
      // The API server omits these two fields in the items of a list.
      items: answer.items.map((item) => ({ ...item, apiVersion: apiVersion(kind), kind: kind.kind })),
      resourceVersion: answer.metadata?.resourceVersion ?? '',
      ...(more ? { continue: more } : {}),
    };
  }

  async create<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T> {
    const { namespace, name } = object.metadata;
    const target = `${kind.plural} ${namespace === undefined ? name : `${namespace}/${name}`}`;
    return await this.#json<T>({ method: 'POST', target, path: path(kind, namespace), body: object }, signal);
  }

  async update<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T> {
    return await this.#json<T>({ method: 'PUT', ...at(kind, object.metadata), body: object }, signal);
  }

  async updateStatus<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T> {
    const place = at(kind, object.metadata, 'status');
    return await this.#json<T>({ method: 'PUT', ...place, body: object }, signal);
  }

  async patch<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: Patch,
    signal: AbortSignal,
    { subresource }: PatchOptions = {},
  ): Promise<T> {
    return await this.#json<T>({ method: 'PATCH', ...at(kind, key, subresource), ...patchBody(patch) }, signal);
  }

  async delete(
    kind: Kind,
    key: ObjectKey,
    signal: AbortSignal,
    { preconditions, propagationPolicy }: DeleteOptions = {},
  ): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy };
    await this.#json({ method: 'DELETE', ...at(kind, key), body }, signal);
  }

  async *watch<T extends KubeObject>(
    kind: Kind<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const { namespace, resourceVersion, timeoutSeconds, inactivityMs } = options;
    const watching = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds };
    const call: Call = {
      method: 'GET',
      target: `${kind.plural} (watch)`,
      path: path(kind, namespace),
      query: { ...selectors(options), ...watching },
      bodyTimeoutMs: inactivityMs,
    };
    const answer = await this.#send(call, signal);
    try {
      yield* decodeWatch<T>(answer, describe(call));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof KubeError) throw error;
      throw transportError(describe(call), error, this.#options);
    } finally {
      answer.destroy();
    }
  }

  close(): void {
    this.#options.transport.close();
  }

  /** @template R the type of the answer; we trust the API server's schema */
  #json<R>(call: Call, signal: AbortSignal): Promise<R> {
    return this.#read(call, signal, async (body): Promise<R> => JSON.parse(await readText(body)));
  }

  /** @param parse throws a SyntaxError if the body is not JSON */
  async #read<R>(call: Call, signal: AbortSignal, parse: (body: IncomingMessage) => Promise<R>): Promise<R> {
    const { clock, random } = this.#options;
    const attempt = async (): Promise<R> => {
      const answer = await this.#send(call, signal);
      try {
        return await parse(answer);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof SyntaxError)) throw transportError(describe(call), error, this.#options);
        const detail = 'The answer is not JSON: is this really a Kubernetes API server?';
        throw new KubeError({ action: describe(call), status: answer.statusCode ?? 0, reason: 'NotJson', detail });
      }
    };
    return await pRetry(attempt, {
      retries,
      minTimeout: 0,
      signal,
      shouldRetry: async ({ error, attemptNumber }) => {
        if (isUnauthorized(error)) return attemptNumber === 1;
        const wait = retryDelayMs(error, call.method);
        if (wait === undefined) return false;
        await clock.sleep(jitter(wait, 0.2, random), signal);
        return true;
      },
    });
  }

  /** Resolves with a successful answer, whose body is not read yet. Throws for any other answer. */
  async #send(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    signal.throwIfAborted();
    const { transport, credentials, timeoutMs, userAgent, pathPrefix } = this.#options;
    const { method, body, contentType = 'application/json', bodyTimeoutMs = timeoutMs } = call;
    const headers = { accept: 'application/json', 'user-agent': userAgent, ...(await credentials.headers()) };
    let answer: IncomingMessage;
    try {
      answer = await transport.request({
        method,
        path: pathPrefix + call.path + queryString(call.query),
        headers: body === undefined ? headers : { ...headers, 'content-type': contentType },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headTimeoutMs: timeoutMs,
        bodyTimeoutMs,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw transportError(describe(call), error, this.#options);
    }
    const { statusCode: status = 0 } = answer;
    if (status >= 200 && status < 300) return answer;
    if (status === 401) credentials.renew();
    const text = await this.#text(answer, call, signal);
    throw answerError(describe(call), status, answer.headers['retry-after'], text);
  }

  async #text(answer: IncomingMessage, call: Call, signal: AbortSignal): Promise<string> {
    try {
      return await readText(answer);
    } catch (error) {
      signal.throwIfAborted();
      throw transportError(describe(call), error, this.#options);
    }
  }
}

const describe = ({ method, target }: Call): string => `${method} ${target}`;

function at(kind: Kind, object: ObjectKey | KubeObject['metadata'], subresource?: 'status') {
  const { namespace, name } = typeof object === 'string' ? parseObjectKey(object) : object;
  const suffix = subresource === undefined ? '' : `/${subresource}`;
  const target = `${kind.plural}${suffix} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  return { target, path: path(kind, namespace, name) + suffix };
}

const selectors = ({ labelSelector, fieldSelector }: Selection) => ({ labelSelector, fieldSelector });

function queryString(query: Call['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

function patchBody(patch: Patch): Pick<Call, 'body' | 'contentType' | 'query'> {
  switch (patch.kind) {
    case 'merge':
      return { body: patch.body, contentType: 'application/merge-patch+json' };
    case 'json':
      return { body: patch.operations, contentType: 'application/json-patch+json' };
    case 'apply':
      return {
        body: patch.body,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: patch.fieldManager, force: 'true' },
      };
    default:
      return patch satisfies never;
  }
}

/** How long to wait before a retry; undefined if a retry cannot help, or might do the work twice. */
function retryDelayMs(error: Error, method: Call['method']): number | undefined {
  if (!(error instanceof KubeError)) return undefined;
  // Only these answers mean that the server did not begin the work.
  if (error.status === 429 || (error.status >= 500 && error.retryAfterMs !== undefined)) {
    const wait = error.retryAfterMs ?? 1000;
    return wait <= longestWaitMs ? wait : undefined;
  }
  // The server closed an idle connection at the moment when we used it.
  return error.reason === 'ConnectionClosed' && method === 'GET' ? 50 : undefined;
}
