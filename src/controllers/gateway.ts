// The pass over one Gateway: gather → translate → model → diff → execute → report.

import type { Gateway } from '../api/gateway-api.ts';
import { gateways } from '../api/kinds.ts';
import { gather } from '../gateway/gather.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { addFinalizer } from '../kube/finalizers.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import { derive } from '../provider/derive.ts';
import type { Finding } from '../provider/finding.ts';
import { isHeldBy, isOfClass } from '../provider/ownership.ts';
import type { Applied, Derived, Standing } from '../provider/provider.ts';
import type { ProviderWords } from '../provider/words.ts';
import { apiFinding } from '../status/api-findings.ts';
import { asBefore } from '../status/as-before.ts';
import { type Findings, findingsOf, noFindings } from '../status/findings.ts';
import { areListenersUnknown, attachedRoutes, type GatewayOutcome } from '../status/gateway-status.ts';
import { isAttached } from '../status/listener-set-status.ts';
import { reportGateway } from '../status/report.ts';
import { told } from '../status/words.ts';
import { allEnded, eachEnded } from './all-ended.ts';
import { untilExpiry } from './expiry.ts';
import type { GatewayContext } from './gateway-context.ts';
import { kindsMissing } from './obstacles.ts';
import { removeGateway } from './removal.ts';
import { handOverListenerSets, reportListenerSets, reportOrphans } from './report-listener-sets.ts';
import { reportRoutes, reportUnservedRoutes } from './report-routes.ts';
import { overdueMs } from './unanswered.ts';

/**
 * @param contexts one a provider. A Gateway whose class moves from one to another is let go by the old one first: the next pass
 * begins when the finalizer is gone.
 */
export async function reconcileGateway(
  contexts: readonly GatewayContext[],
  key: ObjectKey,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  const gateway = contexts[0]?.sources.gateway(key);
  if (gateway === undefined) {
    await eachEnded(contexts, (context) => forget(context, key, signal));
    return undefined;
  }
  const belonging = new Map(contexts.map((context) => [context, belongingOf(context, gateway)]));
  for (const [context, to] of belonging) if (to === 'leaving') return await removeGateway(context, gateway, signal);
  for (const [context, to] of belonging) if (to === 'foreign') await handOver(context, key, signal);
  for (const [context, to] of belonging) if (to === 'ours') return await provide(context, gateway, signal);
  return undefined;
}

async function forget(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  context.provider.forget(key);
  context.unanswered.forget(key);
  await takeBack(context, key, signal);
}

async function provide(
  context: GatewayContext,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  const { client, clock, provider, sources, unanswered, whenWanted } = context;
  const key = objectKey(gateway.metadata);
  const begun = clock.monotonic();
  // What exists is asked for first: what is served already is among what gather looks up.
  const obstacles = await obstaclesOf(context, gateway);
  const input = gather(key, sources);
  if (input === undefined) return undefined;
  if ((await addFinalizer(client, gateways, gateway, provider.finalizer, signal)) === undefined) return undefined;
  const derived = await derive(provider, input, obstacles);
  const applied = derived.known ? await provider.apply(key, derived, whenWanted) : nothingApplied;
  const standing = provider.standing(key, derived.model);

  const findings = findingsIn(derived, applied, standing, provider.words);
  const unansweredMs = unanswered.note(key, findings.whole, begun, clock.monotonic());
  const outcome = {
    findings,
    attachedRoutes: attachedRoutes(findings),
    provisioned: derived.known ? { ...standing, complete: isComplete(standing, applied) } : undefined,
    overdue: unansweredMs !== undefined && unansweredMs >= overdueMs,
  };
  await report(context, input, outcome, signal);
  return next({ derived, applied, standing, unansweredMs }, clock.now());
}

/** What keeps the pass from changing anything. */
async function obstaclesOf(
  { caches, provider, sources }: GatewayContext,
  gateway: Gateway,
): Promise<readonly Finding[]> {
  const missing = kindsMissing(caches, gateway).map((problem) => apiFinding(problem, provider.words));
  const obstacles = [...missing, ...(await provider.ready(gateway))];
  if (obstacles.length > 0) return obstacles;
  return await provider.certificates.learn(gateway, sources.listenerSetsByParent(objectKey(gateway.metadata)));
}

const nothingApplied: Applied = { found: [], behind: false };

const isComplete = (standing: Standing, { behind }: Applied): boolean => standing.complete && !behind;

/** All that the stages found. */
function findingsIn(
  { input, asked, known, found }: Derived<unknown>,
  applied: Applied,
  standing: Standing,
  words: ProviderWords,
): Findings {
  const shown = known ? asked : asBefore(asked, input.gateway, input.listenerSets);
  const all = [...shown.found, ...found, ...applied.found, ...standing.found];
  return findingsOf(shown, all, words, standing.backendsUnknown);
}

