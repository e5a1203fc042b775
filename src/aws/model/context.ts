import type { Network } from '../network/network.ts';
import type { AwsTopology } from '../translation.ts';
import { loadBalancerName } from './form.ts';
import { awsName, gatewayPrefix, resourceId } from './naming.ts';
import type { ModelOptions } from './options.ts';
import type { Plane } from './plane.ts';
import type { ResourceId } from './resources.ts';

/** What every part of one Gateway's model needs. */
export interface ModelContext {
  readonly topology: AwsTopology;
  readonly network: Network;
  readonly options: ModelOptions;
  readonly plane: Plane;
  /** What the load balancer is called in ids. */
  readonly segment: string;
  readonly loadBalancer: ResourceId;
  readonly name: (readable: string, immutable: unknown) => string;
}

export function modelContext(
  topology: AwsTopology,
  network: Network,
  options: ModelOptions,
  plane: Plane = 'alb',
): ModelContext {
  const segment = loadBalancerName(plane, topology.settings.scheme);
  const prefix = gatewayPrefix(options, topology.gateway);
  return {
    topology,
    network,
    options,
    plane,
    segment,
    loadBalancer: resourceId('load-balancer', segment),
    name: (readable, immutable) => awsName(prefix, readable, immutable),
  };
}
