// A pass with much work lets others in: newer changes of its own Gateway, and Gateways that wait for a worker. The next pass
// goes on with the rest.

import { setMaxListeners } from 'node:events';
import type { Clock } from '../kube/clock.ts';
import type { WhenWanted } from '../kube/workers.ts';
import { undisturbedPassMs } from './timings.ts';

/** Does the work with a signal that recalls it, when its turn is over and others wait. */
export async function inTurn<T>(
  clock: Clock,
  whenWanted: WhenWanted,
  work: (recall: AbortSignal) => Promise<T>,
): Promise<T> {
  const recall = new AbortController();
  // Each waiting call adds a listener.
  setMaxListeners(0, recall.signal);
  const ended = new AbortController();
  clock.sleep(undisturbedPassMs, ended.signal).then(
    () => whenWanted(() => recall.abort()),
    () => {
      // The work has ended before its turn.
    },
  );
  try {
    return await work(recall.signal);
  } finally {
    ended.abort();
  }
}
