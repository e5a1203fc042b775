// Audits slowly compare the existing resources in AWS with the models. Each Gateway has its turn once per audit period.

import { jitter } from '../../kube/clock.ts';
import type { ProviderContext } from '../../provider/context.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Cloud } from '../cloud.ts';
import { AwsError } from '../errors.ts';
import { rulesOfOthers } from '../inventory/foreign-rules.ts';
import { auditPauseMs } from '../timings.ts';
import { sentence } from '../words.ts';

/** Audits until the signal aborts. */
export async function runAudit(
  { config, clock, random, logger, metrics, events, sources, gatewayDue }: ProviderContext,
  cloud: Cloud,
  signal: AbortSignal,
): Promise<void> {
  const pause = (ms: number) => clock.sleep(jitter(ms, 0.2, random), signal).catch(() => undefined);
  while (!signal.aborted) {
    const started = clock.monotonic();
    const gateways = cloud.audited();
    const removed = gateways.length === 0 ? undefined : await orElse(logger, () => cloud.auditReach());
    for (const gateway of gateways) {
      // Spread evenly, so that the account's other users see no bursts.
      await pause(Math.max(config.auditPeriod / (gateways.length + 1), auditPauseMs));
      if (signal.aborted) return;
      const own = await orElse(logger.child({ gateway }), () => cloud.audit(gateway));
      const lostRules =
        removed === undefined ? [] : cloud.reachability.driftOf(cloud.bindings.ofGateway(gateway), removed);
      const { foreign = [], drift = [] } = Object.groupBy([...(own ?? []), ...lostRules], ({ aspect }) =>
        aspect === 'foreign-rules' ? 'foreign' : 'drift',
      );
      const object = sources.gateway(gateway);
      if (foreign.length > 0) {
        const note = sentence(rulesOfOthers(foreign.map(({ resource }) => resource)));
        logger.warn({ gateway, foreign }, 'listeners have rules of others');
        if (object) events.record(object, { type: 'Warning', reason: 'ForeignRules', action: 'Audit', note });
      }
      if (drift.length > 0) {
        metrics.drift.inc(drift.length);
        logger.warn({ gateway, drift }, 'what is in AWS was changed by others; it is put right');
        const note = `Changed in AWS by others, and put right: ${drift.map(({ resource, aspect }) => `${resource} (${aspect})`).join(', ')}`;
        if (object) events.record(object, { type: 'Warning', reason: 'Drifted', action: 'Audit', note });
      }
      // Time alone may have changed something, too.
      if (own !== undefined) gatewayDue(gateway);
    }
    await pause(Math.max(config.auditPeriod - (clock.monotonic() - started), auditPauseMs));
  }
}

/** After an error of AWS, or a bug, the next turn looks again, because neither stops traffic. */
async function orElse<T>(logger: Logger, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof AwsError) logger.warn({ code: error.code }, 'an audit could not be finished');
    else logger.error({ err: error }, 'an audit failed');
    return undefined;
  }
}
