// The pass over one Gateway: gather → translate → model → diff → execute → report.

import type { Gateway } from '../api/gateway-api.ts';
import { gateways, loadBalancerConfigurations } from '../api/kinds.ts';
import { diff } from '../aws/diff/diff.ts';
import { refusedRules } from '../aws/diff/refusals.ts';
import { buildModel } from '../aws/model/build.ts';
import { ALB_CAPABILITIES } from '../aws/model/capabilities.ts';
import type { ModelOptions } from '../aws/model/options.ts';
import type { Model } from '../aws/model/resources.ts';
import { gather, type Sources } from '../gateway/gather.ts';
import type { Problem } from '../gateway/problem.ts';
import { routedBackends } from '../gateway/routed-backends.ts';
import type { SettingsDefaults } from '../gateway/settings.ts';
import type { Topology, Translation } from '../gateway/topology.ts';
import { translate } from '../gateway/translate.ts';
import { addFinalizer, removeFinalizer } from '../kube/finalizers.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { GatewayOutcome, Provisioned } from '../status/gateway-status.ts';
import { type ReportContext, reportGateway, reportRemoval, reportRoute } from '../status/report.ts';
import { problemsByRoute } from '../status/route-status.ts';
import type { Caches } from './caches.ts';
import type { Cloud } from './cloud.ts';
import { Incomplete } from './incomplete.ts';
import { otherRegion } from './place.ts';
import { provisioned } from './provisioned.ts';
import { keepStanding, standingSubnets } from './standing.ts';

export const finalizer = 'gatehouse.dev/aws';

export interface GatewayContext extends ReportContext {
  readonly caches: Caches;
  readonly sources: Sources;
  readonly cloud: Cloud;
  readonly defaults: SettingsDefaults;
  readonly modelOptions: ModelOptions;
}

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
    return undefined;
  }
  const belonging = belongingOf(context, gateway);
  if (belonging === 'leaving') return await remove(context, gateway, signal);
  if (belonging === 'foreign') return undefined;

  // What exists is asked for first: what is served already is among what gather looks up.
  const obstacles = [...kindsMissing(context), ...(await obstaclesOf(context, gateway))];
  const input = gather(key, context.sources);
  if (input === undefined) return undefined;
  const translation = translate(input, ALB_CAPABILITIES, context.defaults);
  if ((await addFinalizer(context.client, gateways, gateway, finalizer, signal)) === undefined) return undefined;
  const built = await build(context, translation, obstacles);
  const done =
    built.known && built.model === undefined
      ? { problems: await keepStanding(context.cloud, key, routedBackends(input, ALB_CAPABILITIES)), waits: [] }
      : await carryOut(context, key, built.model);
  const problems = [...translation.problems, ...built.problems, ...done.problems];
  const state = built.known ? standing(context, key, built.model) : undefined;
  await report(context, gateway, { translation, problems, provisioned: state }, signal);
  const failed = [...built.retryable, ...done.problems];
  // What is missing because AWS refused it comes with the retries of that.
  const waiting =
    failed.length === 0
      ? built.model !== undefined && state?.waiting !== ''
      : context.cloud.progress.isProvisioning(key);
  return next(done, failed, { waiting, blocked: !built.known }, context.clock.now());
}

/** Whose the Gateway is. One whose class can't be seen stays as it is: a class may come back, a load balancer may not. */
function belongingOf(context: GatewayContext, gateway: Gateway): 'ours' | 'leaving' | 'foreign' {
  const held = gateway.metadata.finalizers?.includes(finalizer) ?? false;
  if (gateway.metadata.deletionTimestamp !== undefined) return held ? 'leaving' : 'foreign';
  const gatewayClass = context.sources.gatewayClass(gateway.spec.gatewayClassName);
  if (gatewayClass === undefined) return 'foreign';
  if (gatewayClass.spec.controllerName === context.controllerName) return 'ours';
  return held ? 'leaving' : 'foreign';
}

/** What stands in the way of doing anything for the Gateway. */
const obstaclesOf = async ({ cloud }: GatewayContext, gateway: Gateway): Promise<readonly Problem[]> => [
  ...(await cloud.ready()),
  ...otherRegion(gateway, cloud.region),
];

/** Kinds that were never listed are not kinds without objects: an API server that has just started may not know its CRDs yet. */
function kindsMissing({ caches }: GatewayContext): readonly Problem[] {
  const kinds = caches.unlisted().filter((kind) => kind !== loadBalancerConfigurations.kind);
  return kinds.length === 0 ? [] : [{ kind: 'kinds-missing', kinds }];
}

interface Built {
  /** Whether it is known what exists in AWS. */
  readonly known: boolean;
  /** Absent when what exists is to stay as it is. */
  readonly model?: Model;
  readonly problems: readonly Problem[];
  /** Those of them that may be gone without a change in the cluster. */
  readonly retryable: readonly Problem[];
}

async function build(
  { cloud, modelOptions }: GatewayContext,
  { topology }: Translation,
  obstacles: readonly Problem[],
): Promise<Built> {
  if (obstacles.length > 0) return { known: false, problems: obstacles, retryable: obstacles };
  if (topology === undefined || !mayChange(topology)) return { known: true, problems: [], retryable: [] };
  const network = await cloud.place.network();
  if (network.kind === 'unknown') return { known: true, problems: network.problems, retryable: network.problems };
  const subnets = standingSubnets(cloud.inventory, topology.gateway, topology.settings.scheme);
  const { model, problems } = buildModel(topology, network.network, modelOptions, subnets);
  // A fault of the network can be mended in AWS alone.
  const retryable = problems.filter(({ kind }) => kind === 'subnets-too-few' || kind === 'subnets-invalid');
  if (retryable.length > 0) cloud.place.forget();
  return { known: true, ...(model !== undefined && { model }), problems, retryable };
}

