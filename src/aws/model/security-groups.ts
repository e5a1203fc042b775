// Who may reach the listeners.
import type { ModelContext } from './context.ts';
import { resourceId } from './naming.ts';
import type { IngressRule, LoadBalancerResource, SecurityGroupResource } from './resources.ts';

const MAX_DESCRIPTION = 255;

type GroupUse = LoadBalancerResource['spec']['securityGroups'][number];

export interface SecurityGroups {
  /** Absent where the user brings groups of their own. */
  readonly frontend?: SecurityGroupResource;
  /** What the load balancer carries: the backend group too, from which nodes and pods admit it. */
  readonly uses: readonly GroupUse[];
}

export function securityGroups(context: ModelContext, ports: readonly number[]): SecurityGroups {
  const { settings } = context.topology;
  const backend: GroupUse = { groupId: context.network.backendSecurityGroupId };
  if (settings.securityGroups !== undefined) {
    return { uses: [...settings.securityGroups.map((groupId) => ({ groupId })), backend] };
  }
  const frontend = frontendGroup(context, ports);
  return { frontend, uses: [{ group: frontend.id }, backend] };
}

function frontendGroup(context: ModelContext, ports: readonly number[]): SecurityGroupResource {
  const id = resourceId('security-group', 'frontend');
  const { gateway } = context.topology;
  const { vpcId } = context.network;
  // A description can't be changed, so nothing that may change is in it.
  const description = `Clients of the load balancer of Gateway ${gateway}`.slice(0, MAX_DESCRIPTION);
  return {
    kind: 'security-group',
    id,
    spec: { name: context.name('frontend', [id, vpcId, description]), description, vpcId },
    ingress: ports.flatMap((port) => sourceRanges(context).map((cidr) => ingressRule(port, cidr))),
    tags: context.topology.settings.tags,
  };
}

function sourceRanges({ topology: { settings } }: ModelContext): readonly string[] {
  if (settings.sourceRanges.length > 0) return settings.sourceRanges;
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
