// The pass over a Gateway that is being deleted, or has moved to another controller's class.
import type { Gateway } from '../api/gateway-api.ts';
import { gateways } from '../api/kinds.ts';
import { removeFinalizer } from '../kube/finalizers.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Finding } from '../provider/finding.ts';
import type { Removed } from '../provider/provider.ts';
import { noFindings } from '../status/findings.ts';
import { reportRemoval } from '../status/report.ts';
import { messageOf } from '../status/words.ts';
import { allEnded } from './all-ended.ts';
import type { GatewayContext } from './gateway-context.ts';
import { reportOrphans } from './report-listener-sets.ts';
import { reportPolicies } from './report-policies.ts';
import { reportRoutes } from './report-routes.ts';
import { overdueMs } from './unanswered.ts';

/** A removal needs only the Gateway's key: no class, configuration, routes or Secrets. */
export async function removeGateway(
  context: GatewayContext,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  const { provider, whenWanted, clock } = context;
  const key = objectKey(gateway.metadata);
  const begun = clock.monotonic();
  const obstacles = await provider.ready(gateway);
  const removed = obstacles.length > 0 ? stays(obstacles) : await provider.remove(key, whenWanted);
  if (removed.gone) return await finishRemoval(context, gateway, key, signal);
  const { found, held, behind, requeueAfterMs } = removed;
  // If the Gateway has moved to another controller's class, that controller writes its status.
  if (gateway.metadata.deletionTimestamp !== undefined) {
    const all = [...found, ...held];
    const unansweredMs = context.unanswered.note(key, all, begun, clock.monotonic()) ?? 0;
    await reportRemoval(
      context,
      gateway,
      { found: all, overdue: unansweredMs >= overdueMs, words: provider.words },
      signal,
    );
  }
  if (found.length > 0) return { unfinished: messageOf(found) };
  if (behind) return { goesOn: true };
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
}

const stays = (found: readonly Finding[]): Removed => ({ gone: false, found, held: [], behind: false });

async function finishRemoval(
  context: GatewayContext,
  gateway: Gateway,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<undefined> {
  const { client, provider, unanswered } = context;
  // If the Gateway has moved to another controller's class, the next pass resets its ListenerSets.
  if (gateway.metadata.deletionTimestamp !== undefined) {
    // Another team's ListenerSet must not block the removal. A failed write is repeated by the pass after the Gateway is gone.
    await reportOrphans(context, key, signal).catch(() => undefined);
  }
  const nothing = noFindings(provider.words);
  await allEnded([reportRoutes(context, key, nothing, signal), reportPolicies(context, key, nothing, signal)]);
  await removeFinalizer(client, gateways, gateway, provider.finalizer, signal);
  unanswered.forget(key);
}
