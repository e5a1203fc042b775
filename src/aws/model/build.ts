// Topology → the desired resources of one ALB, and what an ALB can't express.

import { finish, type Steps } from '../../gateway/steps.ts';
import { parseObjectKey } from '../../kube/object.ts';
import type { Network } from '../network/network.ts';
import type { Problem } from '../problem.ts';
import type { AwsTopology } from '../translation.ts';
import { type ModelContext, modelContext } from './context.ts';
import { buildListeners } from './listeners.ts';
import type { ModelOptions } from './options.ts';
import type { LoadBalancerResource, Model } from './resources.ts';
import { buildRules } from './rules.ts';
import { rangesTooMany, securityGroups } from './security-groups.ts';
import { NOTHING_STANDS, type Standing } from './standing.ts';
import { chooseSubnets } from './subnets.ts';

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
  topology: AwsTopology,
  network: Network,
  options: ModelOptions,
  standing: Standing,
): Steps<ModelResult> {
  const { gateway, settings } = topology;
  if (topology.ports.length === 0 && standing.subnets.length === 0)
    return { model: { gateway, resources: [] }, problems: [] };
  // With another Gateway's group, that group could no longer be deleted, and its clients would be admitted here.
  const made = (settings.securityGroups ?? []).filter((group) => standing.madeGroups.has(group));
  if (made.length > 0) return { problems: [{ kind: 'security-groups-not-permitted', groups: made }] };
  const context = modelContext(topology, network, options);
  const tooMany = rangesTooMany(context, standing.ports);
  if (tooMany !== undefined) return { problems: [tooMany] };
  const listeners = buildListeners(context, standing);
  const rules = yield* buildRules(context, listeners.ports, standing);
  const subnets = chooseSubnets(settings, network, options.clusterName, standing.subnets);
  const problems = [...listeners.problems, ...rules.problems, ...(subnets.problem ? [subnets.problem] : [])];
  if (subnets.ids === undefined) return { problems };
  const groups = securityGroups(
    context,
    listeners.ports.map(({ port }) => port),
  );
  const resources = [
    ...groups.groups,
    ...listeners.certificates,
    loadBalancer(context, subnets.ids, groups.uses),
    ...rules.targetGroups,
    ...listeners.listeners,
    ...rules.rules,
  ];
  return { model: { gateway, resources, ...(rules.standing.length > 0 && { standing: rules.standing }) }, problems };
}

/** Backends get the client's Host header, because in the Gateway API only a URLRewrite may change it. */
const ownAttributes = { 'routing.http.preserve_host_header.enabled': 'true' };

function loadBalancer(
  context: ModelContext,
  subnets: readonly string[],
  groups: LoadBalancerResource['spec']['securityGroups'],
): LoadBalancerResource {
  const { gateway, settings } = context.topology;
  const id = context.loadBalancer;
  return {
    kind: 'load-balancer',
    id,
    spec: {
      name: context.name(parseObjectKey(gateway).name, [id, settings.scheme, context.network.vpcId]),
      scheme: settings.scheme,
      ipAddressType: settings.ipAddressType,
      subnets,
      securityGroups: groups,
    },
    attributes: { ...ownAttributes, ...settings.loadBalancerAttributes },
    tags: context.topology.settings.tags,
  };
}
