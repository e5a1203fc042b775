// The sweeper removes resources in AWS of Gateways whose finalizer was removed by force.
import { gateways } from '../../api/kinds.ts';
import { jitter } from '../../kube/clock.ts';
import { objectKey } from '../../kube/object.ts';
import type { ProviderContext } from '../../provider/context.ts';
import type { Cloud } from '../cloud.ts';
import { gatewayTagValue } from '../model/naming.ts';
import { type Owner, ownerNamespace } from '../model/owner.ts';
import { TAG } from '../observed.ts';
import { sweepMs } from '../timings.ts';
import { decideSweep, type Sighting } from './sweep-decision.ts';

export async function runSweep(context: ProviderContext, cloud: Cloud, signal: AbortSignal): Promise<void> {
  const { clock, random, logger, config } = context;
  let previous: Sighting | undefined;
  while (!signal.aborted) {
    const intervalMs = Math.max(sweepMs, config.auditPeriod / 2);
    await clock.sleep(jitter(intervalMs, 0.2, random), signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      previous = await sweepOnce(context, cloud, previous, signal);
    } catch (error) {
      // An incomplete look decides nothing. The next look counts as a first look again.
      previous = undefined;
      logger.warn({ err: error }, 'the sweep could not look at everything');
    }
  }
}

/** Looks once, and removes what this look and the previous one agree on. @throws AwsError, KubeError */
export async function sweepOnce(
  context: ProviderContext,
  cloud: Cloud,
  previous: Sighting | undefined,
  signal: AbortSignal,
): Promise<Sighting> {
  const { logger, config } = context;
  const sighting = await look(context, cloud, signal);
  const watched = (tag: string) =>
    config.watchNamespace === undefined || ownerNamespace({ kind: 'tag', value: tag }) === config.watchNamespace;
  const decision = decideSweep(previous, sighting, watched);
  if (decision.kind === 'stopped') {
    const { doomed, owned } = decision;
    logger.error(
      { gateways: decision.gateways, doomed, owned },
      'the sweep stops: more than half of what is owned would go',
    );
  }
  if (decision.kind === 'sweep') for (const tag of decision.gateways) await sweep(context, cloud, tag);
  // Only after the inventory knows which certificates listeners serve, because certificates of orphans may be in use, too.
  if (decision.kind !== 'stopped' && (await cloud.ready()).length === 0) await cloud.shared.release();
  return sighting;
}

/** Reads both lists completely, because the sweep trusts nothing that is only remembered. */
async function look({ client, clock, config }: ProviderContext, cloud: Cloud, signal: AbortSignal): Promise<Sighting> {
  const living = new Set<string>();
  for (let next: string | undefined, more = true; more; more = next !== undefined) {
    const options = { namespace: config.watchNamespace, limit: 500, continue: next };
    const page = await client.list(gateways, options, signal);
    for (const { metadata } of page.items) living.add(gatewayTagValue(objectKey(metadata)));
    next = page.continue;
  }
  const owned = new Map<string, number>();
  for (const { tags } of await cloud.inventory.readAll()) {
    const tag = tags[TAG.gateway];
    if (tag !== undefined) owned.set(tag, (owned.get(tag) ?? 0) + 1);
  }
  return { at: clock.now(), owned, living };
}

/** Deletions that AWS refuses for now are tried again by the next sweep. */
async function sweep({ logger, clock, sources }: ProviderContext, cloud: Cloud, gateway: string): Promise<void> {
  if ((await cloud.ready()).length > 0) return;
  const owner: Owner = { kind: 'tag', value: gateway };
  await cloud.exclusive(owner, async () => {
    // The Gateway may exist again since the lists were read. If so, it keeps its resources.
    if (sources.gateways().some(({ metadata }) => gatewayTagValue(objectKey(metadata)) === gateway)) return;
    const plan = cloud.runs.plan(owner, undefined, cloud.inventory.observed(owner, clock.now()));
    const { done, problems } = await cloud.runs.execute(owner, plan);
    logger.warn({ gateway, steps: done, problems }, 'removed what a Gateway without a finalizer left in AWS');
    await cloud.inventory.confirmGone(owner);
  });
}
