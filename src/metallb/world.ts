// What is known in the cluster about addresses. All of it is read from caches.
import type { Event, Service } from '../api/core.ts';
import type { ConfigurationState, IpAddressPool, ServiceAnnouncement } from '../api/metallb.ts';
import type { ObjectKey } from '../kube/object.ts';

export interface AddressWorld {
  /** In milliseconds since the epoch. */
  readonly now: number;
  /** How long an old address serves after the new one, in milliseconds. */
  readonly handoverMs: number;
  /** The Services that have the address, of all namespaces. */
  readonly servicesAt: (address: string) => readonly Service[];
  /** The Events with reason AllocationFailed that regard the Service. */
  readonly failures: (service: ObjectKey) => readonly Event[];
  /** Absent if MetalLB's kinds are not installed. Then another controller may give addresses to Services. */
  readonly metallb?: MetallbWorld;
}

export interface MetallbWorld {
  readonly pools: readonly IpAddressPool[];
  /** The labels of the Gateway's namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly configuration: readonly ConfigurationState[];
  /** By ARP, NDP or BGP. */
  readonly announcements: (service: ObjectKey) => readonly ServiceAnnouncement[];
}
