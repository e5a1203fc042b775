// Which Service has which of the Gateway's addresses. A Service that has an address keeps it as long as the Gateway asks for it.
import type { Service } from '../api/core.ts';
import { METALLB_ANNOTATION } from '../api/metallb.ts';
import type { ServiceSettings } from '../api/proxy-configuration.ts';
import { familyOf } from './ip-address.ts';
import type { ServiceOptions } from './service-options.ts';

import type { Wish } from './wish.ts';

/** A Service that is to be, with at least one wish. */
export interface Slot {
  readonly name: string;
  readonly wishes: readonly Wish[];
  /** Absent if it does not exist yet. */
  readonly live?: Service;
}

export interface Slots {
  readonly slots: readonly Slot[];
  /** Services with an address that the Gateway no longer asks for. They serve until the new addresses are there. */
  readonly leaving: readonly Service[];
}

/** The addresses that a load balancer controller has given to the Service: IP addresses, or hostnames. */
export const boundTo = ({ status }: Service): readonly string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);

export const isBound = (service: Service): boolean => boundTo(service).length > 0;

/** A Service without an address that is not needed is in neither list. */
export function slotsOf(wishes: readonly Wish[], options: Pick<ServiceOptions, 'name' | 'live' | 'settings'>): Slots {
  const { name, settings } = options;
  const live = options.live
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => ordinal(a, name) - ordinal(b, name));
  const open = new Set(wishes);
  const free = new Set(live);
  const slots: Slot[] = [];
  const take = (service: Service, granted: readonly Wish[]): void => {
    free.delete(service);
    for (const wish of granted) open.delete(wish);
    slots.push({ name: service.metadata.name, wishes: granted, live: service });
  };
  for (const service of live) {
    const addresses = new Set(boundTo(service));
    const granted = wishes.filter(
      (wish) => open.has(wish) && wish.address !== undefined && addresses.has(wish.address),
    );
    if (granted.length > 0) take(service, granted);
  }
  for (const fits of [hasWished(settings), asksFor(settings), canAskFor(settings)]) {
    for (const wish of open) {
      const service = [...free].find((each) => fits(each, wish));
      if (service !== undefined) take(service, [wish]);
    }
  }
  const taken = new Set(options.live.map(({ metadata }) => metadata.name));
  for (const wish of open) {
    const given = freeName(name, taken);
    taken.add(given);
    slots.push({ name: given, wishes: [wish] });
  }
  return { slots: slots.toSorted(byOrder(wishes)), leaving: [...free].filter(isBound) };
}

const byOrder =
  (wishes: readonly Wish[]) =>
  ({ wishes: [a] }: Slot, { wishes: [b] }: Slot): number =>
    (a ? wishes.indexOf(a) : 0) - (b ? wishes.indexOf(b) : 0);

type Fits = (service: Service, wish: Wish) => boolean;

/** It has such an address already. */
const hasWished =
  ({ ipFamilyPolicy = 'SingleStack' }: ServiceSettings): Fits =>
  (service, { address, pool }) => {
    const count = boundTo(service).length;
    if (count === 0 || address !== undefined) return false;
    if (ipFamilyPolicy !== 'PreferDualStack' && count !== (ipFamilyPolicy === 'SingleStack' ? 1 : 2)) return false;
    const { annotations = {} } = service.metadata;
    return (
      pool === undefined ||
      pool === (annotations[METALLB_ANNOTATION.allocatedFrom] ?? annotations[METALLB_ANNOTATION.pool])
    );
  };

/** It waits for such an address. */
const asksFor =
  (settings: ServiceSettings): Fits =>
  (service, wish) => {
    const { annotations = {} } = service.metadata;
    return (
      canAskFor(settings)(service, wish) &&
      annotations[METALLB_ANNOTATION.addresses] === wish.address &&
      annotations[METALLB_ANNOTATION.pool] === wish.pool
    );
  };

/** It has no address to lose, and what never changes in a Service is as needed: the class and the first family. */
const canAskFor =
  ({ loadBalancerClass }: ServiceSettings): Fits =>
  (service, { address }) =>
    !isBound(service) &&
    service.spec.loadBalancerClass === loadBalancerClass &&
    (address === undefined
      ? service.metadata.annotations?.[METALLB_ANNOTATION.addresses] === undefined
      : service.spec.ipFamilies?.[0] === familyOf(address));

/** `web-1a2b3c4d` is the first, `web-1a2b3c4d-2` the second. Any other name comes last. */
function ordinal({ metadata }: Service, name: string): number {
  if (metadata.name === name) return 1;
  const [, number] = /^-(\d+)$/.exec(metadata.name.startsWith(name) ? metadata.name.slice(name.length) : '') ?? [];
  return number === undefined ? Number.MAX_SAFE_INTEGER : Number(number);
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}
