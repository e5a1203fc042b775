// Topology → the desired resources of one load balancer, and what it can't express.

import { finish, type Steps } from '../../gateway/steps.ts';
import type { PortTopology } from '../../gateway/topology.ts';
import { parseObjectKey } from '../../kube/object.ts';
import type { Network } from '../network/network.ts';
import type { Problem } from '../problem.ts';
import type { AwsTopology } from '../translation.ts';
import { type ModelContext, modelContext } from './context.ts';
import { type Form, formOf, withinForm } from './form.ts';
import { buildListeners } from './listeners.ts';
import { buildNlb } from './nlb/build.ts';
import { withIpv6 } from './nlb/ipv6.ts';
import type { ModelOptions } from './options.ts';
import type { LoadBalancerParts } from './parts.ts';
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
  asked: AwsTopology,
  network: Network,
  options: ModelOptions,
  standing: Standing,
): Steps<ModelResult> {
  const { gateway, settings } = asked;
  if (asked.ports.length === 0 && standing.subnets.length === 0)
    return { model: { gateway, resources: [] }, problems: [] };
  // With another Gateway's group, that group could no longer be deleted, and its clients would be admitted here.
  const made = (settings.securityGroups ?? []).filter((group) => standing.madeGroups.has(group));
  if (made.length > 0) return { problems: [{ kind: 'security-groups-not-permitted', groups: made }] };
  const form = formOf(asked.ports, standing.loadBalancers);
  const { ipAddressType } = settings;
  if (form === 'nlb' && ipAddressType === 'dualstack-without-public-ipv4')
    return { problems: [{ kind: 'ip-address-type-unsupported', ipAddressType }] };
  const within = withinForm(asked, form);
  const subnets = chooseSubnets(settings, network, options.clusterName, standing.subnets, form);
  const { topology, problems: without } = withIpv6(within.topology, network, subnets.ids);
  const context = modelContext(topology, network, options, form);
  const tooMany = rangesTooMany(context, standing.ports);
  if (tooMany !== undefined) return { problems: [tooMany] };
  const parts = form === 'nlb' ? buildNlb(context, standing) : yield* buildAlb(context, standing);
  const problems = [
    ...ofOtherForm(within.others, form),
    ...without,
    ...parts.problems,
    ...(subnets.problem ? [subnets.problem] : []),
  ];
  if (subnets.ids === undefined) return { problems };
  const groups = securityGroups(context, parts.ports);
  const resources = [
    ...groups.groups,
    ...parts.certificates,
    loadBalancer(context, parts, subnets.ids, groups.uses),
    ...parts.targetGroups,
    ...parts.listeners,
    ...parts.rules,
  ];
  return { model: { gateway, resources, ...(parts.standing.length > 0 && { standing: parts.standing }) }, problems };
}

const ofOtherForm = (ports: readonly PortTopology[], form: Form): readonly Problem[] =>
  ports
    .flatMap(({ listeners }) => listeners)
    .map(({ name }) => ({ kind: 'listener-of-other-form', listener: name, field: 'protocol', form }));

function* buildAlb(context: ModelContext, standing: Standing): Steps<LoadBalancerParts> {
  const { listeners, certificates, ports, problems } = buildListeners(context, standing);
  const rules = yield* buildRules(context, ports, standing);
  return {
    ...rules,
    ports,
    certificates,
    listeners,
    spec: {},
    attributes: { ...ownAttributes, ...context.topology.settings.loadBalancerAttributes },
    problems: [...problems, ...rules.problems],
  };
}

/** Backends get the client's Host header, because in the Gateway API only a URLRewrite may change it. */
const ownAttributes = { 'routing.http.preserve_host_header.enabled': 'true' };

function loadBalancer(
  context: ModelContext,
  { spec, attributes }: LoadBalancerParts,
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
      ...spec,
      scheme: settings.scheme,
      ipAddressType: settings.ipAddressType,
      subnets,
      securityGroups: groups,
    },
    attributes,
    tags: settings.tags,
  };
}
