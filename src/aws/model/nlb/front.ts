// The NLB in front of an ALB: for each listener of the ALB, it has a TCP listener that forwards to the ALB.
import type { ModelContext } from '../context.ts';
import { DEFAULT_HEALTH_CHECK } from '../health-checks.ts';
import { resourceId } from '../naming.ts';
import type { ListenerResource, TargetGroupResource } from '../resources.ts';
import { KEEPS_ZONES } from './attributes.ts';

export interface Passage {
  readonly targetGroup: TargetGroupResource;
  readonly listener: ListenerResource;
}

/** @param behind a listener of the ALB */
export function passageTo(context: ModelContext, behind: ListenerResource): Passage {
  const { port } = behind.spec;
  const targetGroup = albTarget(context, behind);
  return {
    targetGroup,
    listener: {
      kind: 'listener',
      id: resourceId('listener', context.segment, port),
      loadBalancer: context.loadBalancer,
      spec: {
        port,
        protocol: 'TCP',
        defaultAction: { kind: 'forward', targetGroups: [{ targetGroup: targetGroup.id, weight: 1 }] },
      },
      extraCertificates: [],
      tags: context.topology.settings.tags,
    },
  };
}

function albTarget(
  context: ModelContext,
  { loadBalancer, spec: { port, protocol } }: ListenerResource,
): TargetGroupResource {
  const { vpcId } = context.network;
  const id = resourceId('target-group', context.segment, 'alb', port);
  return {
    kind: 'target-group',
    id,
    spec: {
      name: context.name('alb', [id, vpcId]),
      targetType: 'alb',
      protocol: 'TCP',
      // AWS requires the port of one of the ALB's listeners.
      port,
      vpcId,
      ipAddressType: 'ipv4',
      // If the ALB has no rule for the check, it answers 404. That is healthy, too.
      healthCheck: { ...DEFAULT_HEALTH_CHECK, protocol: protocol === 'HTTPS' ? 'HTTPS' : 'HTTP' },
    },
    attributes: KEEPS_ZONES,
    loadBalancer,
    tags: context.topology.settings.tags,
  };
}
