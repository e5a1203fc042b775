// Removes everything that AWS has of one Gateway. It needs nothing but the tags.

import type { Clock } from '../kube/clock.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { WhenWanted } from '../kube/workers.ts';
import type { Removed } from '../provider/provider.ts';
import type { Cloud } from './cloud.ts';
import { awsFinding } from './findings.ts';
import { gatewayOwner } from './model/owner.ts';
import { inTurn } from './recall.ts';
import { passAgainMs } from './timings.ts';

export async function remove(cloud: Cloud, clock: Clock, gateway: ObjectKey, whenWanted: WhenWanted): Promise<Removed> {
  cloud.release(gateway);
  const owner = gatewayOwner(gateway);
  const observed = cloud.inventory.observed(owner, clock.now());
  const plan = cloud.runs.plan(owner, undefined, observed);
  const outcome = await inTurn(clock, whenWanted, (recall) => cloud.runs.execute(owner, plan, recall));
  const behind = outcome.behind.length > 0;
  // Only AWS's own lists decide whether the finalizer may be removed, never what is remembered.
  const isDone = !behind && outcome.pending.length === 0 && outcome.problems.length === 0;
  const confirmed = isDone ? await cloud.confirmGone(gateway) : undefined;
  const shared = confirmed?.gone === true ? await cloud.shared.release(gateway) : undefined;
  const problems = [...outcome.problems, ...(confirmed?.problems ?? []), ...(shared?.problems ?? [])];
  const held = await cloud.held.explain([...outcome.held, ...(shared?.held ?? [])]);
  const retryMs = outcome.held.length > 0 ? cloud.held.retryMs(outcome.held) : passAgainMs;
  const retryAt = shared === undefined ? clock.now() + retryMs : shared.retryAt;
  const gone = problems.length === 0 && retryAt === undefined;
  if (gone) cloud.inventory.forget(gateway);
  const requeueAfterMs = retryAt === undefined ? undefined : Math.max(retryAt - clock.now(), 0);
  return {
    gone,
    found: problems.map(awsFinding),
    held: held.map(awsFinding),
    behind,
    ...(requeueAfterMs !== undefined && { requeueAfterMs }),
  };
}
