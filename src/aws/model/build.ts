// Topology → the desired resources of a Gateway's load balancers, and what these can't express.

import { finish, type Steps } from '../../gateway/steps.ts';
import type { Network } from '../network/network.ts';
import type { Problem } from '../problem.ts';
import type { AwsTopology } from '../translation.ts';
import { assemble, type Built, type Given } from './assemble.ts';
import { balancerSettingsWithoutEffect, targetSettingsWithoutEffect } from './attributes.ts';
import { buildAlb } from './build-alb.ts';
import { buildFront } from './build-front.ts';
import { modelContext } from './context.ts';
import { fittingPorts, withoutCrowdedOut } from './fitting-ports.ts';
import { formOf } from './form.ts';
import { buildNlb } from './nlb/build.ts';
import { placeOfAlb, placeOfNlb } from './nlb/places.ts';
import { usablePorts } from './nlb/usable-ports.ts';
import type { ModelOptions } from './options.ts';
import type { Plane } from './plane.ts';
import { withRequestedPlaces } from './requested-topology.ts';
import type { Model } from './resources.ts';
import { rangesTooMany, securityGroups } from './security-groups.ts';
import { NOTHING_STANDS, type Standing } from './standing.ts';

export interface ModelResult {
  /** Absent if the network has no place for the load balancer. Then existing resources stay as they are. */
  readonly model?: Model;
  readonly problems: readonly Problem[];
}

export const buildModel = (
  topology: AwsTopology,
  network: Network,
  options: ModelOptions,
  standing: Standing = NOTHING_STANDS,
): ModelResult => finish(buildingModel(topology, network, options, standing));

/**
 * The model of a Gateway without ports has only the existing load balancer, so that clients can keep its name.
 * @param standing what exists in AWS. What serves already has precedence
 */
export function* buildingModel(
  wanted: AwsTopology,
  network: Network,
  options: ModelOptions,
  standing: Standing,
): Steps<ModelResult> {
  const { gateway, settings } = wanted;
  if (wanted.ports.length === 0 && standing.subnets.length === 0)
    return { model: { gateway, resources: [] }, problems: [] };
  // With another Gateway's group, that group could no longer be deleted, and its clients would be admitted here.
  const made = (settings.securityGroups ?? []).filter((group) => standing.madeGroups.has(group));
  if (made.length > 0) return { problems: [{ kind: 'security-groups-not-permitted', groups: made }] };
  const given = { network, options, standing };
  const { topology: placed, problems: misplaced } = withRequestedPlaces(wanted, given);
  if (placed === undefined) return { problems: misplaced };
  const { topology: asked, problems: crowded } = withoutCrowdedOut(placed, given);
  const form = formOf(asked, standing.loadBalancers);
  const { ipAddressType } = settings;
  if (form !== 'alb' && ipAddressType === 'dualstack-without-public-ipv4')
    return { problems: [{ kind: 'ip-address-type-unsupported', ipAddressType }] };
  const built = form === 'front' ? yield* buildFront(asked, given) : yield* buildOne(asked, form, given);
  const problems = [...misplaced, ...crowded, ...built.problems];
  if (built.resources === undefined) return { problems };
  const kept = built.standing ?? [];
  return { model: { gateway, resources: built.resources, ...(kept.length > 0 && { standing: kept }) }, problems };
}

function* buildOne(asked: AwsTopology, plane: Plane, { network, options, standing }: Given): Steps<Built> {
  const { settings } = asked;
  const { place, problem } =
    plane === 'nlb'
      ? placeOfNlb(settings, network, options.clusterName, standing)
      : placeOfAlb(settings, network, options.clusterName, standing.subnets);
  const { topology, problems: without } = usablePorts(asked, network, place?.subnets, {
    http: new Set(),
    forwards: standing.forwards,
  });
  const context = modelContext(topology, network, options, plane);
  const tooMany = rangesTooMany(context, standing.ports);
  if (tooMany !== undefined) return { problems: [tooMany] };
  const { ports, problems: unfit } = fittingPorts(context, standing);
  const parts = yield* plane === 'nlb' ? buildNlb(context, ports, standing) : buildAlb(context, ports, standing);
  const problems = [
    ...without,
    ...unfit,
    ...parts.problems,
    ...balancerSettingsWithoutEffect(settings, plane),
    ...targetSettingsWithoutEffect(settings, new Set([plane])),
    ...(problem ? [problem] : []),
  ];
  if (place === undefined) return { problems };
  const groups = securityGroups(context, parts.ports);
  return { resources: assemble(context, parts, place, groups), standing: parts.standing, problems };
}
