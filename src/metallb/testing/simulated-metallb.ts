// MetalLB's controller as far as Services see it: it assigns addresses, and takes them away when a Service no longer fits.
import type { Service } from '../../api/core.ts';
import { type IpAddressPool, METALLB_ANNOTATION } from '../../api/metallb.ts';
import { familyOf } from '../ip-address.ts';
import { objectionTo } from '../objection.ts';
import { boundTo } from '../slots.ts';
import type { AddressWorld } from '../world.ts';

export const servicesAt =
  (services: readonly Service[]): AddressWorld['servicesAt'] =>
  (address) =>
    services.filter((service) => boundTo(service).includes(address));

/** Of single-stack Services. @param free addresses for Services that ask for none */
export function converge(
  services: readonly Service[],
  pools: readonly IpAddressPool[],
  free: readonly string[],
): readonly Service[] {
  let current = services;
  for (const { metadata } of services) {
    current = current.map((service) => {
      if (service.metadata.name !== metadata.name || service.metadata.namespace !== metadata.namespace) return service;
      return assigned(service, pools, free, current);
    });
  }
  return current;
}

function assigned(
  service: Service,
  pools: readonly IpAddressPool[],
  free: readonly string[],
  all: readonly Service[],
): Service {
  const world = {
    servicesAt: servicesAt(all),
    metallb: { pools, namespaceLabels: {}, configuration: [], announcements: () => [] },
  };
  const fits = (addresses: readonly string[]): boolean =>
    addresses.length > 0 && objectionTo(addresses, service, world) === undefined;
  const pinned = service.metadata.annotations?.[METALLB_ANNOTATION.addresses]?.split(',');
  const [family = 'IPv4'] = service.spec.ipFamilies ?? [];
  const has = boundTo(service);
  if (fits(has) && (pinned === undefined || pinned.toSorted().join() === has.toSorted().join())) return service;
  const candidates =
    pinned === undefined
      ? free.filter((address) => familyOf(address) === family).map((address) => [address])
      : [pinned];
  const given = candidates.find(fits) ?? [];
  const { [METALLB_ANNOTATION.allocatedFrom]: _, ...annotations } = service.metadata.annotations ?? {};
  const pool = pools.find(
    (each) =>
      given.length > 0 &&
      objectionTo(given, service, { ...world, metallb: { ...world.metallb, pools: [each] } }) === undefined,
  );
  return {
    ...service,
    metadata: {
      ...service.metadata,
      annotations: { ...annotations, ...(pool && { [METALLB_ANNOTATION.allocatedFrom]: pool.metadata.name }) },
    },
    status: { loadBalancer: { ingress: given.map((ip) => ({ ip })) } },
  };
}
