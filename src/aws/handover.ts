// An NLB comes in front of an ALB whose address clients know. A tag of the NLB says how far that is, because a restart must not
// begin it again.
import type { Gateway } from '../api/gateway-api.ts';
import type { ZonesKept } from './cloud-problem.ts';
import { loadBalancerName } from './model/form.ts';
import { resourceId } from './model/naming.ts';
import type { Plane } from './model/plane.ts';
import { isNetworkLoadBalancer } from './network-arn.ts';
import { type OwnedLoadBalancer, type OwnedResource, TAG, timeIn } from './observed.ts';

/** The tag from the create call until the NLB is the Gateway's address. */
export const coming = { [TAG.handover]: 'pending' } as const;

/** Whether the NLB is not the Gateway's address yet. Anything but a time in the tag is `pending`. */
export const isComing = (loadBalancer: Pick<OwnedLoadBalancer, 'tags'>): boolean =>
  TAG.handover in loadBalancer.tags && takenOverAt(loadBalancer) === undefined;

/** Since when clients are sent to the NLB, in milliseconds since the epoch. Undefined if it never came in front of an ALB. */
export const takenOverAt = ({ tags }: Pick<OwnedLoadBalancer, 'tags'>): number | undefined =>
  timeIn(tags[TAG.handover]);

/** Until when an NLB keeps an old zone, because its new ones are being set up. Undefined if it need not. */
export function keepsZonesUntil({ tags }: Pick<OwnedLoadBalancer, 'tags'>, now: number, handover: number) {
  const since = timeIn(tags[TAG.entered]);
  return since !== undefined && since <= now && now < since + handover ? since + handover : undefined;
}

/** The NLBs that keep an old zone now. */
export const keptZones = (owned: readonly OwnedResource[], now: number, handover: number): readonly ZonesKept[] =>
  owned.flatMap((each) => {
    const until = each.kind === 'load-balancer' ? keepsZonesUntil(each, now, handover) : undefined;
    return each.kind !== 'load-balancer' || until === undefined
      ? []
      : [{ kind: 'zones-kept', loadBalancer: each.name, until }];
  });

/** The addresses in a Gateway's status. */
export const addressesIn = (gateway: Gateway | undefined): readonly string[] =>
  (gateway?.status?.addresses ?? []).flatMap(({ value }) => value ?? []);

/** Whether the Gateway's status has the load balancer's address. */
export const isAnnounced = (
  announced: readonly string[],
  { addresses, dnsName }: Pick<OwnedLoadBalancer, 'addresses' | 'dnsName'>,
): boolean => (addresses ?? [dnsName]).some((each) => announced.includes(each));

/**
 * Whether clients may still use the address of an ALB that an NLB is in front of.
 * @param over an NLB that became the address before this time needs the ALB's address no longer
 */
export function isHandingOver(balancers: readonly OwnedLoadBalancer[], scheme: string, over: number): boolean {
  const find = (plane: Plane) =>
    balancers.find(({ id }) => id === resourceId('load-balancer', loadBalancerName(plane, scheme)));
  const nlb = find('nlb');
  if (find('alb') === undefined) return false;
  if (nlb === undefined) return !balancers.some(({ arn }) => isNetworkLoadBalancer(arn));
  const since = takenOverAt(nlb);
  return isComing(nlb) || (since !== undefined && since > over);
}
