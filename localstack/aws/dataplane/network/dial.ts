// Connects to a target, from the address that it should see.
import { connect, type Socket } from 'node:net';
import type { Endpoint } from './arrival.ts';

export interface Dialed {
  readonly socket: Socket;
  /** The source: the first that the system allows; undefined if the system chose one. */
  readonly source: string | undefined;
}

/** The system has no such address, or can't reach the target from it. */
const notOurs = new Set(['EADDRNOTAVAIL', 'EINVAL', 'EADDRINUSE', 'EACCES', 'EPERM']);

/** Tries one source after the other, then no source. @throws if the target can't be reached. */
export async function dial(to: Endpoint, sources: readonly string[], signal: AbortSignal): Promise<Dialed> {
  const [source, ...others] = sources;
  try {
    return { socket: await dialFrom(to, source, signal), source };
  } catch (error) {
    if (source === undefined || signal.aborted || !isNotOurs(error)) throw error;
    return await dial(to, others, signal);
  }
}

async function dialFrom({ address, port }: Endpoint, source: string | undefined, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const local = source === undefined ? {} : { localAddress: source };
  const socket = connect({ host: address, port, allowHalfOpen: true, ...local });
  const give = (): void => {
    socket.destroy();
    reject(new Error('Nobody waits for the connection any more'));
  };
  signal.addEventListener('abort', give, { once: true });
  socket.once('connect', () => resolve(socket));
  socket.once('error', reject);
  if (signal.aborted) give();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', give);
    socket.removeListener('error', reject);
  }
}

export function isNotOurs(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && notOurs.has(error.code);
}
