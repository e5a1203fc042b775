import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetGroup } from '../elbv2/state.ts';
import { type ClientResponse, errorAnswer, send } from './answers.ts';
import type { ClientRequest, Received } from './client-request.ts';

/** One request to a target. */
export interface Exchange {
  readonly request: ClientRequest;
  readonly received: Received;
  readonly response: ClientResponse;
  /** For a request to upgrade the protocol: its socket, and the bytes after the request. */
  readonly upgrade: Upgrade | undefined;
}

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** The request to the target. */
export interface ToTarget {
  readonly group: TargetGroup;
  /** The target's real address. */
  readonly address: string;
  readonly port: number;
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Set-Cookie lines to add to the target's answer. */
  readonly cookies: (set: readonly string[]) => readonly string[];
  /** After this time without a byte, in milliseconds, the load balancer gives up. */
  readonly idleMs: number;
  /** Aborts the exchange: the target has drained, or the data plane stops. */
  readonly signal: AbortSignal;
}

/** The status after a time-out: 408 if the client did not send the rest of its request, 504 if the target was too slow. */
export const lateStatus = ({ request, received }: Exchange): number =>
  received.hasBody && !request.readableEnded && !request.complete ? 408 : 504;

/** A request that security groups block: no answer, no refusal. Resolves at the end of the exchange. */
export async function forwardNowhere({ request, response }: Exchange, { signal }: ToTarget): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  request.resume();
  const status = await sleep(connectMs, 504, { signal: AbortSignal.any([signal, left.signal]) }).catch(() => 502);
  send(response, errorAnswer(status));
}

/** "The load balancer failed to establish a connection to the target before the connection timeout expired (10 seconds)." */
export const connectMs = 10_000;
