// The link and the client of a cluster, while it runs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endOf, startDaemon } from '../daemon.ts';
import { clientSocket } from './client.ts';
import { clientNamespace, createLink } from './link.ts';

const pollMs = 20;

/** Resolves when `clientOf(dir)` works. @returns a function that ends all */
export async function startOutside(dir: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  await using begun = new AsyncDisposableStack();
  begun.defer(await createLink());
  const agent = join(import.meta.dirname, 'agent.ts');
  const args = ['netns', 'exec', clientNamespace, process.execPath, agent, clientSocket(dir)];
  const daemon = await startDaemon('ip', args, join(dir, 'client.log'));
  begun.defer(() => daemon.kill('SIGKILL'));
  const listening = async (): Promise<void> => {
    while (!existsSync(clientSocket(dir))) await sleep(pollMs, undefined, { signal });
  };
  await Promise.race([listening(), endOf(daemon)]);
  const running = begun.move();
  return () => running.disposeAsync();
}
