// What this provider watches, beside what all providers share: the objects that we make, and MetalLB's own.
import type { Event, Service } from '../api/core.ts';
import type { ConfigMap } from '../api/kinds.ts';
import * as kinds from '../api/kinds.ts';
import type { ServiceAnnouncement } from '../api/metallb.ts';
import { AUTHORITIES_KEY } from '../gateway/authorities.ts';
import type { Indexers, Store } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { Kind } from '../kube/kinds.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { Reflector, type ReflectorOptions } from '../kube/reflector.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ADS_NAME } from './ads-client.ts';
import { REPORT_LABEL } from './followers.ts';
import { fleetOf, managedSelector } from './names.ts';

export interface MetallbCachesOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly watchNamespace: string | undefined;
  /** Gatehouse's own. */
  readonly namespace: string;
}

export type MetallbCaches = ReturnType<typeof openMetallbCaches>;

/** An API server that has just started may not know all kinds yet. In milliseconds. */
const uninstalledAfterMs = 30_000;

/** Only what keeps a Service from getting an address. */
const eventSelector = 'reason=AllocationFailed,involvedObject.kind=Service';

/** The kinds of a Gateway's objects, in the order in which they are made. */
export const fleetKinds = [
  kinds.serviceAccounts,
  kinds.configMaps,
  kinds.services,
  kinds.deployments,
  kinds.podDisruptionBudgets,
  kinds.horizontalPodAutoscalers,
] as const;

/** The reflectors start with `run`. */
export function openMetallbCaches({ client, clock, random, logger, watchNamespace, namespace }: MetallbCachesOptions) {
  const shared = { client, clock, random, logger };
  const reflectors: Pick<Reflector<KubeObject>, 'settled' | 'run' | 'hasSynced' | 'kind' | 'missingForMs'>[] = [];
  function reflect<T extends KubeObject, Index extends string = never>(
    kind: Kind<T>,
    indexers: Indexers<T, Index>,
    selection: Pick<
      ReflectorOptions<T, Index>,
      'labelSelector' | 'fieldSelector' | 'namespace' | 'strip' | 'wanted'
    > = {},
  ): Store<T, Index> {
    // Who has installed only what AWS needs may not read these. That must not stop the process.
    const reflector = new Reflector({ ...shared, kind, indexers, optional: true, ...selection });
    reflectors.push(reflector);
    return reflector.store;
  }
  const ofNamespace = watchNamespace === undefined ? {} : { namespace: watchNamespace };
  const ours = { labelSelector: managedSelector, ...ofNamespace };
  const byFleet = { fleet: fleetOf };
  const ofMetallb = {
    ipAddressPools: reflect(kinds.ipAddressPools, {}),
    l2Advertisements: reflect(kinds.l2Advertisements, {}),
    bgpAdvertisements: reflect(kinds.bgpAdvertisements, {}),
    serviceL2Statuses: reflect(kinds.serviceL2Statuses, { service: announcedService }),
    serviceBgpStatuses: reflect(kinds.serviceBgpStatuses, { service: announcedService }),
    configurationStates: reflect(kinds.configurationStates, {}),
  };
  const ofFleets = {
    services: reflect<Service, 'fleet'>(kinds.services, byFleet, ours),
    deployments: reflect(kinds.deployments, byFleet, ours),
    serviceAccounts: reflect(kinds.serviceAccounts, byFleet, ours),
    configMaps: reflect(kinds.configMaps, byFleet, ours),
    podDisruptionBudgets: reflect(kinds.podDisruptionBudgets, byFleet, ours),
    horizontalPodAutoscalers: reflect(kinds.horizontalPodAutoscalers, byFleet, ours),
  };
  const stores = {
    ...ofFleets,
    pods: reflect(kinds.pods, byFleet, ours),
    /** Why Services get no address. */
    allocationEvents: reflect(
      kinds.coreEvents,
      { service: serviceOfEvent },
      { fieldSelector: eventSelector, ...ofNamespace },
    ),
    ...ofMetallb,
    /** Those with CA certificates, and nothing else of them. */
    caCertificates: reflect(kinds.configMaps, {}, { ...ofNamespace, wanted: hasAuthorities, strip: onlyAuthorities }),
    /** Only the Secret of the authorities. */
    authorities: reflect(kinds.secrets, {}, { fieldSelector: `metadata.name=${ADS_NAME}`, namespace }),
    /** What Envoys have, as other replicas say. */
    reports: reflect(kinds.configMaps, {}, { labelSelector: REPORT_LABEL, namespace }),
  };
  const needed: ReadonlySet<string> = new Set([...fleetKinds, kinds.pods].map(({ kind }) => kind));
  return {
    ...stores,
    /** Everything that we have made for any Gateway. */
    fleets: Object.values(ofFleets),
    settled: Promise.all(reflectors.map((reflector) => reflector.settled)),
    run: (signal: AbortSignal): Promise<unknown> => Promise.all(reflectors.map((reflector) => reflector.run(signal))),
    /** Whether MetalLB's kinds are installed. While they are listed again, the caches have them still. */
    hasMetallb: (): boolean =>
      reflectors.some(
        (each) =>
          each.kind.kind === kinds.ipAddressPools.kind && each.hasSynced() && each.missingForMs() < uninstalledAfterMs,
      ),
    /** The kinds without which nothing can be done, and that have not been listed. */
    unlisted: (): readonly string[] =>
      reflectors.filter((each) => needed.has(each.kind.kind) && !each.hasSynced()).map(({ kind }) => kind.kind),
  };
}

const hasAuthorities = ({ data }: ConfigMap): boolean => data?.[AUTHORITIES_KEY] !== undefined;

/** The other keys of a ConfigMap may be large. */
const onlyAuthorities = ({ apiVersion, kind, metadata, data = {} }: ConfigMap): ConfigMap => {
  const { name, namespace, uid, resourceVersion } = metadata;
  const { [AUTHORITIES_KEY]: pem = '' } = data;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    data: { [AUTHORITIES_KEY]: pem },
  };
};

export const serviceOfEvent = ({ involvedObject: { namespace, name = '' } }: Event): readonly ObjectKey[] => [
  objectKey({ namespace, name }),
];

export const announcedService = ({ status }: ServiceAnnouncement): readonly ObjectKey[] => [
  objectKey({ namespace: status?.serviceNamespace, name: status?.serviceName ?? '' }),
];
