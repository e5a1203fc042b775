// Finds the cluster's region and VPC: from flags, otherwise from the Nodes, otherwise from instance metadata.
import type { Node } from '../../api/core.ts';
import type { Gateway } from '../../api/gateway-api.ts';
import { type Config, ConfigError } from '../../config.ts';
import type { Clock } from '../../kube/clock.ts';
import { sameJson } from '../../kube/same-json.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AwsClients } from '../clients.ts';
import { AwsError, toProblem } from '../errors.ts';
import { type Where, whereabouts } from '../model/addresses.ts';
import { type ClusterIdentity, resourceId } from '../model/naming.ts';
import type { Problem } from '../problem.ts';
import { type BackendSecurityGroup, ensureBackendSecurityGroup, findBackendSecurityGroup } from './backend-group.ts';
import { discoverNetwork, vpcOfInstances } from './discover.ts';
import { instanceMetadata } from './instance-metadata.ts';
import type { Network } from './network.ts';

const providerId = /^aws:\/\/\/([a-z0-9-]+)\/(i-[0-9a-f]+)$/;

/** From the first Node that has a region label or a zone. */
function regionOfNodes(nodes: readonly Node[]): string | undefined {
  for (const { metadata, spec } of nodes) {
    const region = metadata.labels?.['topology.kubernetes.io/region'];
    if (region !== undefined) return region;
    // A zone's name is its region and a letter. Local Zones have longer names, and their Nodes have the label.
    const zone = providerId.exec(spec.providerID ?? '')?.[1];
    if (zone !== undefined && /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(zone)) return zone.slice(0, -1);
  }
  return undefined;
}

/** The EC2 instance of a Node. A Node on Fargate has none. */
export const instanceOf = (node: Node): string | undefined => providerId.exec(node.spec.providerID ?? '')?.[2];

/** A Node's EC2 instance, and the zone that it is in. */
export function zoneOfInstance(node: Node): readonly [instance: string, zone: string] | undefined {
  const [, zone, instance] = providerId.exec(node.spec.providerID ?? '') ?? [];
  return zone === undefined || instance === undefined ? undefined : [instance, zone];
}

/** @throws ConfigError if the region is not known */
export async function findRegion(
  config: Pick<Config, 'awsRegion'>,
  nodes: readonly Node[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const region =
    config.awsRegion ??
    env['AWS_REGION'] ??
    env['AWS_DEFAULT_REGION'] ??
    regionOfNodes(nodes) ??
    (await instanceMetadata(env, signal))?.region;
  if (region !== undefined) return region;
  throw new ConfigError('--aws-region is required: neither a Node nor instance metadata tells the region');
}

/**
 * A problem if the Gateway's load balancer is not in this process's region. A new load balancer here would orphan the old one,
 * and from here we cannot see whether the old one is gone.
 */
export function otherRegion({ status }: Gateway, here: string): readonly Problem[] {
  for (const { value: address = '' } of status?.addresses ?? []) {
    const there = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.elb\.amazonaws\.com(?:\.cn)?$/.exec(address)?.[1];
    if (there !== undefined && there !== here) return [{ kind: 'region-changed', address, there, here }];
  }
  return [];
}

interface Known {
  readonly kind: 'known';
  readonly network: Network;
  readonly where: Where;
}

export type NetworkResult = Known | { readonly kind: 'unknown'; readonly problems: readonly Problem[] };

type BackendGroupSource = (
  clients: AwsClients,
  cluster: ClusterIdentity,
  vpcId: string,
) => Promise<BackendSecurityGroup | undefined>;

export interface PlaceOptions {
  readonly config: Pick<Config, 'auditPeriod' | 'awsVpcId'>;
  readonly clients: AwsClients;
  readonly cluster: ClusterIdentity;
  readonly region: string;
  readonly nodes: () => readonly Node[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** The network around the cluster. It is read seldom, because subnets hardly ever change. */
export class Place {
  readonly #options: PlaceOptions;
  #vpcId: string | undefined;
  #network: (Known & { readonly readAt: number }) | undefined;
  /** The last log entry about the network. */
  #logged: object | undefined;
  /** Callers that come while it is being read wait for the same answer. */
  #looking: Promise<NetworkResult> | undefined;
  #preparing: Promise<NetworkResult> | undefined;

  constructor(options: PlaceOptions) {
    this.#options = options;
    this.#vpcId = options.config.awsVpcId;
  }

  /**
   * Reads the network. Without a backend security group it is unknown, because no load balancer has been created yet.
   * @param maxAgeMs an older result is read again
   */
  async network(maxAgeMs?: number): Promise<NetworkResult> {
    const fresh = this.#fresh(maxAgeMs) ?? this.#preparing;
    if (fresh !== undefined) return await fresh;
    this.#looking ??= this.#read(findBackendSecurityGroup).finally(() => {
      this.#looking = undefined;
    });
    return await this.#looking;
  }

  /** Makes the network ready for load balancers: creates the backend security group if the VPC has none. */
  async prepare(): Promise<NetworkResult> {
    const fresh = this.#fresh();
    if (fresh !== undefined) return fresh;
    this.#preparing ??= this.#read(ensureBackendSecurityGroup).finally(() => {
      this.#preparing = undefined;
    });
    return await this.#preparing;
  }

  /** Known after the first read, even if the rest of the network could not be read. */
  get vpcId(): string | undefined {
    return this.#vpcId;
  }

  /** The next caller reads it again. */
  forget(): void {
    this.#network = undefined;
  }

  #fresh(maxAgeMs = this.#options.config.auditPeriod): Known | undefined {
    const { clock } = this.#options;
    return this.#network && clock.monotonic() - this.#network.readAt < maxAgeMs ? this.#network : undefined;
  }

  async #read(backendGroup: BackendGroupSource): Promise<NetworkResult> {
    const { clients, cluster, region, clock } = this.#options;
    try {
      this.#vpcId ??= await this.#findVpc();
      if (this.#vpcId === undefined) return { kind: 'unknown', problems: [{ kind: 'vpc-unknown', region }] };
      const group = await backendGroup(clients, cluster, this.#vpcId);
      if (group === undefined) return { kind: 'unknown', problems: [] };
      if (group.kind === 'failed') return { kind: 'unknown', problems: [group.problem] };
      const place = { region, vpcId: this.#vpcId, backendSecurityGroupId: group.groupId };
      const network = await discoverNetwork(clients, place);
      this.#log({ region, vpcId: network.vpcId, subnets: network.subnets.length });
      const where = whereabouts(network.subnets.flatMap(({ cidrBlocks }) => cidrBlocks));
      this.#network = { kind: 'known', network, where, readAt: clock.monotonic() };
      return this.#network;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { kind: 'unknown', problems: [toProblem(error, resourceId('network'))] };
    }
  }

  #log(seen: { readonly region: string; readonly vpcId: string; readonly subnets: number }): void {
    if (sameJson(seen, this.#logged)) return;
    this.#logged = seen;
    this.#options.logger.info(seen, 'the network is known');
  }

  async #findVpc(): Promise<string | undefined> {
    const { clients, nodes, env, signal } = this.#options;
    const instances = nodes().flatMap((node) => instanceOf(node) ?? []);
    return (await vpcOfInstances(clients, instances)) ?? (await instanceMetadata(env, signal))?.vpcId;
  }
}
