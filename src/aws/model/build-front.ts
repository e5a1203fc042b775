// Topology → an NLB that clients reach, and an ALB that only the NLB reaches.
import type { Steps } from '../../gateway/steps.ts';
import type { AwsTopology } from '../translation.ts';
import { assemble, type Built, type Given } from './assemble.ts';
import { balancerSettingsWithoutEffect, targetSettingsWithoutEffect } from './attributes.ts';
import { buildAlb } from './build-alb.ts';
import { modelContext } from './context.ts';
import { fittingPorts } from './fitting-ports.ts';
import { planeOf } from './form.ts';
import { buildNlb } from './nlb/build.ts';
import { passageTo } from './nlb/front.ts';
import { placeOfAlb, placeOfNlb } from './nlb/places.ts';
import { usablePorts } from './nlb/usable-ports.ts';
import { groupsBehind, groupsBeside, rangesTooMany, securityGroups } from './security-groups.ts';

export function* buildFront(asked: AwsTopology, { network, options, standing }: Given): Steps<Built> {
  const { settings } = asked;
  const both = [...standing.ports, ...(standing.front?.ports ?? [])];
  const front = { ...standing, ...standing.front, ports: new Set(both) };
  const frontIn = placeOfNlb(settings, network, options.clusterName, front);
  const behindIn = placeOfAlb(
    settings,
    network,
    options.clusterName,
    standing.subnets.length > 0 ? standing.subnets : front.subnets,
    settings.subnetMappings === undefined ? [] : frontIn.place?.subnets,
  );
  const { topology, problems: without } = usablePorts(asked, network, frontIn.place?.subnets, {
    http: standing.ports,
    forwards: front.forwards,
  });
  const context = modelContext(topology, network, options, 'nlb');
  const tooMany = rangesTooMany(context, front.ports);
  if (tooMany !== undefined) return { problems: [tooMany] };
  const fitting = fittingPorts(context, front);
  const [http, others] = [
    fitting.ports.filter((port) => planeOf(port) === 'alb'),
    fitting.ports.filter((port) => planeOf(port) === 'nlb'),
  ];
  const behind = modelContext({ ...topology, ports: http }, network, options, 'alb');
  const albParts = yield* buildAlb(behind, http, standing);
  const parts = yield* buildNlb(context, others, front);
  // Listeners that are invalid so far need no ALB yet.
  const isBehind = http.length > 0 || standing.subnets.length > 0;
  const passages = albParts.listeners.map((listener) => passageTo(context, listener));
  const placeProblem = (isBehind ? behindIn.problem : undefined) ?? frontIn.problem;
  const problems = [
    ...without,
    ...fitting.problems,
    ...albParts.problems,
    ...parts.problems,
    ...(isBehind ? [] : balancerSettingsWithoutEffect(settings, 'nlb')),
    ...targetSettingsWithoutEffect(settings, new Set(fitting.ports.map(planeOf))),
    ...(placeProblem ? [placeProblem] : []),
  ];
  if (frontIn.place === undefined || (isBehind && behindIn.place === undefined)) return { problems };
  const groups = securityGroups(context, fitting.ports);
  const [use] = groups.uses;
  const groupsOf = standing.isHandingOver === true ? groupsBeside : groupsBehind;
  const groupsOfAlb = groupsOf(behind, http, use ?? { groupId: network.backendSecurityGroupId });
  const withPassages = {
    ...parts,
    ...(standing.isHandingOver === true && { replaces: behind.loadBalancer }),
    targetGroups: [...parts.targetGroups, ...passages.map(({ targetGroup }) => targetGroup)],
    listeners: [...parts.listeners, ...passages.map(({ listener }) => listener)],
  };
  const resources = [
    ...groups.groups,
    ...(behindIn.place !== undefined && isBehind ? assemble(behind, albParts, behindIn.place, groupsOfAlb) : []),
    ...assemble(context, withPassages, frontIn.place, { ...groups, groups: [] }),
  ];
  // Both load balancers may have the certificate of one Secret.
  const unique = [...new Map(resources.map((resource) => [resource.id, resource])).values()];
  return { resources: unique, standing: [...albParts.standing, ...parts.standing], problems };
}
