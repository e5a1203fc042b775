// The pass over a Gateway that is being deleted, or that has moved to another controller's class.
import type { Gateway } from '../api/gateway-api.ts';
import { gateways } from '../api/kinds.ts';
import { diff } from '../aws/diff/diff.ts';
import { removeFinalizer } from '../kube/finalizers.ts';
import { objectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import { noFindings } from '../status/findings.ts';
import type { Problem } from '../status/problem.ts';
import { reportRemoval } from '../status/report.ts';
import { told } from '../status/words.ts';
import { finalizer, type GatewayContext, pollMs } from './gateway-context.ts';
import { Incomplete } from './incomplete.ts';
import { obstaclesOf } from './obstacles.ts';
import { inTurn } from './recall.ts';
import { reportOrphans } from './report-listener-sets.ts';
import { reportRoutes, reportUnservedRoutes } from './report-routes.ts';
import { overdueMs } from './unanswered.ts';

/** Deleting needs nothing but the tags: no class, no configuration, no routes, no Secrets. */
export async function removeGateway(
  context: GatewayContext,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  const { cloud, clock, client, whenWanted } = context;
  const key = objectKey(gateway.metadata);
  const begun = clock.monotonic();
  const problems = [...(await obstaclesOf(context, gateway))];
  let waits: readonly Problem[] = [];
  let retryAt: number | undefined;
  let goesOn = false;
  if (problems.length === 0) {
    cloud.release(key);
    const observed = cloud.inventory.observed(key, clock.now());
    const plan = diff(undefined, observed, cloud.diffOptions(key));
    const outcome = await inTurn(clock, whenWanted, (recall) => cloud.execute(key, plan, recall));
    problems.push(...outcome.problems);
    if (outcome.behind.length > 0) goesOn = true;
    // A finalizer goes by what AWS describes, never by what is remembered.
    const isDone = !goesOn && outcome.pending.length === 0 && outcome.problems.length === 0;
    const confirmed = isDone ? await cloud.confirmGone(key) : undefined;
    const shared = confirmed?.gone === true ? await cloud.shared.release(key) : undefined;
    problems.push(...(confirmed?.problems ?? []), ...(shared?.problems ?? []));
    const held = [...outcome.held, ...(shared?.held ?? [])];
    waits = await cloud.held.explain(held);
    const retryMs = outcome.held.length > 0 ? cloud.held.retryMs(outcome.held) : pollMs;
    retryAt = shared === undefined ? clock.now() + retryMs : shared.retryAt;
  }
  if (problems.length > 0 || retryAt !== undefined) {
    // The status of one that has moved to another controller's class is that controller's.
    if (gateway.metadata.deletionTimestamp !== undefined) {
      const found = [...problems, ...waits];
      const unansweredMs = context.unanswered.note(key, found, begun, clock.monotonic()) ?? 0;
      await reportRemoval(context, gateway, { problems: found, overdue: unansweredMs >= overdueMs }, signal);
    }
    if (problems.length > 0) throw new Incomplete(told(problems));
    return goesOn ? { goesOn } : { requeueAfterMs: Math.max((retryAt ?? 0) - clock.now(), 0) };
  }
  // Those of a Gateway that has moved to another controller's class are left to that by the next pass.
  if (gateway.metadata.deletionTimestamp !== undefined) {
    // What is refused here the pass after the Gateway has gone says again: another team's ListenerSet holds up no removal.
    await reportOrphans(context, key, signal).catch(() => undefined);
  }
  await reportRoutes(context, key, noFindings, signal);
  await reportUnservedRoutes(context, key, false, signal);
  await removeFinalizer(client, gateways, gateway, finalizer, signal);
  cloud.inventory.forget(key);
  context.unanswered.forget(key);
  return undefined;
}
