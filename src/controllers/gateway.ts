// The pass over one Gateway: gather → translate → model → diff → execute → report.

import type { Gateway, ListenerSet } from '../api/gateway-api.ts';
import { gateways } from '../api/kinds.ts';
import { refusedCertificates } from '../aws/diff/refused-certificates.ts';
import { keepStanding } from '../aws/inventory/standing.ts';
import type { Model } from '../aws/model/resources.ts';
import { type Built, build, type CarriedOut, carryOut } from '../aws/provision.ts';
import { provisioned } from '../aws/provisioned.ts';
import { unreachable } from '../aws/reach/unreachable.ts';
import { routedBackends } from '../aws/routed-backends.ts';
import { type AwsTranslation, translatingForAws } from '../aws/translation.ts';
import { gather } from '../gateway/gather.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { certificateArns } from '../gateway/references.ts';
import { addFinalizer } from '../kube/finalizers.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { inTurns } from '../kube/turns.ts';
import type { WorkResult } from '../kube/workers.ts';
import { asBefore } from '../status/as-before.ts';
import { findingsOf, noFindings } from '../status/findings.ts';
import { areListenersUnknown, attachedRoutes, type GatewayOutcome } from '../status/gateway-status.ts';
import { isAttached } from '../status/listener-set-status.ts';
import type { Problem } from '../status/problem.ts';
import { reportGateway } from '../status/report.ts';
import type { Provisioned } from '../status/serving.ts';
import { told } from '../status/words.ts';
import { allEnded } from './all-ended.ts';
import { untilExpiry } from './expiry.ts';
import { finalizer, type GatewayContext, pollMs } from './gateway-context.ts';
import { Incomplete } from './incomplete.ts';
import { kindsMissing, obstaclesOf } from './obstacles.ts';
import { removeGateway } from './removal.ts';
import { handOverListenerSets, reportListenerSets, reportOrphans } from './report-listener-sets.ts';
import { reportRoutes, reportUnservedRoutes } from './report-routes.ts';
import { overdueMs } from './unanswered.ts';

/** @throws Incomplete when something stands in the way that the next pass may find gone */
export async function reconcileGateway(
  context: GatewayContext,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  const gateway = context.sources.gateway(key);
  if (gateway === undefined) {
    // One that went without its finalizer: what it left in AWS is the sweeper's.
    context.cloud.release(key);
    context.unanswered.forget(key);
    await takeBack(context, key, signal);
    return undefined;
  }
  const belonging = belongingOf(context, gateway);
  if (belonging === 'leaving') return await removeGateway(context, gateway, signal);
  if (belonging === 'foreign') await handOver(context, key, signal);
  if (belonging !== 'ours') return undefined;

  const begun = context.clock.monotonic();
  // What exists is asked for first: what is served already is among what gather looks up.
  const obstacles = [...kindsMissing(context, gateway), ...(await obstaclesOf(context, gateway))];
  if (obstacles.length === 0) {
    const named = namedArns(gateway, context.sources.listenerSetsByParent(key));
    obstacles.push(...(await context.cloud.certificateOwners.learn(key, named)));
  }
  const input = gather(key, context.sources);
  if (input === undefined) return undefined;
  const translation = await inTurns(translatingForAws(input, context.defaults));
  if ((await addFinalizer(context.client, gateways, gateway, finalizer, signal)) === undefined) return undefined;
  const built = await build(context, translation, obstacles);
  const done = await act(context, key, translation, built);
  const refused = translation.topology ? refusedCertificates(translation.topology, done.problems) : [];
  const reach = unreachable(built.model, context.cloud.bindings.ofGateway(key), context.cloud.troubles);
  const widened = context.cloud.reachability.widened(context.cloud.bindings.ofGateway(key));
  const all = [...built.problems, ...done.problems, ...refused, ...reach.problems, ...widened];
  const shown = built.known ? translation : asBefore(translation, input.gateway, input.listenerSets);
  const findings = findingsOf(shown, all, reach.isUnknown);
  const state = built.known ? standing(context, key, built.model, done) : undefined;
  const attached = attachedRoutes(findings);
  const unansweredMs = context.unanswered.note(key, findings.whole, begun, context.clock.monotonic());
  const overdue = unansweredMs !== undefined && unansweredMs >= overdueMs;
  await report(context, input, { findings, attachedRoutes: attached, provisioned: state, overdue }, signal);
  const failed = [...built.retryable, ...done.problems, ...translation.problems.filter(isForAwsToTell)];
  // What is missing because AWS refused it comes with the retries of that.
  const waiting =
    failed.length === 0
      ? built.model !== undefined && state?.complete !== true
      : context.cloud.progress.isProvisioning(key);
  const blocked = !built.known || [...input.certificateOwners.values()].some(({ kind }) => kind === 'unknown');
  const now = context.clock.now();
  return next(done, failed, { waiting, blocked, unansweredMs, certificatesMs: untilExpiry(translation, now) }, now);
}

