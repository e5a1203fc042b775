// The results of the scenario with many Gateways, beside their limits.
import type { Churned, Made, Scaled } from './scale.ts';
import { describeMs, describeSeconds, type Spread } from './spread.ts';
import { held, type Row } from './table.ts';
import { describeUsage } from './usage.ts';

/** The memory limit with 100 Gateways, 1,000 routes and 10,000 endpoints, in MiB. */
const maxResidentMiB = 250;
/**
 * The limit is this factor of the shortest time at AWS's rates, plus a few seconds, because the last load balancer is
 * provisioned after the last call.
 */
const maxOfLeast = 1.3;
const graceSeconds = 15;
const maxAloneMs = { median: 100, p99: 1000 } as const;
/** While Gateways are created, they share AWS's buckets. */
const maxMeanwhileMs = { median: 500, p99: 5000 } as const;
/** The share of calls that AWS throttles. */
const maxRefused = 0.01;
/** The share of one core, while 50 pods change per second. */
const maxCpuShare = 0.5;
const maxGrowthMiB = 50;

/** From the write to Kubernetes until AWS gets RegisterTargets. */
const endpointRow = (scenario: string, spread: Spread, max: { readonly median: number; readonly p99: number }): Row =>
  held(
    scenario,
    `${describeMs(spread)} (${spread.count} changes)`,
    `${max.median} ms, ${max.p99} ms`,
    spread.median <= max.median && spread.p99 <= max.p99,
  );

/** Changes faster than AWS's rate wait for their turn, but not longer than one round of all turns. */
const maxRounds = 1.3;

function churnRows(where: string, churned: Churned): readonly Row[] {
  const { changes, seconds, undone, lag, settledSeconds, wrong, calls, refused, roundSeconds, before, after } = churned;
  const share = (after.cpuSeconds - before.cpuSeconds) / (seconds + settledSeconds);
  const growth = after.residentMiB - before.residentMiB;
  return [
    held(
      `${changes} pod changes in ${seconds.toFixed(0)} s, ${where}`,
      `${calls} calls, ${refused} refused; ${(changes / Math.max(1, calls)).toFixed(1)} changes a call`,
      `${100 * maxRefused} % refused`,
      refused <= calls * maxRefused,
    ),
    held(
      '  AWS behind the pods',
      `${describeSeconds(lag)}; AWS's rate: ${roundSeconds.toFixed(0)} s for all; ${undone} undone before`,
      `${maxRounds} × that`,
      lag.max <= 1000 * (roundSeconds * maxRounds + graceSeconds),
    ),
    held(
      '  after the last change, AWS as the EndpointSlices',
      `${wrong} Services wrong after ${settledSeconds.toFixed(1)} s`,
      '0 wrong',
      wrong === 0,
    ),
    held(
      '  process meanwhile',
      `${before.residentMiB.toFixed(0)} → ${after.residentMiB.toFixed(0)} MiB resident (peak ${after.peakMiB.toFixed(0)}), ${(100 * share).toFixed(0)} % of a core`,
      `+${maxGrowthMiB} MiB, ${100 * maxCpuShare} %`,
      growth <= maxGrowthMiB && share <= maxCpuShare,
    ),
  ];
}

export function scaleRows({ made, meanwhile, alone, rollout, everywhere }: Scaled): readonly Row[] {
  const { gateways, seconds, shares, calls, refused, usage } = made;
  const least = shares[0]?.leastSeconds ?? 0;
  return [
    held(
      `${gateways} Gateways × 10 routes × 10 pods, AWS throttling`,
      `${seconds.toFixed(0)} s to all Programmed; AWS's rates: ${least.toFixed(0)} s`,
      `${maxOfLeast} × that`,
      seconds <= least * maxOfLeast + graceSeconds,
    ),
    held('  calls', `${calls}, ${refused} refused`, `${100 * maxRefused} % refused`, refused <= calls * maxRefused),
    held('  process', describeUsage(usage), `${maxResidentMiB} MiB`, usage.peakMiB <= maxResidentMiB),
    endpointRow('  a pod more of the first Gateway meanwhile', meanwhile, maxMeanwhileMs),
    endpointRow('a pod more with nothing else going on', alone, maxAloneMs),
    ...churnRows("all in one Gateway's Services", rollout),
    ...churnRows(`all over ${everywhere.services} Services`, everywhere),
  ];
}

/** How the cost grows: one row per size. */
export function growthCells(sizes: readonly Made[]): readonly (readonly string[])[] {
  return [
    ['Gateways', 'least by AWS’s rates', 'to all Programmed', 'calls', 'refused', 'peak memory', 'CPU'],
    ...sizes.map(({ gateways, shares, seconds, calls, refused, usage }) => [
      `${gateways}`,
      `${(shares[0]?.leastSeconds ?? 0).toFixed(0)} s`,
      `${seconds.toFixed(0)} s`,
      `${calls}`,
      `${refused}`,
      `${usage.peakMiB.toFixed(0)} MiB`,
      `${usage.cpuSeconds.toFixed(1)} s`,
    ]),
  ];
}
