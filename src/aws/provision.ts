// The middle of a Gateway's pass: model → diff → execute.

import type { GatewayContext } from '../controllers/gateway-context.ts';
import { inTurn } from '../controllers/recall.ts';
import type { Problem as ApiProblem, KindsMissing } from '../gateway/problem.ts';
import type { Topology } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import { inTurns } from '../kube/turns.ts';
import type { Cloud } from './cloud.ts';
import { diff } from './diff/diff.ts';
import { refusedRules } from './diff/refusals.ts';
import { problemsOf } from './errors.ts';
import { standingOf } from './inventory/standing.ts';
import { buildingModel } from './model/build.ts';
import { mostListed } from './model/certificates.ts';
import { resourceId } from './model/naming.ts';
import type { Model } from './model/resources.ts';
import type { Problem } from './problem.ts';
import type { Release } from './shared/shared.ts';
import type { AwsTranslation } from './translation.ts';

export interface Built {
  /** Whether it is known what exists in AWS. */
  readonly known: boolean;
  /** Absent when what exists is to stay as it is. */
  readonly model?: Model;
  readonly problems: readonly (Problem | KindsMissing)[];
  /** Those of them that may be gone without a change in the cluster. */
  readonly retryable: readonly (Problem | KindsMissing)[];
}

/** @param obstacles what keeps the pass from doing anything */
export async function build(
  context: GatewayContext,
  { topology, problems: found }: AwsTranslation,
  obstacles: readonly (Problem | KindsMissing)[],
): Promise<Built> {
  const { cloud, modelOptions } = context;
  if (obstacles.length > 0) return { known: false, problems: obstacles, retryable: obstacles };
  if (topology === undefined) return { known: true, problems: [], retryable: [] };
  const { gateway, settings, ports } = topology;
  const unread = await learnServed(cloud, topology, modelOptions.quotas.extraCertificates);
  if (unread.length > 0) return { known: true, problems: unread, retryable: unread };
  const standing = standingOf(
    { inventory: cloud.inventory, vpcId: cloud.place.vpcId, sources: context.sources },
    gateway,
    settings.scheme,
  );
  // Without one good listener the load balancer and its name stay, for when there is one again; and so do its listeners,
  // but for what nobody may serve any more.
  const stays = ports.length === 0 && !(standing.subnets.length > 0 && found.some(isRevoked));
  if (stays) return { known: true, problems: [], retryable: [] };
  const network = await cloud.place.network();
  if (network.kind === 'unknown') return { known: true, problems: network.problems, retryable: network.problems };
  const { model, problems } = await inTurns(buildingModel(topology, network.network, modelOptions, standing));
  // A fault of the network can be mended in AWS alone.
  const retryable = problems.filter(({ kind }) => kind === 'subnets-too-few' || kind === 'subnets-invalid');
  if (retryable.length > 0) cloud.place.forget();
  return { known: true, ...(model !== undefined && { model }), problems, retryable };
}

/**
 * Where not all certificates may fit, those that serve stay: after a restart AWS is asked which.
 * @returns why AWS did not tell
 */
function learnServed(cloud: Cloud, { gateway, ports }: Topology, limit: number): Promise<readonly Problem[]> {
  return problemsOf(resourceId('listener'), async () => {
    if (mostListed(ports) > limit) await cloud.inventory.learnServed(gateway);
    return [];
  });
}

/** Whether a listener names a certificate that it may not use, or may not use any more. */
export const isRevoked = ({ kind }: ApiProblem | Problem): boolean =>
  kind === 'certificate-not-permitted' || kind === 'certificate-arn-not-permitted';

export interface CarriedOut {
  readonly problems: readonly Problem[];
  /** What the next pass waits for; `at` in milliseconds since the epoch, or undefined for what AWS does by itself. */
  readonly waits: readonly { readonly at?: number }[];
  /** Whether there was no time for some of it: the next pass goes on. */
  readonly behind: boolean;
}

export async function carryOut(
  { cloud, clock, whenWanted }: GatewayContext,
  gateway: ObjectKey,
  model: Model,
): Promise<CarriedOut> {
  const { observed, problems: unseen } = await cloud.observe(gateway);
  const plan = diff(model, observed, cloud.diffOptions(gateway));
  const outcome = await inTurn(clock, whenWanted, (recall) => cloud.execute(gateway, plan, recall));
  const unread = outcome.drifted === true ? await cloud.recheck(gateway, model) : [];
  // Where AWS can't be reached, the rest would only wait as long again, and the status is to say so in time.
  const isSilent = outcome.problems.some(
    (problem) => problem.kind === 'cloud-unanswered' && problem.why === 'unreachable',
  );
  const refused = isSilent ? [] : await cloud.settle(gateway, model);
  const { retryAt, problems } = isSilent ? nothingReleased : await cloud.shared.release();
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
    behind: outcome.behind.length > 0,
  };
}

const nothingReleased: Release = { held: [], problems: [] };

const isAboutLoadBalancer = (problem: Problem): boolean =>
  problem.kind === 'cloud-refused' && problem.resource.startsWith('load-balancer/');
