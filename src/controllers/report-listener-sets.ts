// What a pass has to say of the ListenerSets of its Gateway.
import type { ListenerSet } from '../api/gateway-api.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { GatewayOutcome } from '../status/gateway-status.ts';
import { listenerSetStatus, orphanStatus } from '../status/listener-set-status.ts';
import { reportListenerSet } from '../status/report.ts';
import type { GatewayContext } from './gateway-context.ts';

const isDecided = ({ status }: ListenerSet): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Accepted' && condition.status !== 'Unknown') === true;

/** @param outcome undefined when the Gateway goes */
export async function reportListenerSets(
  context: GatewayContext,
  gateway: ObjectKey,
  outcome: Omit<GatewayOutcome, 'generation'> | undefined,
  signal: AbortSignal,
): Promise<void> {
  const now = context.clock.now();
  for (const set of context.sources.listenerSetsByParent(gateway)) {
    const generation = set.metadata.generation ?? 0;
    await reportListenerSet(
      context,
      set,
      (current) => {
        if ((current.metadata.generation ?? 0) > generation) return undefined;
        // Of one that waits for its Gateway, nobody has said anything so far.
        if (outcome === undefined) return isDecided(current) ? orphanStatus(current, now) : undefined;
        return listenerSetStatus(current.status, objectKey(set.metadata), outcome, generation, now);
      },
      signal,
    );
  }
}
