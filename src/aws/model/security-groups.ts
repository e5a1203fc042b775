// Who may reach the listeners: a set of rules, in as many security groups as it takes.

import { canonicalCidr, compareCidrs, isIpv6Cidr } from '../cidr.ts';
import type { Problem } from '../problem.ts';
import type { ModelContext } from './context.ts';
import { resourceId } from './naming.ts';
import type { IngressRule, LoadBalancerResource, ResourceId, SecurityGroupResource } from './resources.ts';

const MAX_DESCRIPTION = 255;

type GroupUse = LoadBalancerResource['spec']['securityGroups'][number];

export interface SecurityGroups {
  /** The frontend group, after its overflow groups. None where the user brings groups of their own. */
  readonly groups: readonly SecurityGroupResource[];
  /** What the load balancer carries: the backend group too, from which nodes and pods admit it. */
  readonly uses: readonly GroupUse[];
}

export function securityGroups(context: ModelContext, ports: readonly number[]): SecurityGroups {
  const { settings } = context.topology;
  const backend = context.network.backendSecurityGroupId;
  if (settings.securityGroups !== undefined) {
    return { groups: [], uses: [...new Set([...settings.securityGroups, backend])].map((groupId) => ({ groupId })) };
  }
  const groups = frontendGroups(context, ports);
  const uses = groups.toReversed().map(({ id }) => ({ group: id }));
  return { groups, uses: [...uses, { groupId: backend }] };
}

/** How many rules of one address family the groups of a load balancer hold, beside the backend group. */
export function ingressCapacity({ options: { quotas } }: ModelContext): number {
  return (quotas.securityGroups - 1) * quotas.rulesPerSecurityGroup;
}

/** How many rules a port needs in the address family of which it needs more. */
export function rulesPerPort(context: ModelContext): number {
  if (context.topology.settings.securityGroups !== undefined) return 0;
  const ranges = sourceRanges(context);
  const v6 = ranges.filter(isIpv6Cidr).length;
  return Math.max(v6, ranges.length - v6);
}

/** How many ports the security groups have room for the rules of. */
export const admittedPorts = (context: ModelContext): number =>
  Math.floor(ingressCapacity(context) / Math.max(1, rulesPerPort(context)));

/**
 * No port that serves is shut for a list of source ranges that has become too long: then the list that is in force stays.
 * @param standing the ports that the load balancer has
 */
export function rangesTooMany(context: ModelContext, standing: ReadonlySet<number>): Problem | undefined {
  const ports = context.topology.ports.filter(({ port }) => standing.has(port)).length;
  if (ports <= admittedPorts(context)) return undefined;
  return { kind: 'source-ranges-too-many', ranges: rulesPerPort(context), ports, limit: ingressCapacity(context) };
}

function frontendGroups(context: ModelContext, ports: readonly number[]): readonly SecurityGroupResource[] {
  const ranges = sourceRanges(context);
  const ingress = ports.flatMap((port) => ranges.map((cidr) => ingressRule(port, cidr)));
  const count = Math.ceil((ports.length * rulesPerPort(context)) / context.options.quotas.rulesPerSecurityGroup);
  const overflow = Array.from({ length: Math.max(0, count - 1) }, (_, index) =>
    group(context, resourceId('security-group', 'frontend', index + 2), []),
  ).toReversed();
  const frontend = group(context, resourceId('security-group', 'frontend'), ingress);
  if (overflow.length === 0) return [frontend];
  const ids = overflow.map(({ id }) => id).toReversed();
  return [...overflow, { ...frontend, overflow: ids }];
}

function group(context: ModelContext, id: ResourceId, ingress: readonly IngressRule[]): SecurityGroupResource {
  const { gateway, settings } = context.topology;
  const { vpcId } = context.network;
  // A description can't be changed, so nothing that may change is in it.
  const description = `Clients of the load balancer of Gateway ${gateway}`.slice(0, MAX_DESCRIPTION);
  const name = context.name('frontend', [id, vpcId, description]);
  return { kind: 'security-group', id, spec: { name, description, vpcId }, ingress, tags: settings.tags };
}

/** Each block once, however it is spelled, in an order that does not depend on the list's. */
function sourceRanges({ topology: { settings } }: ModelContext): readonly string[] {
  if (settings.sourceRanges.length > 0) {
    return [...new Set(settings.sourceRanges.map(canonicalCidr))].toSorted(compareCidrs);
  }
  return settings.ipAddressType === 'ipv4' ? ['0.0.0.0/0'] : ['0.0.0.0/0', '::/0'];
}

function ingressRule(port: number, cidr: string): IngressRule {
  return {
    protocol: 'tcp',
    fromPort: port,
    toPort: port,
    source: { kind: 'cidr', cidr },
    description: `Listener port ${port}`,
  };
}
