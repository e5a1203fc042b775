// The NLB's side of an ALB behind it: a TCP listener for each listener of the ALB, which forwards to it.
import type { ModelContext } from '../context.ts';
import { resourceId } from '../naming.ts';
import type { ListenerResource, TargetGroupResource } from '../resources.ts';
import { DEFAULT_HEALTH_CHECK } from '../target-groups.ts';
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
      // AWS requires the port of a listener of the ALB.
      port,
      vpcId,
      ipAddressType: 'ipv4',
      // The ALB answers 404 if it has no rule for the check: that is healthy, too.
      healthCheck: { ...DEFAULT_HEALTH_CHECK, protocol: protocol === 'HTTPS' ? 'HTTPS' : 'HTTP' },
    },
    attributes: KEEPS_ZONES,
    loadBalancer,
    tags: context.topology.settings.tags,
  };
}
