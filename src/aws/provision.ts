// The middle of a Gateway's pass in AWS: the facts that the model needs, and then diff → execute.

import type { Topology } from '../gateway/topology.ts';
import type { Clock } from '../kube/clock.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { WhenWanted } from '../kube/workers.ts';
import type { ClusterSources } from '../provider/context.ts';
import type { Applied, Asked, Derived, Known } from '../provider/provider.ts';
import type { Cloud } from './cloud.ts';
import { refusedRules } from './diff/refusals.ts';
import { refusedCertificates } from './diff/refused-certificates.ts';
import { AwsError, problemsOf, toProblem } from './errors.ts';
import { awsFinding } from './findings.ts';
import { addressesIn } from './handover.ts';
import { standingOf } from './inventory/standing.ts';
import { keepStanding } from './keep-standing.ts';
import { mostListed } from './model/certificates.ts';
import { gatewayTagValue, resourceId } from './model/naming.ts';
import { DEFAULT_QUOTAS } from './model/options.ts';
import { gatewayOwner } from './model/owner.ts';
import type { Model } from './model/resources.ts';
import { withRequestedAddresses } from './network/requested-addresses.ts';
import type { Problem } from './problem.ts';
import { inTurn } from './recall.ts';
import { routedBackends } from './routed-backends.ts';
import { type AwsAccepted, type AwsFacts, stays } from './stages.ts';
import { movedChecks } from './targets/moved-checks.ts';
import { passAgainMs } from './timings.ts';

export async function learnFacts(
  cloud: Cloud,
  sources: Pick<ClusterSources, 'service' | 'grantsIn' | 'gateway'>,
  now: number,
  accepted: AwsAccepted,
): Promise<Known<AwsFacts>> {
  const { topology } = accepted;
  const unread = await learnServed(cloud, topology);
  if (unread.length > 0) return { found: unread.map(awsFinding) };
  const { inventory, place, handover } = cloud;
  const standing = standingOf({ inventory, vpcId: place.vpcId, sources, now, handover }, topology);
  if (stays(accepted, standing)) return { found: [] };
  // The model refers to the backend security group, so it is created before the model is made.
  const prepared = await place.prepare();
  if (prepared.kind === 'unknown') return { found: prepared.problems.map(awsFinding) };
  try {
    const owned = inventory.owned(gatewayTagValue(topology.gateway));
    const network = await withRequestedAddresses(cloud.clients, prepared.network, owned, topology.addresses);
    return { facts: { network, standing }, found: [] };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { found: [awsFinding(toProblem(error, resourceId('network')))] };
  }
}

/**
 * If not all certificates fit, those that serve already stay. After a restart AWS must be asked which these are.
 * @returns why AWS did not answer
 */
function learnServed(cloud: Cloud, { gateway, ports }: Topology): Promise<readonly Problem[]> {
  return problemsOf(resourceId('listener'), async () => {
    if (mostListed(ports) > DEFAULT_QUOTAS.extraCertificates) await cloud.inventory.learnServed(gateway);
    return [];
  });
}

export async function applyModel(
  cloud: Cloud,
  clock: Clock,
  gateway: ObjectKey,
  derived: Derived<Model>,
  whenWanted: WhenWanted,
): Promise<Applied> {
  const { asked, model, doubtsFacts } = derived;
  if (doubtsFacts === true) cloud.place.forget();
  const { problems, ...applied } =
    model === undefined
      ? { problems: await keepMembers(cloud, gateway, asked), behind: false }
      : await carryOut(cloud, clock, derived, model, whenWanted);
  const refused = model !== undefined && asked.topology ? refusedCertificates(asked.topology, problems) : [];
  return { ...applied, found: [...problems, ...refused].map(awsFinding) };
}

/** Without a model, the targets of existing groups are still kept up to date. */
const keepMembers = (cloud: Cloud, gateway: ObjectKey, asked: Asked): Promise<readonly Problem[]> =>
  keepStanding(cloud, gateway, routedBackends(asked));

interface CarriedOut extends Omit<Applied, 'found'> {
  readonly problems: readonly Problem[];
}

async function carryOut(
  cloud: Cloud,
  clock: Clock,
  { input }: Pick<Derived<Model>, 'input'>,
  model: Model,
  whenWanted: WhenWanted,
): Promise<CarriedOut> {
  const { gateway } = model;
  const { observed, problems: unseen } = await cloud.observe(gateway);
  const moved = movedChecks(gateway, model, observed);
  // After the steps all groups are admitted, and refusals are reported.
  if (moved.length > 0) await cloud.admit(moved);
  const owner = gatewayOwner(gateway);
  const announced = addressesIn(input.gateway);
  const plan = cloud.runs.plan(owner, model, { ...observed, announced });
  const outcome = await inTurn(clock, whenWanted, (recall) => cloud.runs.execute(owner, plan, recall));
  const unread = outcome.drifted === true ? await cloud.recheck(gateway, model) : [];
  // If AWS cannot be reached, the rest would only wait as long again, and the status should say so soon.
  const isSilent = outcome.problems.some(
    (problem) => problem.kind === 'cloud-unanswered' && problem.why === 'unreachable',
  );
  const refused = isSilent ? [] : await cloud.finish(gateway, model);
  if (!isSilent) cloud.releasePass.due();
  if (outcome.problems.some(isAboutLoadBalancer)) cloud.place.forget();
  const refusedOfRoutes = refusedRules(plan, model, outcome);
  const again = outcome.again === true && outcome.problems.length === 0;
  const now = clock.now();
  const delays = [
    ...plan.pending.map((pending) => ('at' in pending ? Math.max(pending.at - now, 0) : passAgainMs)),
    ...(outcome.pending.length > 0 || again ? [passAgainMs] : []),
  ];
  return {
    problems: [
      ...unseen,
      ...outcome.problems,
      ...refusedOfRoutes,
      ...unread,
      ...refused,
      ...cloud.releasePass.problems,
    ],
    ...(delays.length > 0 && { requeueAfterMs: Math.min(...delays) }),
    behind: outcome.behind.length > 0,
  };
}

/** The subnets may have changed, for example have free addresses again. */
const isAboutLoadBalancer = (problem: Problem): boolean =>
  (problem.kind === 'cloud-refused' || problem.kind === 'quota-reached') &&
  problem.resource.startsWith('load-balancer/');
