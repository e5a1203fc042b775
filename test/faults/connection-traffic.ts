// Steady traffic through an NLB: clients that open a connection for one exchange, and clients that keep theirs. A UDP session
// is a client's socket.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Conversation, type Door, openConversation } from './conversation.ts';

export interface ConnectionTrafficOptions {
  /** Where clients connect, in turns. */
  readonly doors: readonly Door[];
  /** Connections for one exchange, per second. */
  readonly perSecond: number;
  /** Whether an answer is correct at this time. */
  readonly isRight: (answer: string, door: Door) => boolean;
}

export interface ConnectionReport {
  readonly opened: number;
  /** The kept ones, each with many exchanges. */
  readonly kept: number;
  readonly exchanges: number;
  readonly failures: readonly string[];
  /** The number of each answer. */
  readonly answers: ReadonlyMap<string, number>;
}

export interface ConnectionTraffic {
  /** Stops new exchanges, waits for the running ones, and returns the result. */
  stop(): Promise<ConnectionReport>;
}

/** Clients at each door that keep their connection. */
const keptPerDoor = 4;
/** The pause between two exchanges on a kept connection, and before the next one. In milliseconds. */
const pauseMs = 100;
/** A UDP session that is longer than its pod's termination loses its pod; AWS moves no session. In milliseconds. */
const sessionMs = 5000;

export function startConnectionTraffic({ doors, perSecond, isRight }: ConnectionTrafficOptions): ConnectionTraffic {
  const started = performance.now();
  const end = new AbortController();
  const failures: string[] = [];
  const answers = new Map<string, number>();
  let [opened, kept, exchanges] = [0, 0, 0];

  const attempt = async (door: Door, what: string, act: () => Promise<void>): Promise<void> => {
    const from = performance.now();
    await act().catch((error: unknown) => {
      const at = `${((from - started) / 1000).toFixed(2)} s`;
      const took = `${(performance.now() - from).toFixed(0)} ms`;
      const words = error instanceof Error ? error.message : String(error);
      failures.push(`${at}, ${what} to ${door.kind} ${door.address}:${door.port}: ${words} (after ${took})`);
    });
  };
  const exchange = async (door: Door, conversation: Conversation): Promise<void> => {
    const answer = await conversation.ask();
    exchanges += 1;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    if (!isRight(answer, door)) throw new Error(`answered by ${answer}`);
  };
  const open = async (door: Door): Promise<Conversation> => {
    const conversation = await openConversation(door);
    opened += 1;
    return conversation;
  };
  const once = (door: Door): Promise<void> =>
    attempt(door, 'a new connection', async () => {
      using conversation = await open(door);
      await exchange(door, conversation);
    });
  const keep = (door: Door): Promise<void> =>
    attempt(door, 'a kept connection', async () => {
      using conversation = await open(door);
      kept += 1;
      const over = door.kind === 'UDP' ? performance.now() + sessionMs : Infinity;
      while (!end.signal.aborted && !conversation.ended && performance.now() < over) {
        await exchange(door, conversation);
        await sleep(pauseMs);
      }
    });
  const repeat = async (act: () => Promise<void>, pause: number): Promise<void> => {
    for (; !end.signal.aborted; await sleep(pause)) await act();
  };
  const clients = doors.flatMap((door) => [
    ...Array.from({ length: keptPerDoor }, () => repeat(() => keep(door), pauseMs)),
    repeat(() => once(door), (1000 * doors.length) / perSecond),
  ]);
  return {
    stop: async () => {
      end.abort();
      await Promise.all(clients);
      return { opened, kept, exchanges, failures, answers };
    },
  };
}
