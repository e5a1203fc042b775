// What makes a Gateway's pass due, beside what all providers share: its objects, its Envoys, and MetalLB's answers.
import type { Store } from '../kube/cache.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { sameJson } from '../kube/same-json.ts';
import type { ProviderContext } from '../provider/context.ts';
import { isHeldBy } from '../provider/ownership.ts';
import { announcedService, serviceOfEvent } from './caches.ts';
import { metallbFinalizer } from './known.ts';
import { fleetOf } from './names.ts';
import { ownerOf } from './owned.ts';
import type { MetallbReplica } from './replica.ts';
import { changedIn } from './report.ts';

/** Runs until the signal aborts. */
export async function runTriggers(
  replica: MetallbReplica,
  { gatewayDue, sources }: Pick<ProviderContext, 'gatewayDue' | 'sources'>,
  signal: AbortSignal,
): Promise<void> {
  const { caches } = replica;
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  const due = (gateway: ObjectKey | undefined): void => {
    if (gateway !== undefined) gatewayDue(gateway);
  };
  const allDue = (): void => {
    for (const gateway of sources.gateways()) {
      if (isHeldBy({ finalizer: metallbFinalizer }, gateway)) due(objectKey(gateway.metadata));
    }
  };
  const dueService = (key: ObjectKey): void => {
    const service = caches.services.get(key);
    due(service && ownerOf(service));
  };
  const stops = [
    onAuthorities(caches, { gatewayDue, sources }),
    replica.watch((gateway) => (gateway === undefined ? allDue() : due(gateway))),
    ...caches.fleets.map((store) => onChange(store, (object) => due(ownerOf(object)))),
    onChange(caches.pods, (pod) => {
      for (const fleet of fleetOf(pod)) {
        const deployment = caches.deployments.get(fleet);
        due(deployment && ownerOf(deployment));
      }
    }),
    onChange(caches.allocationEvents, (event) => serviceOfEvent(event).forEach(dueService)),
    onChange(caches.serviceL2Statuses, (announcement) => announcedService(announcement).forEach(dueService)),
    onChange(caches.serviceBgpStatuses, (announcement) => announcedService(announcement).forEach(dueService)),
    caches.reports.onChange((old, current) => changedIn(old, current).forEach(due)),
    onChange(caches.ipAddressPools, allDue),
    onChange(caches.l2Advertisements, allDue),
    onChange(caches.bgpAdvertisements, allDue),
    onChange(caches.configurationStates, allDue),
  ];
  await ended;
  for (const stop of stops) stop();
}

/** Makes the Gateways due that trust CA certificates which change. @returns a function that ends it */
export const onAuthorities = (
  { caCertificates }: Pick<MetallbReplica['caches'], 'caCertificates'>,
  { gatewayDue, sources }: Pick<ProviderContext, 'gatewayDue' | 'sources'>,
): (() => void) =>
  caCertificates.onChange((old, current, initial) => {
    if (initial || (old && current && sameJson(old.data, current.data))) return;
    for (const { metadata } of [current ?? old].filter((object) => object !== undefined)) {
      for (const gateway of sources.gatewaysTrusting(objectKey(metadata))) gatewayDue(gateway);
    }
  });

const onChange = <T extends KubeObject>(store: Store<T>, look: (object: T) => void): (() => void) =>
  store.onChange((old, current, initial) => {
    const object = current ?? old;
    if (object !== undefined && !initial) look(object);
  });
