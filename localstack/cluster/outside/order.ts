// What the client asks its agent for: a line of JSON each way. After `connect` the socket is the connection.
import { once } from 'node:events';
import type { Socket } from 'node:net';

export type Order =
  | { readonly kind: 'connect'; readonly address: string; readonly port: number }
  | {
      readonly kind: 'ask';
      readonly address: string;
      readonly port: number;
      readonly message: string;
      readonly retryMs: number;
    }
  | { readonly kind: 'who-has'; readonly address: string };

export type Answer =
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined };

/** Reads a line, and nothing after it. */
export async function lineFrom(socket: Socket): Promise<string> {
  const bytes: Buffer[] = [];
  for (;;) {
    const byte: Buffer | null = socket.read(1);
    if (byte?.toString() === '\n') return Buffer.concat(bytes).toString();
    if (byte !== null) bytes.push(byte);
    else if (socket.readableEnded || socket.destroyed) throw new Error('The other end closed the connection');
    else await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}
