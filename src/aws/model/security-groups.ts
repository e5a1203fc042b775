// Who may reach the listeners: a set of rules, in as many security groups as it needs.

import { type PortKey, portKey } from '../../gateway/listener-protocols.ts';
import type { PortTopology } from '../../gateway/topology.ts';
import { canonicalCidr, compareCidrs, isIpv6Cidr } from '../cidr.ts';
import type { Problem } from '../problem.ts';
import type { ModelContext } from './context.ts';
import { resourceId } from './naming.ts';
import type { IngressRule, LoadBalancerResource, ResourceId, SecurityGroupResource } from './resources.ts';

const MAX_DESCRIPTION = 255;

type GroupUse = LoadBalancerResource['spec']['securityGroups'][number];

export interface SecurityGroups {
  /** The overflow groups, and then the frontend group. Empty if the user names security groups. */
  readonly groups: readonly SecurityGroupResource[];
  /** All groups of the load balancer, also the backend group, from which nodes and pods admit traffic. */
  readonly uses: readonly GroupUse[];
}

export function securityGroups(context: ModelContext, ports: readonly PortTopology[]): SecurityGroups {
  const { settings } = context.topology;
  const backend = context.network.backendSecurityGroupId;
  if (settings.securityGroups !== undefined) {
    return { groups: [], uses: [...new Set([...settings.securityGroups, backend])].map((groupId) => ({ groupId })) };
  }
  return ofFrontend(context, frontendGroups(context, ports));
}

function ofFrontend({ network }: ModelContext, groups: readonly SecurityGroupResource[]): SecurityGroups {
  const uses = groups.toReversed().map(({ id }) => ({ group: id }));
  return { groups, uses: [...uses, { groupId: network.backendSecurityGroupId }] };
}

/** The groups of an ALB behind an NLB: it admits only that. @param front a group of the NLB */
export function groupsBehind(context: ModelContext, ports: readonly PortTopology[], front: GroupUse): SecurityGroups {
  const frontend = group(context, resourceId('security-group', 'frontend'), rulesFrom(front, ports));
  return { groups: [frontend], uses: [{ group: frontend.id }, { groupId: context.network.backendSecurityGroupId }] };
}

/**
 * The groups of an ALB that admits its clients beside the NLB in front of it. If the user's own groups leave no room for ours, they
 * must admit the NLB, too.
 */
export function groupsBeside(context: ModelContext, ports: readonly PortTopology[], front: GroupUse): SecurityGroups {
  if (context.topology.settings.securityGroups === undefined) {
    const each = rulesFrom(front, ports);
    // The rules for clients may leave room for one more rule only.
    const fits = ports.length * rulesPerPort(context) + each.length <= ingressCapacity(context);
    return ofFrontend(context, frontendGroups(context, ports, fits ? each : [ruleFrom(front, ports)]));
  }
  const [own, behind] = [securityGroups(context, ports), groupsBehind(context, ports, front)];
  const [frontend] = behind.uses;
  if (frontend === undefined || own.uses.length >= context.options.quotas.securityGroups) return own;
  return { groups: behind.groups, uses: [...own.uses.slice(0, -1), frontend, ...own.uses.slice(-1)] };
}

const rulesFrom = (front: GroupUse, ports: readonly PortTopology[]): readonly IngressRule[] =>
  ports.map(({ port }) => {
    const source = { kind: 'group', ...front } as const;
    return { protocol: 'tcp', fromPort: port, toPort: port, source, description: `Listener port ${port}` };
  });

/** One rule for all ports and those between them. The ALB listens on its own ports only. */
function ruleFrom(front: GroupUse, ports: readonly PortTopology[]): IngressRule {
  const numbers = ports.map(({ port }) => port);
  const [fromPort, toPort] = [Math.min(...numbers), Math.max(...numbers)];
  const source = { kind: 'group', ...front } as const;
  return { protocol: 'tcp', fromPort, toPort, source, description: `Listener ports ${fromPort}-${toPort}` };
}

/** How many rules of one address family a load balancer's groups hold, without the backend group. */
export function ingressCapacity({ options: { quotas } }: ModelContext): number {
  return (quotas.securityGroups - 1) * quotas.rulesPerSecurityGroup;
}

