import { closeSync, constants, openSync } from 'node:fs';
import { chown, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { run } from '../run.ts';

export interface NamedPipe {
  /** Its text, until every program has closed it. */
  readonly output: Socket;
  /** The file descriptor for a program's output. */
  readonly input: number;
  /** Closes `input` here, after the program has it. */
  release(): void;
}

/**
 * A pipe for a program's output. Node's own pipes are sockets: a program can't open these again as /dev/stdout.
 *
 * @param user the number of the user that may open it again
 */
export async function namedPipe(path: string, user: number): Promise<NamedPipe> {
  await run('mkfifo', ['--mode=600', path]);
  await chown(path, user, 0);
  // Without O_NONBLOCK this would wait for the other end.
  const output = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) });
  const input = openSync(path, constants.O_WRONLY);
  // Whoever has it open continues to use it.
  await rm(path);
  return { output, input, release: () => closeSync(input) };
}
