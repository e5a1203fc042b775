// A client with one kept connection, which asks again and again until the answer is as expected.
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The pause after each answer. */
const pauseMs = 2;
const timeoutMs = 30_000;

export class Prober {
  readonly place: { readonly host: string; readonly port: number };
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** Answers that were neither expected nor `waiting`. */
  readonly errors: string[] = [];

  constructor(place: { readonly host: string; readonly port: number }) {
    this.place = place;
  }

  async ask(host: string, path = '/'): Promise<Answer> {
    const incoming = Promise.withResolvers<IncomingMessage>();
    request({ ...this.place, path, headers: { host }, agent: this.#agent })
      .on('error', incoming.reject)
      .on('response', incoming.resolve)
      .end();
    const response = await incoming.promise;
    return { status: response.statusCode ?? 0, body: await text(response) };
  }

  /**
   * Asks until the answer is as expected. All others must be as before, else they count as errors.
   * @returns when the first expected answer was here
   */
  async until(
    host: string,
    isExpected: (answer: Answer) => boolean,
    isAsBefore: (answer: Answer) => boolean,
  ): Promise<number> {
    for (const deadline = performance.now() + timeoutMs; ; await sleep(pauseMs)) {
      const answer = await this.ask(host);
      const now = performance.now();
      if (isExpected(answer)) return now;
      if (!isAsBefore(answer)) this.errors.push(`${host}: ${answer.status}`);
      if (now > deadline) throw new Error(`${host} still answers ${answer.status} after ${timeoutMs} ms`);
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}
