// What the caches know about addresses.
import type { Service } from '../api/core.ts';
import type { ServiceAnnouncement } from '../api/metallb.ts';
import { namespaceOf } from '../gateway/references.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import type { MetallbCaches } from './caches.ts';
import type { AddressWorld } from './world.ts';

export interface WorldSources {
  readonly caches: MetallbCaches;
  /** Of the whole cluster, by an address that they have. */
  readonly servicesAt: (address: string) => readonly Service[];
  readonly namespace: (name: string) => KubeObject | undefined;
  readonly now: number;
  readonly handoverMs: number;
}

export function cachedWorld(
  gateway: KubeObject,
  { caches, servicesAt, namespace, now, handoverMs }: WorldSources,
): AddressWorld {
  const announcements = (service: ObjectKey): readonly ServiceAnnouncement[] => [
    ...caches.serviceL2Statuses.byIndex('service', service),
    ...caches.serviceBgpStatuses.byIndex('service', service),
  ];
  const metallb = {
    pools: caches.ipAddressPools.list(),
    namespaceLabels: namespace(namespaceOf(gateway))?.metadata.labels ?? {},
    configuration: caches.configurationStates.list(),
    announcements,
  };
  return {
    now,
    handoverMs,
    servicesAt,
    failures: (service) => caches.allocationEvents.byIndex('service', service),
    ...(caches.hasMetallb() && { metallb }),
  };
}