/** Without one good listener nothing is served; but the load balancer and its name stay, for when there is one again. */
const mayChange = (topology: Topology): boolean => topology.ports.length > 0;

interface CarriedOut {
  readonly problems: readonly Problem[];
  /** What the next pass waits for; `at` in milliseconds since the epoch, or undefined for what AWS does by itself. */
  readonly waits: readonly { readonly at?: number }[];
}

/** @param model undefined when nothing is to be changed */
async function carryOut({ cloud }: GatewayContext, gateway: ObjectKey, model: Model | undefined): Promise<CarriedOut> {
  if (model === undefined) return { problems: [], waits: [] };
  const { observed, problems: unseen } = await cloud.observe(gateway);
  const plan = diff(model, observed, cloud.diffOptions);
  const outcome = await cloud.execute(gateway, plan);
  const unread = outcome.drifted === true ? await cloud.recheck(gateway, model) : [];
  const refused = await cloud.settle(gateway, model);
  const { retryAt, problems } = await cloud.shared.release();
  if (outcome.problems.some(isAboutLoadBalancer)) cloud.place.forget();
  const told = refusedRules(plan, model, outcome);
  const again = outcome.retryAfterMs !== undefined && outcome.problems.length === 0;
  return {
    problems: [...unseen, ...outcome.problems, ...told, ...unread, ...refused, ...problems],
    waits: [
      ...plan.pending.map((pending) => (pending.kind === 'drain' ? { at: pending.at } : {})),
      ...(outcome.pending.length > 0 || again ? [{}] : []),
      ...(retryAt === undefined ? [] : [{ at: retryAt }]),
    ],
  };
}

const isAboutLoadBalancer = (problem: Problem): boolean =>
  problem.kind === 'cloud-refused' && problem.resource.startsWith('load-balancer/');

/** What stands in the cloud after a pass. */
const standing = ({ cloud, clock }: GatewayContext, gateway: ObjectKey, model: Model | undefined): Provisioned =>
  provisioned(model, cloud.inventory.observed(gateway, clock.now()).resources);

async function report(
  context: GatewayContext,
  gateway: Gateway,
  outcome: Omit<GatewayOutcome, 'generation'>,
  signal: AbortSignal,
): Promise<void> {
  const { caches, controllerName } = context;
  const key = objectKey(gateway.metadata);
  const { translation, problems } = outcome;
  await reportGateway(context, gateway, { ...outcome, generation: gateway.metadata.generation ?? 0 }, signal);
  const attachments = Map.groupBy(translation.attachments, ({ route }) => route.key);
  const byRoute = problemsByRoute(problems);
  const ends = await Promise.allSettled(
    caches.httpRoutes.byIndex('gateway', key).map((route) => {
      const name = objectKey(route.metadata);
      const own = { attachments: attachments.get(name) ?? [], problems: byRoute.get(name) ?? [] };
      return reportRoute(context, route, { gateway: key, controllerName, ...own }, signal);
    }),
  );
  // None goes on behind the pass's back.
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** How long to wait for what AWS does by itself, in milliseconds. */
const pollMs = 3000;

/** An obstacle that stands before all work is looked at again at least this often, in milliseconds. */
const obstacleMs = 30_000;

function next(
  { waits }: CarriedOut,
  failed: readonly Problem[],
  { waiting, blocked }: { readonly waiting: boolean; readonly blocked: boolean },
  now: number,
): WorkResult | undefined {
  const delays = waits.map(({ at }) => (at === undefined ? pollMs : Math.max(at - now, 0)));
  if (waiting) delays.push(pollMs);
  if (blocked) delays.push(obstacleMs);
  const requeueAfterMs = delays.length === 0 ? undefined : Math.min(...delays);
  if (failed.length > 0) throw new Incomplete(failed, requeueAfterMs);
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
}

/** Deleting needs nothing but the tags: no class, no configuration, no routes, no Secrets. */
async function remove(context: GatewayContext, gateway: Gateway, signal: AbortSignal): Promise<WorkResult | undefined> {
  const { cloud, clock, client, caches } = context;
  const key = objectKey(gateway.metadata);
  const problems = [...(await obstaclesOf(context, gateway))];
  let retryAt: number | undefined;
  if (problems.length === 0) {
    cloud.release(key);
    const observed = cloud.inventory.observed(key, clock.now());
    const outcome = await cloud.execute(key, diff(undefined, observed, cloud.diffOptions));
    problems.push(...outcome.problems);
    // A finalizer goes by what AWS describes, never by what is remembered.
    const isDone = outcome.pending.length === 0 && outcome.problems.length === 0;
    const confirmed = isDone ? await cloud.confirmGone(key) : undefined;
    const shared = confirmed?.gone === true ? await cloud.shared.release(key) : undefined;
    problems.push(...(confirmed?.problems ?? []), ...(shared?.problems ?? []));
    retryAt = shared === undefined ? clock.now() + pollMs : shared.retryAt;
  }
  if (problems.length > 0 || retryAt !== undefined) {
    // The status of one that has moved to another controller's class is that controller's.
    if (gateway.metadata.deletionTimestamp !== undefined) await reportRemoval(context, gateway, problems, signal);
    if (problems.length > 0) throw new Incomplete(problems);
    return { requeueAfterMs: Math.max((retryAt ?? 0) - clock.now(), 0) };
  }
  const routes = caches.httpRoutes.byIndex('gateway', key);
  const nothing = { gateway: key, controllerName: context.controllerName, attachments: [], problems: [] };
  await Promise.all(routes.map((route) => reportRoute(context, route, nothing, signal)));
  await removeFinalizer(client, gateways, gateway, finalizer, signal);
  cloud.inventory.forget(key);
  return undefined;
}
