// What the objects of a Gateway are made from: its fleet of Envoys, and the Services in front of it. Pure.
import type { Service } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import type { AdsClient, FleetOptions } from '../envoy/fleet/options.ts';
import { objectKey } from '../kube/object.ts';
import { labelsOf, objectNameOf } from './names.ts';
import type { ServiceOptions } from './service-options.ts';
import { servedPorts } from './services.ts';
import type { MetallbModel } from './stages.ts';
import type { MetallbTopology } from './translation.ts';

/** @param live the Services that the Gateway has now */
export function serviceOptions(
  gateway: Gateway,
  { topology, envoy }: MetallbModel,
  live: readonly Service[],
): ServiceOptions {
  return {
    ...shared(gateway, topology),
    settings: topology.settings.service,
    addresses: topology.addresses ?? [],
    ports: servedPorts(topology.ports, envoy.ports),
    live,
  };
}

export const fleetOptions = (gateway: Gateway, { topology, families }: MetallbModel, ads: AdsClient): FleetOptions => ({
  ...shared(gateway, topology),
  settings: topology.settings,
  ads,
  families,
});

function shared({ metadata }: Gateway, { infrastructure: { labels, annotations } }: MetallbTopology) {
  const { namespace = '', name, uid = '' } = metadata;
  const key = objectKey(metadata);
  return {
    gateway: { namespace, name, uid },
    name: objectNameOf(key),
    labels: { ...labels, ...labelsOf(key) },
    annotations,
  };
}
