import type { Network } from '../network/network.ts';
import type { AwsTopology } from '../translation.ts';
import { awsName, gatewayPrefix, resourceId } from './naming.ts';
import type { ModelOptions } from './options.ts';
import type { ResourceId } from './resources.ts';

/** What every part of one Gateway's model needs. */
export interface ModelContext {
  readonly topology: AwsTopology;
  readonly network: Network;
  readonly options: ModelOptions;
  readonly loadBalancer: ResourceId;
  readonly name: (readable: string, immutable: unknown) => string;
}

export function modelContext(topology: AwsTopology, network: Network, options: ModelOptions): ModelContext {
  const prefix = gatewayPrefix(options, topology.gateway);
  return {
    topology,
    network,
    options,
    loadBalancer: resourceId('load-balancer', topology.settings.scheme),
    name: (readable, immutable) => awsName(prefix, readable, immutable),
  };
}
