// Why a Service has no address yet, or will have none.
import type { Event, Service } from '../api/core.ts';
import { objectKey } from '../kube/object.ts';
import { objectionTo } from './objection.ts';
import type { AddressPending, AddressRefused, ServiceUnclaimed } from './problem.ts';
import type { Slot } from './slots.ts';
import type { AddressWorld } from './world.ts';

/** MetalLB answers within a second. After this time nobody will, in milliseconds. */
const CLAIM_MS = 30_000;

export interface Unanswered {
  readonly problem: AddressRefused | AddressPending | ServiceUnclaimed;
  /** When the problem becomes another one by itself. */
  readonly againInMs?: number;
}

/** @param service the desired Service of a slot without an address */
export function unansweredWish({ wishes, live }: Slot, service: Service, world: AddressWorld): Unanswered {
  const [wish = {}] = wishes;
  const why = objectionTo(wish.address === undefined ? [] : [wish.address], service, world);
  const key = objectKey(service.metadata);
  const metallb = world.metallb !== undefined;
  const said = live && lastMessage(world.failures(key).filter(isAbout(live, metallb)));
  if (why !== undefined || said !== undefined) {
    const reasons = { ...(why && { why }), ...(said !== undefined && { said }) };
    return { problem: { ...wish, kind: 'address-refused', metallb, ...reasons } };
  }
  const since = Date.parse(live?.metadata.creationTimestamp ?? '') || world.now;
  const left = since + CLAIM_MS - world.now;
  if (left > 0) return { problem: { ...wish, kind: 'address-pending' }, againInMs: left };
  const { loadBalancerClass } = service.spec;
  const claim = {
    service: key,
    metallb,
    ...(loadBalancerClass !== undefined && { loadBalancerClass }),
  };
  return { problem: { ...wish, kind: 'service-unclaimed', ...claim } };
}

/**
 * Where MetalLB is installed, nobody else speaks for it. An Event may also be about an earlier Service of the same name.
 * @param metallb whether MetalLB's kinds are installed
 */
const isAbout =
  ({ metadata: { uid } }: Service, metallb: boolean) =>
  ({ involvedObject, source }: Event): boolean =>
    involvedObject.uid === uid && (!metallb || source?.component === 'metallb-controller');

const lastMessage = (events: readonly Event[]): string | undefined =>
  events.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1)?.message;

const timeOf = ({ lastTimestamp, eventTime, metadata }: Event): number =>
  Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