/** What we have said of ListenerSets that name a Gateway that is not there, any more maybe, and of their routes. */
async function takeBack(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  const { caches } = context;
  // What was never listed, or is in a namespace that is not watched, is not for that gone.
  if (!caches.watches(key) || caches.unlisted().includes(gateways.kind)) return;
  await reportUnservedRoutes(context, key, false, signal);
  if (caches.listenerSets.byIndex('gateway', key).length === 0) return;
  await allEnded([
    reportOrphans(context, key, signal),
    reportRoutes(context, key, noFindings(context.provider.words), signal),
  ]);
}

/** What we have said of the ListenerSets of another controller's Gateway, before they moved to it, and of their routes. */
async function handOver(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  await reportUnservedRoutes(context, key, false, signal);
  if (context.caches.listenerSets.byIndex('gateway', key).length === 0) return;
  await allEnded([
    handOverListenerSets(context, key, signal),
    reportRoutes(context, key, noFindings(context.provider.words), signal),
  ]);
}

/** Whose the Gateway is. One whose class can't be seen stays as it is: a class may come back, a load balancer may not. */
function belongingOf(
  { provider, sources }: GatewayContext,
  gateway: Gateway,
): 'ours' | 'leaving' | 'foreign' | 'unknown' {
  const held = isHeldBy(provider, gateway);
  if (gateway.metadata.deletionTimestamp !== undefined) return held ? 'leaving' : 'unknown';
  const isOurs = isOfClass(provider, gateway, sources);
  if (isOurs === undefined) return 'unknown';
  if (isOurs) return 'ours';
  return held ? 'leaving' : 'foreign';
}

async function report(
  context: GatewayContext,
  { gateway, listenerSets }: GatewayInput,
  outcome: Omit<GatewayOutcome, 'generation'>,
  signal: AbortSignal,
): Promise<void> {
  const key = objectKey(gateway.metadata);
  const { findings } = outcome;
  const sets = listenerSets.map(({ metadata }) => objectKey(metadata));
  // A Gateway that never had ListenerSets has no word of them in its status.
  const known = sets.length > 0 || gateway.status?.attachedListenerSets !== undefined;
  const attachedListenerSets = sets.filter((set) => isAttached(set, findings)).length;
  const generation = gateway.metadata.generation ?? 0;
  await reportGateway(context, gateway, { ...outcome, generation, ...(known && { attachedListenerSets }) }, signal);
  // What attaches to a Gateway that can't be read is not told that it has no listeners.
  if (areListenersUnknown(findings)) return;
  await allEnded([
    reportListenerSets(context, listenerSets, outcome, signal),
    reportRoutes(context, key, findings, signal),
    reportUnservedRoutes(context, key, true, signal),
  ]);
}

/** How long to wait for what comes by itself, in milliseconds. */
const pollMs = 3000;

/**
 * How often at least to look again at what stands before all work, at a certificate that nobody knows, and at what is not
 * answered. In milliseconds.
 */
const obstacleMs = 30_000;

interface Pass {
  readonly derived: Derived<unknown>;
  readonly applied: Applied;
  readonly standing: Standing;
  /** For how long there has been no answer, in milliseconds. */
  readonly unansweredMs: number | undefined;
}

/** When to come again. */
function next({ derived, applied, standing, unansweredMs }: Pass, now: number): WorkResult | undefined {
  const { input, asked, known, model, retryable } = derived;
  const failed = [...retryable, ...applied.found, ...asked.found.filter(isForProviderToTell)];
  // What is missing because it was refused comes with the retries of that.
  const waiting = failed.length === 0 ? model !== undefined && !isComplete(standing, applied) : standing.isProvisioning;
  const blocked = !known || [...input.certificateOwners.values()].some(({ kind }) => kind === 'unknown');
  const delays = [
    applied.requeueAfterMs,
    waiting ? pollMs : undefined,
    blocked ? obstacleMs : undefined,
    unansweredMs === undefined ? undefined : untilTold(unansweredMs),
    untilExpiry(asked, now),
  ].filter((delay) => delay !== undefined);
  const requeue = delays.length === 0 ? {} : { requeueAfterMs: Math.min(...delays) };
  if (failed.length > 0) return { unfinished: told(failed), ...(applied.behind ? { requeueAfterMs: 0 } : requeue) };
  if (applied.behind) return { goesOn: true };
  return requeue;
}

/** Silence is told when it is due, and after that it is an obstacle. */
const untilTold = (unansweredMs: number): number => (unansweredMs < overdueMs ? overdueMs - unansweredMs : obstacleMs);

/** What the provider may tell otherwise soon, without a change in the cluster. */
const isForProviderToTell = (finding: Finding): boolean =>
  finding.kind === 'listener' && finding.effect.kind === 'unresolved' && finding.effect.passing !== undefined;
