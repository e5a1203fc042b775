import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetGroup } from '../elbv2/state.ts';
import { type ClientResponse, errorAnswer, send } from './answers.ts';
import type { ClientRequest, Received } from './client-request.ts';

/** One request on its way to a target. */
export interface Exchange {
  readonly request: ClientRequest;
  readonly received: Received;
  readonly response: ClientResponse;
  /** The socket of a request that asks for another protocol, and what it has sent already. */
  readonly upgrade: Upgrade | undefined;
}

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** What a target is sent. */
export interface ToTarget {
  readonly group: TargetGroup;
  /** Where it is really reached. */
  readonly address: string;
  readonly port: number;
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Set-Cookie lines to add to those of the target's answer. */
  readonly cookies: (set: readonly string[]) => readonly string[];
  /** Milliseconds without a byte after which the load balancer gives up. */
  readonly idleMs: number;
  /** Ends the exchange at once: the target has drained, or the data plane stops. */
  readonly signal: AbortSignal;
}

/** Who was waited for too long: the client, with the rest of its request, or the target. */
export const lateStatus = ({ request, received }: Exchange): number =>
  received.hasBody && !request.readableEnded && !request.complete ? 408 : 504;

/** What security groups keep from its target: nobody answers, nor refuses. Ends when the exchange has. */
export async function forwardNowhere({ request, response }: Exchange, { signal }: ToTarget): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  request.resume();
  const status = await sleep(connectMs, 504, { signal: AbortSignal.any([signal, left.signal]) }).catch(() => 502);
  send(response, errorAnswer(status));
}

/** "The load balancer failed to establish a connection to the target before the connection timeout expired (10 seconds)." */
export const connectMs = 10_000;
