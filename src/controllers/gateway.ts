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
import { messageOf } from '../status/words.ts';
import { allEnded, eachEnded } from './all-ended.ts';
import { untilExpiry } from './expiry.ts';
import type { GatewayContext } from './gateway-context.ts';
import { kindsMissing } from './obstacles.ts';
import { removeGateway } from './removal.ts';
import { reportListenerSets, reportOrphans, resetListenerSets } from './report-listener-sets.ts';
import { reportPolicies } from './report-policies.ts';
import { reportRoutes } from './report-routes.ts';
import { overdueMs } from './unanswered.ts';

/**
 * @param contexts one per provider. If a Gateway's class moves to another provider, the old provider removes its resources first.
 * The new provider's pass begins when the old finalizer is gone.
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
  for (const [context, to] of belonging) if (to === 'foreign') await resetStatuses(context, key, signal);
  for (const [context, to] of belonging) if (to === 'ours') return await provide(context, gateway, signal);
  return undefined;
}

async function forget(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  context.provider.forget(key);
  context.unanswered.forget(key);
  await reportDeleted(context, key, signal);
}

async function provide(
  context: GatewayContext,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  const { client, clock, provider, sources, unanswered, whenWanted } = context;
  const key = objectKey(gateway.metadata);
  const begun = clock.monotonic();
  // The provider looks first at what exists, because gather asks for certificates that are served already.
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

/** The findings of all stages. */
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

/** The Gateway does not exist, or no longer. Updates what the statuses of its ListenerSets, routes and policies say about it. */
async function reportDeleted(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  const { caches } = context;
  // An object that we have not listed yet, or that is in a namespace we do not watch, may still exist.
  if (!caches.watches(key) || caches.unlisted().includes(gateways.kind)) return;
  await reportPolicies(context, key, noFindings(context.provider.words), signal);
  if (caches.listenerSets.byIndex('gateway', key).length === 0) return;
  await allEnded([
    reportOrphans(context, key, signal),
    reportRoutes(context, key, noFindings(context.provider.words), signal),
  ]);
}

/** The Gateway is another controller's. Its ListenerSets and routes may have moved to it: removes what we said about them. */
async function resetStatuses(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  await reportPolicies(context, key, noFindings(context.provider.words), signal);
  if (context.caches.listenerSets.byIndex('gateway', key).length === 0) return;
  await allEnded([
    resetListenerSets(context, key, signal),
    reportRoutes(context, key, noFindings(context.provider.words), signal),
  ]);
}

/** Who serves the Gateway. If its class is missing, nothing changes: a class may come back, but a deleted load balancer may not. */
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
  // The status of a Gateway that never had ListenerSets does not count them.
  const known = sets.length > 0 || gateway.status?.attachedListenerSets !== undefined;
  const attachedListenerSets = sets.filter((set) => isAttached(set, findings)).length;
  const generation = gateway.metadata.generation ?? 0;
  await reportGateway(context, gateway, { ...outcome, generation, ...(known && { attachedListenerSets }) }, signal);
  // If the Gateway can't be read, its listeners are unknown. So its routes and ListenerSets keep their statuses.
  if (areListenersUnknown(findings)) return;
  await allEnded([
    reportListenerSets(context, listenerSets, outcome, signal),
    reportRoutes(context, key, findings, signal),
    // While it is not known what exists, CA certificates may not be known either.
    ...(outcome.provisioned === undefined ? [] : [reportPolicies(context, key, findings, signal)]),
  ]);
}

/** How long to wait before looking again at work that the provider finishes by itself. In milliseconds. */
const pollMs = 3000;

/** How often to look again at obstacles, at certificates whose owner is unknown, and at missing answers. In milliseconds. */
const obstacleMs = 30_000;

interface Pass {
  readonly derived: Derived<unknown>;
  readonly applied: Applied;
  readonly standing: Standing;
  /** How long the provider has given no answer, in milliseconds. */
  readonly unansweredMs: number | undefined;
}

/** When the next pass runs. */
function next({ derived, applied, standing, unansweredMs }: Pass, now: number): WorkResult | undefined {
  const { input, asked, known, model, retryable } = derived;
  const failed = [...retryable, ...applied.found, ...asked.found.filter(mayChangeByItself)];
  // If something was refused, the retries after the failure also create what is missing.
  const isIncomplete = model !== undefined && !isComplete(standing, applied) && standing.needsChange !== true;
  const waiting = failed.length === 0 ? isIncomplete : standing.isProvisioning;
  const blocked = !known || [...input.certificateOwners.values()].some(({ kind }) => kind === 'unknown');
  const delays = [
    applied.requeueAfterMs,
    waiting ? pollMs : undefined,
    blocked ? obstacleMs : undefined,
    unansweredMs === undefined ? undefined : untilReported(unansweredMs),
    untilExpiry(asked, now),
  ].filter((delay) => delay !== undefined);
  const requeue = delays.length === 0 ? {} : { requeueAfterMs: Math.min(...delays) };
  if (failed.length > 0)
    return { unfinished: messageOf(failed), ...(applied.behind ? { requeueAfterMs: 0 } : requeue) };
  if (applied.behind) return { goesOn: true };
  return requeue;
}

/** A status reports missing answers once they are overdue. After that, they are an obstacle. */
const untilReported = (unansweredMs: number): number =>
  unansweredMs < overdueMs ? overdueMs - unansweredMs : obstacleMs;

/** Whether the provider may soon find otherwise, without a change in the cluster. */
const mayChangeByItself = (finding: Finding): boolean =>
  finding.kind === 'listener' && finding.effect.kind === 'unresolved' && finding.effect.passing !== undefined;