/** How many rules a port needs: the larger number of the two address families. */
export function rulesPerPort(context: ModelContext): number {
  if (context.topology.settings.securityGroups !== undefined) return 0;
  const ranges = sourceRanges(context);
  const v6 = ranges.filter(isIpv6Cidr).length;
  return Math.max(v6, ranges.length - v6);
}

/** How many ports fit into the security groups. */
export const admittedPorts = (context: ModelContext): number =>
  Math.max(0, Math.floor(ingressCapacity(context) / Math.max(1, rulesPerPort(context))) - besidePorts(context));

/** An NLB passes on what ICMP says about the size of packets: as many rules as for one more port. */
const besidePorts = ({ plane }: ModelContext): number => (plane === 'nlb' ? 1 : 0);

/**
 * If the list of source ranges has become too long, the present list stays, so that no serving port is closed.
 * @param standing the ports of the load balancer
 */
export function rangesTooMany(context: ModelContext, standing: ReadonlySet<PortKey>): Problem | undefined {
  const ports = context.topology.ports.filter((port) => standing.has(portKey(port))).length;
  if (ports <= admittedPorts(context)) return undefined;
  return {
    kind: 'source-ranges-too-many',
    ranges: rulesPerPort(context),
    ports,
    ...(besidePorts(context) > 0 && { withIcmp: true }),
    limit: ingressCapacity(context),
  };
}

/** @param others rules beside those for clients */
function frontendGroups(
  context: ModelContext,
  ports: readonly PortTopology[],
  others: readonly IngressRule[] = [],
): readonly SecurityGroupResource[] {
  const ranges = sourceRanges(context);
  const name = context.plane === 'nlb' ? 'nlb-frontend' : 'frontend';
  // Without a port there may be too many ranges even for this.
  const hasIcmp = context.plane === 'nlb' && ports.length > 0;
  const ingress = [
    ...ports.flatMap((port) => ranges.map((cidr) => ingressRule(port, cidr))),
    ...(hasIcmp ? ranges.map(icmpRule) : []),
    ...others,
  ];
  const perCidr = ports.length + Number(hasIcmp);
  const count = Math.ceil(
    (perCidr * rulesPerPort(context) + others.length) / context.options.quotas.rulesPerSecurityGroup,
  );
  const overflow = Array.from({ length: Math.max(0, count - 1) }, (_, index) =>
    group(context, resourceId('security-group', name, index + 2), []),
  ).toReversed();
  const frontend = group(context, resourceId('security-group', name), ingress);
  if (overflow.length === 0) return [frontend];
  const ids = overflow.map(({ id }) => id).toReversed();
  return [...overflow, { ...frontend, overflow: ids }];
}

function group(context: ModelContext, id: ResourceId, ingress: readonly IngressRule[]): SecurityGroupResource {
  const { gateway, settings } = context.topology;
  const { vpcId } = context.network;
  // A description cannot be changed, so it contains nothing that may change.
  const description = `Clients of the load balancer of Gateway ${gateway}`.slice(0, MAX_DESCRIPTION);
  const name = context.name('frontend', [id, vpcId, description]);
  return { kind: 'security-group', id, spec: { name, description, vpcId }, ingress, tags: settings.tags };
}

/** Each block once in one spelling, in an order that does not depend on the list. */
function sourceRanges({ topology: { settings } }: ModelContext): readonly string[] {
  if (settings.sourceRanges.length > 0) {
    return [...new Set(settings.sourceRanges.map(canonicalCidr))].toSorted(compareCidrs);
  }
  return settings.ipAddressType === 'ipv4' ? ['0.0.0.0/0'] : ['0.0.0.0/0', '::/0'];
}

function ingressRule({ port, serves }: PortTopology, cidr: string): IngressRule {
  return {
    protocol: serves.kind === 'udp' ? 'udp' : 'tcp',
    fromPort: port,
    toPort: port,
    source: { kind: 'cidr', cidr },
    description: `Listener port ${port}`,
  };
}

/** "Fragmentation needed" of IPv4, and "packet too big" of IPv6. */
function icmpRule(cidr: string): IngressRule {
  const v6 = isIpv6Cidr(cidr);
  return {
    protocol: v6 ? 'icmpv6' : 'icmp',
    fromPort: v6 ? 2 : 3,
    toPort: v6 ? 0 : 4,
    source: { kind: 'cidr', cidr },
    description: 'Path MTU discovery',
  };
}
