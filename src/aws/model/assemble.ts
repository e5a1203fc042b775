// The resources of a load balancer, in an order in which each comes after what it refers to.
import { parseObjectKey } from '../../kube/object.ts';
import type { Network } from '../network/network.ts';
import type { Problem } from '../problem.ts';
import type { ModelContext } from './context.ts';
import type { Place } from './nlb/places.ts';
import type { ModelOptions } from './options.ts';
import type { LoadBalancerParts } from './parts.ts';
import type { LoadBalancerResource, Resource, TargetSelection } from './resources.ts';
import type { SecurityGroups } from './security-groups.ts';
import type { Standing } from './standing.ts';

export interface Given {
  readonly network: Network;
  readonly options: ModelOptions;
  readonly standing: Standing;
}

export interface Built {
  /** Absent if there is no place for a load balancer, or no room for what serves. */
  readonly resources?: readonly Resource[];
  readonly standing?: readonly TargetSelection[];
  readonly problems: readonly Problem[];
}

export const assemble = (
  context: ModelContext,
  parts: LoadBalancerParts,
  place: Place,
  { groups, uses }: SecurityGroups,
): readonly Resource[] => [
  ...groups,
  ...parts.certificates,
  loadBalancer(context, parts, place, uses),
  ...parts.targetGroups,
  ...parts.listeners,
  ...parts.rules,
];

function loadBalancer(
  context: ModelContext,
  { spec, replaces, attributes }: LoadBalancerParts,
  place: Place,
  groups: LoadBalancerResource['spec']['securityGroups'],
): LoadBalancerResource {
  const { gateway, settings } = context.topology;
  const zones = context.network.subnets
    .filter((each) => place.subnets.includes(each.id))
    .map((each) => [each.id, each.availabilityZone]);
  const id = context.loadBalancer;
  return {
    kind: 'load-balancer',
    id,
    spec: {
      name: context.name(parseObjectKey(gateway).name, [id, settings.scheme, context.network.vpcId]),
      ...spec,
      scheme: settings.scheme,
      ipAddressType: settings.ipAddressType,
      ...place,
      securityGroups: groups,
    },
    ...(spec.type === 'network' && { zones: Object.fromEntries(zones) }),
    ...(replaces !== undefined && { replaces }),
    attributes,
    tags: settings.tags,
  };
}