/** What AWS may tell otherwise soon, without a change in the cluster. */
const isForAwsToTell = ({ kind }: Problem): boolean =>
  kind === 'certificate-arn-not-found' || kind === 'certificate-arn-unknown';

/** The certificates that listeners name by ARN: first one of each owner, so that none takes up what is asked in a pass. */
function namedArns(gateway: Gateway, listenerSets: readonly ListenerSet[]): readonly string[] {
  const ranked = [gateway, ...listenerSets].flatMap((owner) => [...certificateArns(owner).entries()]);
  return [...new Set(ranked.toSorted(([a], [b]) => a - b).map(([, arn]) => arn))];
}

/** What we have said of ListenerSets that name a Gateway that is not there, any more maybe, and of their routes. */
async function takeBack(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  const { caches } = context;
  // What was never listed, or is in a namespace that is not watched, is not for that gone.
  if (!caches.watches(key) || caches.unlisted().includes(gateways.kind)) return;
  await reportUnservedRoutes(context, key, false, signal);
  if (caches.listenerSets.byIndex('gateway', key).length === 0) return;
  await allEnded([reportOrphans(context, key, signal), reportRoutes(context, key, noFindings, signal)]);
}

/** What we have said of the ListenerSets of another controller's Gateway, before they moved to it, and of their routes. */
async function handOver(context: GatewayContext, key: ObjectKey, signal: AbortSignal): Promise<void> {
  await reportUnservedRoutes(context, key, false, signal);
  if (context.caches.listenerSets.byIndex('gateway', key).length === 0) return;
  await allEnded([handOverListenerSets(context, key, signal), reportRoutes(context, key, noFindings, signal)]);
}

/** Whose the Gateway is. One whose class can't be seen stays as it is: a class may come back, a load balancer may not. */
function belongingOf(context: GatewayContext, gateway: Gateway): 'ours' | 'leaving' | 'foreign' | 'unknown' {
  const held = gateway.metadata.finalizers?.includes(finalizer) ?? false;
  if (gateway.metadata.deletionTimestamp !== undefined) return held ? 'leaving' : 'unknown';
  const gatewayClass = context.sources.gatewayClass(gateway.spec.gatewayClassName);
  if (gatewayClass === undefined) return 'unknown';
  if (gatewayClass.spec.controllerName === context.controllerName) return 'ours';
  return held ? 'leaving' : 'foreign';
}

/** Without a model nothing is changed, but the targets of what stands, as far as that is known, come and go all the same. */
async function act(
  context: GatewayContext,
  key: ObjectKey,
  translation: AwsTranslation,
  built: Built,
): Promise<CarriedOut> {
  if (built.model !== undefined) return carryOut(context, key, built.model);
  const nothing = { problems: [], waits: [], behind: false };
  if (!built.known) return nothing;
  return { ...nothing, problems: await keepStanding(context.cloud, key, routedBackends(translation)) };
}

/** What stands in the cloud after a pass. */
function standing(
  { cloud, clock }: GatewayContext,
  gateway: ObjectKey,
  model: Model | undefined,
  { behind }: CarriedOut,
): Provisioned {
  const state = provisioned(model, cloud.inventory.observed(gateway, clock.now()).resources);
  return { ...state, complete: state.complete && !behind };
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

/** What stands before all work, or before a certificate of ACM, or is not answered, is looked at again at least this often, in milliseconds. */
const obstacleMs = 30_000;

interface After {
  /** Something is missing that comes by itself. */
  readonly waiting: boolean;
  readonly blocked: boolean;
  /** For how long AWS has not answered, in milliseconds. */
  readonly unansweredMs: number | undefined;
  /** When to look at the certificates again, in milliseconds; absent where none expires. */
  readonly certificatesMs: number | undefined;
}

function next(
  { waits, behind }: CarriedOut,
  failed: readonly Problem[],
  { waiting, blocked, unansweredMs, certificatesMs }: After,
  now: number,
): WorkResult | undefined {
  const delays = waits.map(({ at }) => (at === undefined ? pollMs : Math.max(at - now, 0)));
  if (waiting) delays.push(pollMs);
  if (blocked) delays.push(obstacleMs);
  // Until it is told, when that is due; after that as obstacles.
  if (unansweredMs !== undefined) delays.push(unansweredMs < overdueMs ? overdueMs - unansweredMs : obstacleMs);
  if (certificatesMs !== undefined) delays.push(certificatesMs);
  const requeueAfterMs = delays.length === 0 ? undefined : Math.min(...delays);
  if (failed.length > 0) throw new Incomplete(told(failed), behind ? 0 : requeueAfterMs);
  if (behind) return { goesOn: true };
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
}
