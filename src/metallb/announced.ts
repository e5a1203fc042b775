// Which nodes announce a Gateway's addresses, as MetalLB reports it. Other controllers may announce what MetalLB assigns, so nothing
// depends on this.
import type { Service } from '../api/core.ts';
import type { ServiceAnnouncement } from '../api/metallb.ts';
import { type Condition, objectKey } from '../kube/object.ts';
import type { Verdict } from '../status/condition.ts';
import { list } from '../status/phrases.ts';
import { boundTo } from './slots.ts';
import type { AddressWorld } from './world.ts';

const type = 'gatehouse.dev/Announced';

export type Announced = Verdict<typeof type, 'Announced' | 'NotAnnounced' | 'NotKnown'>;

/**
 * Undefined until a node announces an address for the first time.
 * @param services those with the Gateway's addresses
 * @param existing the Gateway's conditions
 */
export function announced(
  services: readonly Service[],
  { metallb }: Pick<AddressWorld, 'metallb'>,
  existing: readonly Condition[] = [],
): Announced | undefined {
  const isFirst = !existing.some((condition) => condition.type === type);
  if (metallb === undefined) {
    const message = "MetalLB's kinds are not installed.";
    return isFirst ? undefined : { type, status: 'Unknown', reason: 'NotKnown', message };
  }
  const found = services.map((service) => ({
    addresses: list(boundTo(service)),
    by: metallb.announcements(objectKey(service.metadata)),
  }));
  const silent = found.filter(({ by }) => by.length === 0).map(({ addresses }) => addresses);
  const said = found.filter(({ by }) => by.length > 0).map(({ addresses, by }) => `${announcers(by)} ${addresses}.`);
  if (said.length === 0 && isFirst) return undefined;
  if (silent.length === 0 && said.length > 0)
    return { type, status: 'True', reason: 'Announced', message: said.join(' ') };
  const nobody = `No node announces ${silent.length === 0 ? 'an address' : list(silent)}. MetalLB needs an Envoy that is ready, and an advertisement for the pool.`;
  return { type, status: 'False', reason: 'NotAnnounced', message: [...said, nobody].join(' ') };
}

function announcers(by: readonly ServiceAnnouncement[]): string {
  const nodes = [...new Set(by.flatMap(({ status }) => status?.node ?? []))].toSorted();
  return nodes.length === 1 ? `Node ${list(nodes)} announces` : `The nodes ${list(nodes)} announce`;
}
